/*
 * roster: the manifests of a directory for a stage that runs for weeks, while
 * peers send newer ones.
 *
 * The directory and our own manifest are looked at before each use, and all is
 * read anew when one of them has changed: whoever puts a file in place by
 * rename(2), as node-manifest(1) does, changes the directory.
 */
#ifndef NODE_ROSTER_H
#define NODE_ROSTER_H

#include <time.h>

#include "base/span.h"
#include "node/set.h"

struct roster {
	const char *dir;     /* the caller's */
	struct nodes *nodes; /* NULL before the first look that went well */
	struct timespec stamp[2];
	unsigned long version; /* another one whenever it was read */
};

void roster_init(struct roster *roster, const char *dir);
void roster_free(struct roster *roster);

/* Reads the manifests if need be; what cannot be read leaves what there was.
 * Returns them, good until the next look, or NULL if there are none, which was
 * told. */
const struct nodes *roster_look(struct roster *roster);

/* The manifest of a node by that name, and of the node whose key has that
 * fingerprint; NULL if there is none. */
const struct manifest *roster_find(
    const struct roster *roster, struct span name);
const struct manifest *roster_by_key(
    const struct roster *roster, const char *fingerprint);

#endif
