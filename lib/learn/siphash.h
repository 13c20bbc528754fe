/*
 * siphash: SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012), for
 * digests and for the names of features.
 *
 * Whoever knows the key can make two texts with one value only at the cost of
 * 2^64 attempts, and none for a text that is given.
 */
#ifndef LEARN_SIPHASH_H
#define LEARN_SIPHASH_H

#include <stdint.h>

#include "base/span.h"

struct siphash {
	uint64_t v[4];
	uint64_t word; /* octets that are no whole word yet */
	uint64_t len;  /* of all so far */
};

void siphash_init(struct siphash *hash, uint64_t key0, uint64_t key1);
void siphash_add(struct siphash *hash, struct span octets);
void siphash_end(struct siphash *hash, uint64_t value[2]);

/* 64 bits of one text. */
uint64_t siphash_of(uint64_t key0, uint64_t key1, struct span octets);

#endif
