/*
 * heap: what is due next, of many things that each have a time.
 *
 * The things stay the caller's; each holds a struct heap_item.  All operations
 * take O(log n).
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_item {
	int64_t when; /* set by the caller before heap_add() */
	size_t at;    /* its place, from 1; 0 when it is in no heap */
};

/* All zero is an empty heap. */
struct heap {
	struct heap_item **items;
	size_t count;
	size_t cap;
};

void heap_free(struct heap *heap);

/* The earliest one, or NULL. */
struct heap_item *heap_first(const struct heap *heap);

/* An item may be added when it is in no heap, and removed whether it is in this
 * one or in none. */
void heap_add(struct heap *heap, struct heap_item *item);
void heap_remove(struct heap *heap, struct heap_item *item);

#endif
