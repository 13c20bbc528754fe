/*
 * sealer: makes of a frame what may lie on somebody else's disk; see agamid(7),
 * 6, and seal(1).
 */
#ifndef PEER_SEALER_H
#define PEER_SEALER_H

#include <time.h>

#include "mail/frame.h"
#include "seal/keyend.h"
#include "seal/openpgp.h"
#include "seal/selfseal.h"

struct sealer {
	struct openpgp *openpgp;
	struct selfseal selfseal;
	struct keyend keyend;
	bool signs;   /* there is a key of our own */
	bool at_rest; /* for one's own mailbox, not for a node */
};

/* Whom a message is for. */
struct sealer_target {
	const char *name;
	const char *host;
	const char *fingerprint; /* NULL: there is none */
	const char *file;        /* of the key; NULL: the key directory */
	time_t date;             /* of the outer message; 0: none is told */
};

enum sealer_result {
	SEALER_DONE,
	SEALER_AS_IT_WAS, /* it is sealed already */
	SEALER_NO_KEY,    /* there is none at all */
	SEALER_BAD_KEY,   /* there is one that is of no use */
	SEALER_TOO_LONG,
	SEALER_NO_ROOM, /* on the disk */
	SEALER_TROUBLE
};

/* Whether the frame is one that a sealer has made for a node, by its fields. */
bool sealer_looks_sealed(const struct frame *frame);

/* Replaces the message, and for a node the fields, too.  Unless it returns
 * SEALER_DONE or SEALER_AS_IT_WAS, the frame may have lost its message, *why
 * says what was wrong, and nothing of it must go on.  *why lives until the next
 * call. */
enum sealer_result sealer_seal(struct sealer *sealer, struct frame *frame,
    const struct sealer_target *target, const char **why);

#endif
