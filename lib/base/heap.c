#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/heap.h"

#define CAP_FIRST 64

void
heap_free(struct heap *heap)
{
	free(heap->items);
	memset(heap, 0, sizeof(*heap));
}

struct heap_item *
heap_first(const struct heap *heap)
{
	return heap->count > 0 ? heap->items[0] : NULL;
}

static void
put(struct heap *heap, size_t at, struct heap_item *item)
{
	heap->items[at - 1] = item;
	item->at = at;
}

/* Finds the place for an item where there is a gap, towards the top. */
static void
rise(struct heap *heap, size_t gap, struct heap_item *item)
{
	struct heap_item *parent;

	while (gap > 1) {
		parent = heap->items[gap / 2 - 1];
		if (parent->when <= item->when)
			break;
		put(heap, gap, parent);
		gap /= 2;
	}
	put(heap, gap, item);
}

/* The same towards the bottom. */
static void
sink(struct heap *heap, size_t gap, struct heap_item *item)
{
	struct heap_item **items = heap->items;
	size_t child;

	while ((child = 2 * gap) <= heap->count) {
		if (child < heap->count &&
		    items[child]->when < items[child - 1]->when)
			child++;
		if (item->when <= items[child - 1]->when)
			break;
		put(heap, gap, items[child - 1]);
		gap = child;
	}
	put(heap, gap, item);
}

void
heap_add(struct heap *heap, struct heap_item *item)
{
	size_t cap = heap->cap > 0 ? 2 * heap->cap : CAP_FIRST;

	if (heap->count == heap->cap) {
		heap->items = realloc(heap->items, cap * sizeof(*heap->items));
		if (heap->items == NULL)
			fatal("out of memory");
		heap->cap = cap;
	}
	heap->count++;
	rise(heap, heap->count, item);
}

void
heap_remove(struct heap *heap, struct heap_item *item)
{
	struct heap_item *last;
	size_t gap = item->at;

	if (gap == 0)
		return;
	item->at = 0;
	last = heap->items[--heap->count];
	if (last == item)
		return;
	if (gap > 1 && last->when < heap->items[gap / 2 - 1]->when)
		rise(heap, gap, last);
	else
		sink(heap, gap, last);
}
