#include "eval/table.h"

#define SIZE_FIRST 64

uint32_t
table_hash(struct span key)
{
	uint32_t hash = 0;

	while (key.len > 0)
		hash = table_hash_step(hash, key.p[--key.len]);
	return hash;
}

/* The multiplication mixes upwards, so the upper bits choose. */
static size_t
slot_of(const struct table *table, uint32_t hash)
{
	return (hash ^ hash >> 15) & (table->size - 1);
}

void **
table_find_hash(const struct table *table, struct span key, uint32_t hash)
{
	struct table_entry *entry;

	if (table->size == 0)
		return NULL;
	entry = table->slots[slot_of(table, hash)];
	for (; entry != NULL; entry = entry->next)
		if (entry->hash == hash && span_eq(entry->key, key))
			return &entry->value;
	return NULL;
}

void **
table_find(const struct table *table, struct span key)
{
	return table_find_hash(table, key, table_hash(key));
}

static void
put(struct table *table, struct table_entry *entry)
{
	size_t slot = slot_of(table, entry->hash);

	entry->next = table->slots[slot];
	table->slots[slot] = entry;
}

static void
grow(struct table *table)
{
	struct table_entry **old = table->slots, *entry, *next;
	size_t i, size = table->size;

	table->size = size == 0 ? SIZE_FIRST : 4 * size;
	table->slots =
	    arena_array(table->arena, table->size, sizeof(*table->slots));
	for (i = 0; i < size; i++)
		for (entry = old[i]; entry != NULL; entry = next) {
			next = entry->next;
			put(table, entry);
		}
}

void **
table_add(struct table *table, struct span key)
{
	uint32_t hash = table_hash(key);
	void **value = table_find_hash(table, key, hash);
	struct table_entry *entry;

	if (value != NULL)
		return value;
	if (table->count >= table->size)
		grow(table);
	entry = arena_alloc(table->arena, sizeof(*entry));
	entry->key = key;
	entry->hash = hash;
	put(table, entry);
	table->count++;
	return &entry->value;
}
