#include <stdbool.h>
#include <stddef.h>

#include "net/rank.h"

static bool
is_before(const struct rank_node *a, const struct rank_node *b)
{
	return a->weight != b->weight ? a->weight > b->weight
				      : a->stamp < b->stamp;
}

/* Puts the lesser one under the other.  Both are tops, or NULL. */
static struct rank_node *
meld(struct rank_node *a, struct rank_node *b)
{
	struct rank_node *top, *under;

	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	top = is_before(a, b) ? a : b;
	under = top == a ? b : a;
	under->previous = top;
	under->next = top->child;
	if (top->child != NULL)
		top->child->previous = under;
	top->child = under;
	return top;
}

static struct rank_node *
cut(struct rank_node *node)
{
	if (node != NULL)
		node->next = node->previous = NULL;
	return node;
}

/* One top out of a row of siblings: first in pairs, then the pairs from the
 * last to the first.  It is the pairs that keep later calls cheap. */
static struct rank_node *
meld_row(struct rank_node *row)
{
	struct rank_node *pairs = NULL, *top = NULL, *node, *second, *rest;

	for (node = row; node != NULL; node = rest) {
		second = node->next;
		rest = second != NULL ? second->next : NULL;
		node = meld(cut(node), cut(second));
		node->next = pairs;
		pairs = node;
	}
	for (node = pairs; node != NULL; node = rest) {
		rest = node->next;
		top = meld(top, cut(node));
	}
	return top;
}

void
rank_add(struct rank_node **top, struct rank_node *node)
{
	node->child = NULL;
	*top = meld(*top, cut(node));
}

void
rank_remove(struct rank_node **top, struct rank_node *node)
{
	struct rank_node *rest = meld_row(node->child);

	if (node == *top) {
		*top = rest;
		return;
	}
	if (node->previous->child == node)
		node->previous->child = node->next;
	else
		node->previous->next = node->next;
	if (node->next != NULL)
		node->next->previous = node->previous;
	*top = meld(*top, rest);
}
