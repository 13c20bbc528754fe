/*
 * manifest: what one node says about itself; see node(5).
 *
 * A manifest does not change once it is parsed, so that several sets of nodes
 * can hold it: the one in use and the one that is being loaded.
 */
#ifndef NODE_MANIFEST_H
#define NODE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "node/domain.h"
#include "node/pattern.h"
#include "node/tree.h"

struct mailbox {
	const char *name;
	unsigned line;
	struct pattern *pattern;
	time_t end; /* the first second when it has expired */
};

/* Some of the nodes. */
struct choice {
	enum { CHOICE_ALL, CHOICE_EXCEPT, CHOICE_ONLY } kind;
	const struct tree *names; /* the list, but for CHOICE_ALL */
};

struct manifest {
	unsigned refs;
	char *file;        /* where it was read from; NULL: from memory */
	struct tree *tree; /* what the texts below point into */
	const char *name;
	const char *host; /* A-labels in lower case */
	const char *key;  /* upper case; NULL if there is none, as the next */
	const char *reach;
	uint64_t serial; /* which only rises; 0 if it is not said */
	const struct tree *addresses; /* texts; NULL if they are not said */
	bool dynamic;                 /* they change */
	struct choice backups; /* nodes that may be a backup for this one */
	struct choice stores;  /* nodes that this one stores mail for ... */
	uint64_t stores_bytes; /* ... up to so much, 0 if it is not said ... */
	uint64_t stores_days;  /* ... and so long, 0 if it is not said */
	struct domain *domains;
	size_t domain_count;
	struct mailbox *mailboxes; /* in the file's order */
	size_t mailbox_count;
	const struct mailbox *postmaster;
	char host_normal[ADDRESS_DOMAIN_MAX + 1];
};

/* Parses the text of a file.  name is what the node must be called; NULL if
 * that does not matter.  Returns it with one reference, or NULL if anything is
 * wrong, which was told under the file's name (NULL: not at all). */
struct manifest *manifest_parse(
    struct span text, const char *file, const char *name);

struct manifest *manifest_ref(struct manifest *manifest);
void manifest_free(struct manifest *manifest); /* drops a reference */

/* Whether a node is one of those chosen. */
bool choice_has(const struct choice *choice, const char *node);

#endif
