/*
 * set: what struct nodes is made of; for this folder, for rcpt-check -t and
 * for the tests.
 */
#ifndef NODE_SET_H
#define NODE_SET_H

#include "node/manifest.h"
#include "node/nodes.h"
#include "node/pin.h"

struct member {
	struct manifest *manifest;
	struct pin *pin;   /* NULL if there is none: it is trusted */
	bool flawed;       /* it claims a domain that it does not get */
	bool wants_backup; /* we may be a backup for it */
};

/* A domain and whose it is. */
struct claim {
	const struct domain *domain;
	struct member *owner;
	bool own; /* it is ours */
};

struct nodes {
	struct member *members; /* by name */
	size_t count;
	struct member *self;
	struct claim *claims; /* by domain, each domain once */
	size_t claim_count;
	bool incomplete; /* a node is missing, and we know nothing of it */
	struct matcher *matcher;
};

/* nodes_load() for looking at the manifests: without an own node it is a set
 * all the same, with self NULL, which was told. */
struct nodes *nodes_read(
    const char *dir, const struct nodes *old, size_t *broken);

/* A set of manifests of different names, of which it takes over the references.
 * self is the own node's name, or NULL. */
struct nodes *nodes_of(
    struct manifest **manifests, size_t count, const char *self);

/* The same with their pins; takes over the array, too, which tree_alloc() has
 * made. */
struct nodes *nodes_of_members(
    struct member *members, size_t count, const char *self);

/* The member that a name belongs to, or NULL. */
struct member *nodes_find(const struct nodes *nodes, const char *name);

#endif
