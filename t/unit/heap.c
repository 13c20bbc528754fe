/* heap: the earliest of many things. */
#include <stdlib.h>

#include "base/heap.h"
#include "base/span.h"
#include "test.h"

#define ITEMS 300

static struct heap_item items[ITEMS];
static struct heap heap;

/* The earliest of those that are inside, the slow way; NULL if none is. */
static struct heap_item *
earliest(void)
{
	struct heap_item *first = NULL;
	size_t i;

	for (i = 0; i < ITEMS; i++)
		if (items[i].at != 0 &&
		    (first == NULL || items[i].when < first->when))
			first = &items[i];
	return first;
}

static void
test_gives_the_earliest_whatever_comes_and_goes(void)
{
	struct heap_item *item, *first;
	unsigned n;

	srand(1);
	for (n = 0; n < 20000; n++) {
		item = &items[rand() % ITEMS];
		if (item->at != 0)
			heap_remove(&heap, item);
		else {
			item->when = rand() % 1000;
			heap_add(&heap, item);
		}
		first = heap_first(&heap);
		CHECK((first == NULL) == (earliest() == NULL));
		CHECK(first == NULL || first->when == earliest()->when);
	}
}

static void
test_gives_all_in_order(void)
{
	struct heap_item *item;
	int64_t last = -1;

	while ((item = heap_first(&heap)) != NULL) {
		CHECK(item->when >= last);
		last = item->when;
		heap_remove(&heap, item);
		heap_remove(&heap, item); /* no harm */
	}
	CHECK(earliest() == NULL && heap.count == 0);
}

int
main(void)
{
	TEST(gives_the_earliest_whatever_comes_and_goes);
	TEST(gives_all_in_order);
	heap_free(&heap);
	return test_end();
}
