#include "learn/siphash.h"

static uint64_t
turn(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
rounds(uint64_t v[4], unsigned count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = turn(v[1], 17) ^ v[2];
		v[3] = turn(v[3], 21) ^ v[0];
		v[2] = turn(v[2], 32);
	}
}

static void
take(struct siphash *hash, uint64_t word)
{
	hash->v[3] ^= word;
	rounds(hash->v, 2);
	hash->v[0] ^= word;
}

void
siphash_init(struct siphash *hash, uint64_t key0, uint64_t key1)
{
	hash->v[0] = key0 ^ 0x736f6d6570736575;
	hash->v[1] = key1 ^ 0x646f72616e646f6d ^ 0xee;
	hash->v[2] = key0 ^ 0x6c7967656e657261;
	hash->v[3] = key1 ^ 0x7465646279746573;
	hash->word = 0;
	hash->len = 0;
}

void
siphash_add(struct siphash *hash, struct span octets)
{
	for (size_t i = 0; i < octets.len; i++) {
		hash->word |= (uint64_t)(unsigned char)octets.p[i]
			      << 8 * (hash->len & 7);
		if ((++hash->len & 7) == 0) {
			take(hash, hash->word);
			hash->word = 0;
		}
	}
}

/* The words that 128 bits are made of. */
static uint64_t
fold(const struct siphash *hash)
{
	return hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
}

void
siphash_end(struct siphash *hash, uint64_t value[2])
{
	take(hash, hash->word | hash->len << 56);
	hash->v[2] ^= 0xee;
	rounds(hash->v, 4);
	value[0] = fold(hash);
	hash->v[1] ^= 0xdd;
	rounds(hash->v, 4);
	value[1] = fold(hash);
}

uint64_t
siphash_of(uint64_t key0, uint64_t key1, struct span octets)
{
	struct siphash hash;
	uint64_t value[2];

	siphash_init(&hash, key0, key1);
	siphash_add(&hash, octets);
	siphash_end(&hash, value);
	return value[0];
}
