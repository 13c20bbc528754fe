/*
 * loadidle: the connections that do nobody any good: some say nothing, some
 * send an octet a second.
 */
#ifndef LOAD_LOADIDLE_H
#define LOAD_LOADIDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/load.h"

struct loadidle_socket {
	int fd; /* -1 once it is closed */
	bool greeted;
	uint64_t start; /* microseconds: when it was begun */
	unsigned sent;  /* octets */
};

struct loadidle {
	const struct load_plan *plan;
	int epoll;
	struct loadidle_socket *socket; /* the dripping ones come first */
	size_t count;
	size_t begun;
	size_t dripping;
	size_t settled; /* greeted, or closed before that */
	size_t closed;  /* by the server, or never made */
	uint64_t drip;  /* microseconds: when the next octet is due */
};

/* epoll gets numbers from plan->connections on. */
void loadidle_init(
    struct loadidle *idle, int epoll, const struct load_plan *plan);
void loadidle_free(struct loadidle *idle);

/* Begins the next few connections of the plan, so that the greetings of the
 * first ones can be read meanwhile.  0, or -1 with errno. */
int loadidle_begin(struct loadidle *idle);

/* Reads and forgets, but for the time of the greeting. */
void loadidle_ready(struct loadidle *idle, size_t which, struct loadstat *stat);

/* Sends the next octets, if a second has gone by. */
void loadidle_drip(struct loadidle *idle, uint64_t now_us);

/* Every connection has been begun. */
bool loadidle_begun(const struct loadidle *idle);

/* Every connection has been greeted, or will not be. */
bool loadidle_settled(const struct loadidle *idle);

/* How many have been greeted and are still there. */
size_t loadidle_up(const struct loadidle *idle);

#endif
