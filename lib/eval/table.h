/*
 * table: what belongs to a text, by its hash.
 *
 * All of it lies in an arena, as must the texts that are its keys.
 */
#ifndef EVAL_TABLE_H
#define EVAL_TABLE_H

#include <stdint.h>

#include "base/arena.h"

struct table_entry {
	struct span key;
	uint32_t hash;
	void *value;
	struct table_entry *next; /* of the same slot */
};

/* All zero but for the arena is an empty one. */
struct table {
	struct arena *arena;
	struct table_entry **slots;
	size_t size; /* slots: a power of 2, or 0 */
	size_t count;
};

/* A hash goes over the octets from the last to the first, so that one walk
 * gives those of all ends of a text.  It starts as 0. */
static inline uint32_t
table_hash_step(uint32_t hash, char c)
{
	return (hash + (unsigned char)c + 1) * 0x9e3779b1u;
}

uint32_t table_hash(struct span key);

/* Where the value of that key is; NULL if there is no such key. */
void **table_find(const struct table *table, struct span key);
void **table_find_hash(
    const struct table *table, struct span key, uint32_t hash);

/* The same, made if there is none yet: its value is NULL then. */
void **table_add(struct table *table, struct span key);

#endif
