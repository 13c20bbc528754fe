/*
 * import: a newer manifest of a peer, and whether to believe it.
 *
 * A peer is pinned by hand, once, in the file NAME.pin of the nodes' directory:
 * its key, its domains, how to reach it.  A manifest from elsewhere counts if
 * its signature is by that key, its serial is above that of the one that we
 * have, it is for that node, it claims no domain that is not pinned, its key is
 * the pinned one, and so is its reach.  The signature is checked before
 * anything else is read.  One of the same serial that says something else is
 * refused, and so is one of our own node.
 *
 * The key is added to what is known of it in the key directory, and it is that
 * by which the signature is checked and which is put in place: so a new end of
 * it and a revocation are taken, the latter although the manifest is refused,
 * and an older copy undoes neither.
 */
#ifndef PEER_IMPORT_H
#define PEER_IMPORT_H

#include <stdint.h>

#include "peer/parcel.h"
#include "seal/openpgp.h"

enum import_result {
	IMPORT_DONE,
	IMPORT_OLD,     /* not newer: nothing to do */
	IMPORT_REFUSED, /* not to be believed; why was told */
	IMPORT_FAILED   /* could not be checked or written; why was told */
};

/* Checks, and puts NAME.yaml, NAME.yaml.sig and NAME.asc in place, each whole
 * or not at all, the manifest last.  The last good one stays otherwise. */
enum import_result import_parcel(struct openpgp *openpgp, const char *dir,
    const char *name, const struct parcel *parcel);

/* The serial of the manifest that we have of a node; 0 if there is none. */
uint64_t import_serial(const char *dir, const char *name);

#endif
