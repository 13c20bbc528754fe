#include "base/map.h"

#define CAP_MIN 64

static uint32_t
hash_of(struct span key)
{
	uint32_t hash = MAP_HASH_OF_NOTHING;

	while (key.len > 0)
		hash = map_hash_step(hash, key.p[--key.len]);
	return hash;
}

/* Where the key is, or the empty slot where it would be. */
static struct map_slot *
slot_of(const struct map *map, struct span key, uint32_t hash)
{
	size_t i = hash & (map->cap - 1);

	while (map->slots[i].key.p != NULL &&
	       (map->slots[i].hash != hash || !span_eq(map->slots[i].key, key)))
		i = (i + 1) & (map->cap - 1);
	return &map->slots[i];
}

static void
grow(struct map *map, struct arena *arena)
{
	struct map old = *map;
	size_t i;

	map->cap = old.cap == 0 ? CAP_MIN : 2 * old.cap;
	map->slots = arena_array(arena, map->cap, sizeof(*map->slots));
	for (i = 0; i < old.cap; i++)
		if (old.slots[i].key.p != NULL)
			*slot_of(map, old.slots[i].key, old.slots[i].hash) =
			    old.slots[i];
}

static struct map_slot *
add(struct map *map, struct arena *arena, struct span key)
{
	uint32_t hash = hash_of(key);
	struct map_slot *slot;

	if (2 * map->count >= map->cap)
		grow(map, arena);
	slot = slot_of(map, key, hash);
	if (slot->key.p == NULL) {
		slot->key = key.p != NULL ? key : span_of("");
		slot->hash = hash;
		map->count++;
	}
	return slot;
}

uint32_t *
map_at(struct map *map, struct arena *arena, struct span key)
{
	return &add(map, arena, key)->number;
}

uint32_t
map_get(const struct map *map, struct span key)
{
	return map->cap == 0 ? 0 : slot_of(map, key, hash_of(key))->number;
}

void **
map_pointer_at(struct map *map, struct arena *arena, struct span key)
{
	return &add(map, arena, key)->pointer;
}

void *
map_pointer(const struct map *map, struct span key)
{
	return map_pointer_hashed(map, key, hash_of(key));
}

void *
map_pointer_hashed(const struct map *map, struct span key, uint32_t hash)
{
	return map->cap == 0 ? NULL : slot_of(map, key, hash)->pointer;
}
