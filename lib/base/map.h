/*
 * map: a number or a pointer for each of many names.
 *
 * Open addressing in memory of an arena, which takes it back with all else; a
 * table that grows leaves its old memory there.  Keys are octets; the map
 * points to them and does not copy.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdint.h>

#include "base/arena.h"

struct map_slot {
	struct span key; /* p NULL if it is empty */
	uint32_t hash;
	uint32_t number;
	void *pointer;
};

/* All zero is an empty map. */
struct map {
	struct map_slot *slots;
	size_t count;
	size_t cap; /* a power of 2, more than count; 0 if there are none */
};

/* The number of a key, for reading and writing; a key that is new gets 0.  Good
 * until the next call. */
uint32_t *map_at(struct map *map, struct arena *arena, struct span key);

/* The number of a key; 0 if it is not there. */
uint32_t map_get(const struct map *map, struct span key);

/* The same with pointers, and NULL. */
void **map_pointer_at(struct map *map, struct arena *arena, struct span key);
void *map_pointer(const struct map *map, struct span key);

/* FNV-1a, by Fowler, Noll and Vo, from the last octet of a key to the first, so
 * that one walk gives the hashes of all ends of a text.  Who chooses keys that
 * fall together makes us compare numbers, since keys are compared only if their
 * whole hashes are equal. */
#define MAP_HASH_OF_NOTHING 2166136261u

static inline uint32_t
map_hash_step(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * 16777619u;
}

/* map_pointer() with the hash of the key. */
void *map_pointer_hashed(const struct map *map, struct span key, uint32_t hash);

#endif
