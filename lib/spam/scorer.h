/*
 * scorer: a process that scores messages, one after the other, and may die of
 * any.
 *
 * Whoever has the message does not look into it: it goes to a child that was
 * forked when all rules were ready, which can read nothing, write nothing and
 * reach nobody any more (base/sandbox.h).  A child that crashes, hangs or wants
 * too much memory is replaced for the next message; that costs a fork.
 */
#ifndef SPAM_SCORER_H
#define SPAM_SCORER_H

#include "mail/frame.h"
#include "spam/score.h"

/* What the child does.  Both are called there. */
struct scorer_work {
	/* Before the first message: gives up what is not needed. */
	void (*confine)(void *arg);
	/* Scores a message, with the fields of its frame.  What it adds lies
	 * in the arena, which is reset for the next. */
	void (*score)(void *arg, const struct frame *frame, struct span octets,
	    struct arena *arena, struct score *score);
	void *arg;
};

struct scorer {
	const struct scorer_work *work;
	uint64_t time;   /* ms for a message */
	uint64_t memory; /* octets that the child may allocate */
	int channel;     /* -1: there is no child */
	int child;
	struct arena arena; /* of the last score */
};

/* Nothing is started before the first message. */
void scorer_init(struct scorer *scorer, const struct scorer_work *work,
    uint64_t time, uint64_t memory);

/* Scores the message of a frame.  The score lives until the next call.  NULL,
 * or why there is none. */
const char *scorer_ask(
    struct scorer *scorer, const struct frame *frame, struct score *score);

/* Ends the child, so that the next one sees what the parent has changed. */
void scorer_stop(struct scorer *scorer);
void scorer_free(struct scorer *scorer);

#endif
