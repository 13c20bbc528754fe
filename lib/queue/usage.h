/*
 * usage: how much a queue holds, in all and from each peer (field "from").
 *
 * It is counted by a walk, and what this process puts is added to that.  What
 * others put and take away is seen at the next walk: seconds later, and more in
 * a queue so large that walking takes its time.  So limits are passed by a
 * little when several write at once, and there is no file to be wrong.
 */
#ifndef QUEUE_USAGE_H
#define QUEUE_USAGE_H

#include "base/map.h"
#include "queue/queue.h"

#define USAGE_KEEP_MS 5000  /* until it is counted anew, ... */
#define USAGE_KEEP_TIMES 20 /* ... or so many times what counting took */

struct usage_count {
	uint64_t octets;
	uint64_t messages;
};

struct usage_limits {
	uint64_t bytes;
	uint64_t messages;
	uint64_t peer_bytes; /* of one peer */
	uint64_t peer_messages;
	uint64_t free; /* octets that the disk has left after it */
};

struct usage {
	const struct queue *queue; /* the caller's */
	struct arena arena;
	struct map peers; /* to struct usage_count */
	struct usage_count all;
	int64_t stale_at; /* clock_ms() */
};

void usage_init(struct usage *usage, const struct queue *queue);
void usage_free(struct usage *usage);

/* Counts again if it is time.  0, or -1 with errno. */
int usage_refresh(struct usage *usage);

/* Of one peer; zero if it has nothing here. */
struct usage_count usage_of(const struct usage *usage, struct span peer);

/* Something was put; peer is empty if it is our own. */
void usage_add(struct usage *usage, struct span peer, uint64_t octets);

/* Which of the limits does not allow so many octets more from that peer, in
 * words; NULL if all do. */
const char *usage_refuses(const struct usage *usage,
    const struct usage_limits *limits, struct span peer, uint64_t octets);

#endif
