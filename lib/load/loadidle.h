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
	int fd;        /* -1 once it is closed */
	bool settled;  /* has been greeted, or is closed */
	unsigned sent; /* octets */
};

struct loadidle {
	struct loadidle_socket *socket; /* the dripping ones come first */
	size_t count;
	size_t dripping;
	size_t settled;
	size_t closed; /* by the server, or never made */
	uint64_t drip; /* microseconds: when the next octet is due */
};

/* Begins all connections of the plan; epoll gets numbers from
 * plan->connections on.  0, or -1 with errno. */
int loadidle_open(
    struct loadidle *idle, int epoll, const struct load_plan *plan);
void loadidle_close(struct loadidle *idle);

/* Reads and forgets. */
void loadidle_ready(struct loadidle *idle, size_t which);

/* Sends the next octets, if a second has gone by. */
void loadidle_drip(struct loadidle *idle, uint64_t now_us);

/* Every connection has been greeted, or will not be. */
bool loadidle_settled(const struct loadidle *idle);

/* How many have been greeted and are still there. */
size_t loadidle_up(const struct loadidle *idle);

#endif
