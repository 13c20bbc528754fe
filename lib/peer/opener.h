/*
 * opener: opens what a sealer (see sealer.h) has made, to its last octet or not
 * at all; see agamid(7), 6, and unseal(1).
 *
 * gpg can say who has signed only if it has the key: so when it knows too
 * little it gets the keys of all nodes, as the manifests name them, and is
 * asked once more.
 */
#ifndef PEER_OPENER_H
#define PEER_OPENER_H

#include "mail/frame.h"
#include "node/roster.h"
#include "seal/openpgp.h"

struct opener {
	struct openpgp *openpgp;
	const struct roster *roster; /* nodes that may have signed */
	unsigned long imported;      /* its version whose keys gpg has; 0 */
};

/* What came out. */
struct opened {
	struct frame inner;
	char signer[OPENPGP_FINGERPRINT_SIZE]; /* "": nobody */
};

enum opener_result {
	OPENER_DONE,
	OPENER_NO_KEY,   /* that is of use now: ours, or the signer's */
	OPENER_DAMAGED,  /* or nothing that was ever sealed */
	OPENER_UNSIGNED, /* and should be */
	OPENER_FOREIGN,  /* sealed for another node */
	OPENER_NO_ROOM,  /* on the disk */
	OPENER_TROUBLE
};

/* Opens a message into opened, whose inner frame is empty.  owner: the node
 * that it must be for, in our own form, and signed; NULL: any form will do,
 * signed or not.  Unless it returns OPENER_DONE, *why says what was wrong; it
 * lives until the next call. */
enum opener_result opener_open(struct opener *opener,
    const struct message *sealed, const char *owner, struct opened *opened,
    const char **why);

#endif
