/*
 * schedule: when a destination is tried next.
 *
 * What is kept is the destination's, not each message's: a host that is down
 * is probed once and not by every message, and when it is back all go at once.
 * It is on disk, so that a pass by cron and a restart know of it, and a text
 * that a person can read and remove.
 */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include "queue/queue.h"

#define SCHEDULE_NOTE_MAX 200 /* octets of why it failed */

struct schedule {
	int64_t next;      /* seconds since 1970: not before */
	int64_t succeeded; /* the last time it answered; 0: never */
	uint64_t failures; /* since then */
	char note[SCHEDULE_NOTE_MAX + 1]; /* of the last one */
};

/* Reads it; all zero if there is none that can be read. */
void schedule_read(
    const struct destination *destination, struct schedule *schedule);

/* 0, or -1 with errno. */
int schedule_write(
    const struct destination *destination, const struct schedule *schedule);

/* It answered, or it did not: then the next time is twice as far away as the
 * time before, from first to last seconds, and a chance of a fifth more or
 * less, so that the holders of one node do not come at the same time. */
void schedule_succeeded(struct schedule *schedule, int64_t now);
void schedule_failed(struct schedule *schedule, int64_t now, uint64_t first,
    uint64_t last, const char *why);

/* Whether it is due.  A time too far away to be ours (the clock has jumped) is
 * due, too. */
bool schedule_is_due(
    const struct schedule *schedule, int64_t now, uint64_t last);

#endif
