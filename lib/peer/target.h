/*
 * target: the destinations of a queue as the runner sees them.
 */
#ifndef PEER_TARGET_H
#define PEER_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "queue/schedule.h"

#define TARGETS_MAX 10000

struct target {
	char name[QUEUE_NAME_MAX + 1];
	int watch;    /* of its directory; -1: none */
	pid_t pid;    /* of its errand; 0: none is under way */
	int64_t next; /* seconds since 1970: its mail may be tried */
	bool left;    /* there are entries, */
	bool fresh;   /* and some came since the last errand */
	bool survey;  /* its entries have to be looked at for their age */
};

struct targets {
	const struct queue *queue;
	uint64_t last; /* seconds between two retries at most */
	int events;    /* inotify */
	struct target *all;
	size_t count;
};

/* Begins to watch the queue, and finds what is there.  Ends the program with
 * 111 if it cannot. */
void targets_init(
    struct targets *targets, const struct queue *queue, uint64_t last);
void targets_free(struct targets *targets);

/* Takes what the kernel has noted since. */
void targets_events(struct targets *targets);

/* Looks what there is for one, and when it is due. */
void target_look(const struct targets *targets, struct target *target);

/* All are to be looked at for their age.  Returns the time of the newest entry,
 * 0 if there is none. */
int64_t targets_survey(struct targets *targets);

#endif
