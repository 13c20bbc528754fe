#include "html/htmlnames.h"

#define SLOTS_MIN 64
#define PROBES_MAX 32

struct html_name_slot {
	struct span name; /* p NULL if it is free */
	uint64_t hash;
	size_t number;
};

/* FNV-1a; http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t
hash_of(struct span name)
{
	uint64_t hash = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 0x100000001b3;
	return hash ^ hash >> 32;
}

/* Its slot or a free one; NULL if there is none near by. */
static struct html_name_slot *
find(const struct html_names *names, struct span name, uint64_t hash)
{
	struct html_name_slot *slot;
	size_t i;

	for (i = 0; i < PROBES_MAX && names->size > 0; i++) {
		slot = &names->slots[(hash + i) & (names->size - 1)];
		if (slot->name.p == NULL)
			return slot;
		if (slot->hash == hash && span_eq(slot->name, name))
			return slot;
	}
	return NULL;
}

static void
grow(struct html_names *names)
{
	struct html_name_slot *old = names->slots, *slot;
	size_t old_size = names->size, i;

	names->size = old_size > 0 ? 2 * old_size : SLOTS_MIN;
	names->slots =
	    arena_array(names->arena, names->size, sizeof(*names->slots));
	for (i = 0; i < old_size; i++) {
		if (old[i].name.p == NULL)
			continue;
		slot = find(names, old[i].name, old[i].hash);
		if (slot != NULL)
			*slot = old[i];
	}
}

size_t
html_names_add(struct html_names *names, struct span name)
{
	uint64_t hash = hash_of(name);
	struct html_name_slot *slot;

	slot = find(names, name, hash);
	if (slot != NULL && slot->name.p != NULL)
		return slot->number;
	if (names->count == names->max)
		return HTML_NAMES_NONE;
	if (2 * names->count >= names->size) {
		grow(names);
		slot = find(names, name, hash);
	}
	if (slot == NULL)
		return HTML_NAMES_NONE;
	slot->name = name.p != NULL ? name : span_of("");
	slot->hash = hash;
	slot->number = names->count++;
	return slot->number;
}
