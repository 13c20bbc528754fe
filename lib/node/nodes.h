/*
 * nodes: the manifests of a directory, and who gets mail for an address; see
 * node(5).
 *
 * All of it is in memory once it is loaded; a lookup reads no file, asks no
 * server, and runs every pattern within fixed limits, since the manifests of
 * other nodes are untrusted.
 */
#ifndef NODE_NODES_H
#define NODE_NODES_H

#include <stdbool.h>
#include <time.h>

#include "base/bundle.h"
#include "mail/address.h"

/* Where the manifests are if nobody says so, and who may. */
#define NODES_DIR "/etc/pimail/nodes"
#define NODES_ENV "PIMAIL_NODES"

enum match_class {
	MATCH_LOCAL,  /* a mailbox of the own node */
	MATCH_BACKUP, /* a mailbox of another node that we are a backup for */
	MATCH_REFUSE
};

struct match {
	enum match_class class;
	const char *node;    /* name of the node; NULL if refused */
	const char *mailbox; /* name of the mailbox; NULL if refused */
	const char *reply;   /* "550 5.1.1 text" or "451 4.3.0 text" if refused,
				else NULL */
};

struct nodes; /* all manifests */

/* Puts DIR/self.yaml and DIR/NAME.yaml of every node into a bundle, under the
 * names that they have in there, and before each DIR/NAME.pin if there is one;
 * what is in them does not matter.  0, or -1 if the directory cannot be read or
 * has too many manifests or pins; why was told. */
int nodes_gather(const char *dir, int bundle);

/* Parses what nodes_gather() put into a bundle; other files in it, which do not
 * end in ".yaml" or ".pin", are left alone.  Nothing is opened, and nothing of
 * the bundle is needed afterwards.  self.yaml names our own node.  What is
 * wrong with a manifest is said with DIR/NAME.yaml:line on standard error.  A
 * broken one is left out, and if `old` (may be NULL) has that node, its last
 * good manifest is taken from there; without one its domains are not known, and
 * an address that no good manifest claims gets 451 until it is mended, never
 * 550.  A manifest that claims a domain of our own node, or of one before it by
 * name, is used without that domain and counts as broken; so is one that claims
 * a domain which is not in its pin.  A manifest whose key or reach is not the
 * one in its pin is broken, and so is one whose pin is.  Returns NULL if it is
 * no such bundle, or there is no good manifest of our own node, nor `old`; why
 * was told.  *broken, if not NULL, is how many manifests were broken.  `old`
 * stays the caller's, and may be freed. */
struct nodes *nodes_build(struct bundle *bundle, const char *dir,
    const struct nodes *old, size_t *broken);

/* Both, for who may open files.  NULL if either fails. */
struct nodes *nodes_load(
    const char *dir, const struct nodes *old, size_t *broken);
void nodes_free(struct nodes *nodes);

/* The own node's name and host, good as long as nodes. */
const char *nodes_self(const struct nodes *nodes);
const char *nodes_host(const struct nodes *nodes);

/* The host of any node, good as long as nodes; NULL if there is no such node.
 */
const char *nodes_host_of(const struct nodes *nodes, const char *name);

/* Says who gets mail for an address.  Strings live as long as nodes. */
void nodes_match(const struct nodes *nodes, const struct address *address,
    time_t now, struct match *match);

#endif
