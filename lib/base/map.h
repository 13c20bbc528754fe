/*
 * map: a number for each of many names.
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
	uint32_t value;
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

#endif
