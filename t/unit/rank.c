#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/rank.h"
#include "test.h"

#define NODES 300
#define CHANGES 100000

static struct rank_node nodes[NODES];
static bool inside[NODES];

static unsigned
below(unsigned limit)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(state >> 33) % limit;
}

static const struct rank_node *
first_of_all(void)
{
	const struct rank_node *first = NULL, *node;

	for (node = nodes; node < nodes + NODES; node++)
		if (inside[node - nodes] &&
		    (first == NULL || node->weight > first->weight ||
			(node->weight == first->weight &&
			    node->stamp < first->stamp)))
			first = node;
	return first;
}

static void
test_the_top_is_always_the_first_of_all(void)
{
	struct rank_node *top = NULL;
	uint64_t stamp = 0;
	unsigned i, n;

	for (i = 0; i < CHANGES && test_failures == 0; i++) {
		n = below(NODES);
		/* now and then a long run of removals of the top */
		if (i % 5000 > 4000 && top != NULL)
			n = (unsigned)(top - nodes);
		if (inside[n])
			rank_remove(&top, &nodes[n]);
		else {
			nodes[n].weight = below(20);
			nodes[n].stamp = stamp++;
			rank_add(&top, &nodes[n]);
		}
		inside[n] = !inside[n];
		CHECK(top == first_of_all());
	}
}

static void
test_it_comes_out_in_order_and_ends_empty(void)
{
	struct rank_node *top = NULL;
	uint64_t last = UINT64_MAX;
	size_t i;

	for (i = 0; i < NODES; i++) {
		nodes[i].weight = i * 7919 % NODES;
		rank_add(&top, &nodes[i]);
	}
	for (i = 0; i < NODES && top != NULL; i++) {
		CHECK(top->weight < last);
		last = top->weight;
		rank_remove(&top, top);
	}
	CHECK(i == NODES && top == NULL);
}

int
main(void)
{
	TEST(the_top_is_always_the_first_of_all);
	TEST(it_comes_out_in_order_and_ends_empty);
	return test_end();
}
