/*
 * source: what waits for events in a loop of epoll(7).
 *
 * It is the first member of whatever waits, and what epoll gives back.
 */
#ifndef NET_SOURCE_H
#define NET_SOURCE_H

#include <stdbool.h>

struct source {
	int kind; /* what it is part of: the loop's business */
	int fd;
	unsigned events; /* that it waits for; epoll's */
	bool known;      /* to epoll */
};

/* Waits for these events from now on.  Ends the program if epoll cannot. */
void source_watch(int epoll, struct source *source, unsigned events);

/* Waits for nothing; closes nothing. */
void source_forget(int epoll, struct source *source);

#endif
