#include <stdlib.h>

#include "base/err.h"
#include "rules/names.h"

#define CAP_MIN 64

struct names_slot {
	struct span name; /* p NULL if it is free */
	uint32_t hash;
	size_t number;
};

/* FNV-1a, by Fowler, Noll and Vo */
static uint32_t
hash_of(struct span name)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	return hash;
}

void
names_free(struct names *names)
{
	free(names->slots);
	*names = (struct names){0};
}

/* Its slot, or the free one where it would be.  There always is one. */
static struct names_slot *
slot_of(const struct names *names, struct span name, uint32_t hash)
{
	size_t i = hash & (names->cap - 1);
	struct names_slot *slot;

	for (;; i = (i + 1) & (names->cap - 1)) {
		slot = &names->slots[i];
		if (slot->name.p == NULL ||
		    (slot->hash == hash && span_eq(slot->name, name)))
			return slot;
	}
}

size_t
names_find(const struct names *names, struct span name)
{
	struct names_slot *slot;

	if (names->count == 0)
		return NAMES_NONE;
	slot = slot_of(names, name, hash_of(name));
	return slot->name.p != NULL ? slot->number : NAMES_NONE;
}

static void
grow(struct names *names)
{
	struct names old = *names;
	struct names_slot *slot;
	size_t i;

	names->cap = old.cap == 0 ? CAP_MIN : 2 * old.cap;
	names->slots = calloc(names->cap, sizeof(*names->slots));
	if (names->slots == NULL)
		fatal("out of memory");
	for (i = 0; i < old.cap; i++) {
		slot = &old.slots[i];
		if (slot->name.p != NULL)
			*slot_of(names, slot->name, slot->hash) = *slot;
	}
	free(old.slots);
}

void
names_put(struct names *names, struct span name, size_t number)
{
	uint32_t hash = hash_of(name);
	struct names_slot *slot;

	if (2 * (names->count + 1) > names->cap)
		grow(names);
	if (name.p == NULL)
		name.p = "";
	slot = slot_of(names, name, hash);
	if (slot->name.p == NULL)
		names->count++;
	*slot = (struct names_slot){name, hash, number};
}
