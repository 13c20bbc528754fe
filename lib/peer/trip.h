/*
 * trip: a connection to a node, or to wherever else a pipeline leads, and the
 * entries that go there.
 */
#ifndef PEER_TRIP_H
#define PEER_TRIP_H

#include "net/courier.h"
#include "peer/errand.h"

#define TRIP_LINE_MAX 4096 /* octets of a pipeline with its escapes done */
#define TRIP_SLOW 4        /* octets a ms: a line must be as fast as that */
#define TRIP_SHARE 100     /* part of the timeout that an entry adds to all */

/* An entry that was sent, and its frame without the message. */
struct trip_item {
	struct entry entry;
	struct frame frame;
	size_t answer;   /* octets that its answer may have */
	uint64_t octets; /* of its message */
};

struct trip {
	struct errand *errand;
	const char *name; /* of the node, or the destination */
	struct buf text;
	struct proc_line line;
	struct courier courier;
	struct trip_item items[COURIER_WINDOW]; /* a ring */
	size_t first, count;                    /* those without an answer */
	size_t answers;                         /* octets that they may have */
	uint64_t octets;                        /* of their messages */
	int64_t end;  /* of all answers, by clock_ms(): see trip_hurry() */
	bool skipped; /* an entry could not be read, which was told */
	char why[SCHEDULE_NOTE_MAX + 1]; /* it failed */
	/* takes an answer */
	void (*answered)(struct trip *trip, const struct trip_item *item,
	    const struct frame *answer);
	void *arg; /* its own */
};

/* Sets out; to a node (NULL: it is none) with a hello first, which may bring a
 * newer manifest.  0, or -1 with why; trip_end() in either case. */
int trip_begin(struct trip *trip, struct errand *errand, const char *name,
    const struct member *peer);

/* From now on a time for all answers together, which grows with what is sent:
 * for who visits a peer on the way, and not for its own mail. */
void trip_hurry(struct trip *trip);

/* Sends an entry; answers to earlier ones may come first.  Of sealed mail
 * nothing is sent but id, direction, node and message.  0, also if the entry
 * has gone meanwhile, is damaged (then it is held), or cannot be read, which
 * was told; -1 with why. */
int trip_give(struct trip *trip, const struct entry *entry);

/* Takes all answers that are still to come.  0, or -1 with why. */
int trip_settle(struct trip *trip);

void trip_end(struct trip *trip);

#endif
