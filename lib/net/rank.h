/*
 * rank: which of many has most, when what they have changes all the time.
 *
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan: "The pairing heap",
 * 1986) inside of what is ranked: it needs no memory of its own, and a change
 * costs O(log n) on the average of any sequence of changes.
 */
#ifndef NET_RANK_H
#define NET_RANK_H

#include <stdint.h>

/* The caller's: weight and stamp, which must not change while it is in. */
struct rank_node {
	struct rank_node *child, *next;
	struct rank_node *previous; /* the parent if it is the first child */
	uint64_t weight;            /* who has most is at the top */
	uint64_t stamp;             /* of equal ones, who has least */
};

/* *top is the first of all, NULL if there is none. */
void rank_add(struct rank_node **top, struct rank_node *node);
void rank_remove(struct rank_node **top, struct rank_node *node);

#endif
