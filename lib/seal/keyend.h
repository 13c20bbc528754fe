/*
 * keyend: says in the log that a key will soon be of no more use, once a day,
 * while there is time to do something about it.
 */
#ifndef SEAL_KEYEND_H
#define SEAL_KEYEND_H

#include "base/arena.h"
#include "base/map.h"
#include "seal/openpgp.h"

struct keyend {
	struct arena arena;
	struct map looked; /* fingerprints, and the day of the last look */
	uint64_t days;     /* how long before */
};

/* Looks at a key that was just used, at most once a day.  whose: for the log;
 * file: as for openpgp_seal(). */
void keyend_look(struct keyend *keyend, struct openpgp *openpgp,
    const char *whose, const char *file, const char *fingerprint);

#endif
