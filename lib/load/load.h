/*
 * load: many SMTP clients at once, in one epoll loop.
 *
 * A plan says how many messages, over how many connections, how often; a run
 * fills a loadstat.  Nothing but the one address of the plan is ever connected
 * to.
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "load/loadconn.h"
#include "load/loadmail.h"
#include "load/loadstat.h"
#include "load/loadwatch.h"

#define LOAD_MESSAGES_MAX 10000000
#define LOAD_CONNECTIONS_MAX 20000 /* of each kind */
#define LOAD_FAILURES_MAX 100      /* in a row, then the run is given up */

struct load_plan {
	struct loadconn_address server;
	struct loadconn_address source; /* of connections with messages */
	struct loadconn_address from;   /* of idle and dripping ones */
	const char *helo;
	const char *sender;
	const char *recipient;
	const char *domain; /* "@..." of it */
	uint64_t messages;
	uint64_t connections; /* at once, with messages */
	uint64_t interval;    /* milliseconds between starts; 0: at once */
	uint64_t reuse;       /* messages a connection */
	uint64_t time;        /* no new message after these milliseconds */
	uint64_t timeout;     /* of a message until its reply */
	uint64_t wait;        /* for files after the last one or last reply */
	uint64_t settle;      /* for idle connections to be greeted */
	uint64_t invalid;     /* percent */
	uint64_t idle;        /* connections that say nothing */
	uint64_t drip;        /* connections of an octet a second */
	bool pipelining;
	bool progress; /* on standard error */
	const volatile sig_atomic_t *stop;
};

/* 0, or -1 with errno if the run could not even begin. */
int load_run(const struct load_plan *plan, const struct loadmail *mail,
    struct loadwatch *watch, struct loadstat *stat);

#endif
