/*
 * knock: a host that is being tried, see probe.h: the addresses that the DNS
 * has, a connection to each of them, and what they greet with.
 */
#ifndef ACCEPT_KNOCK_H
#define ACCEPT_KNOCK_H

#include "accept/probe.h"

/* A connection. */
struct knock {
	int fd;         /* -1: it is over */
	bool connected; /* or it tries to */
	bool counted;   /* its greeting has been judged */
	bool quit;      /* QUIT was said */
	size_t octets;  /* that were read */
	size_t column;  /* of the line at hand, whose */
	char line[4];   /* beginning this is */
};

struct probe {
	/* the caller's */
	struct probe *next;
	uint64_t serial;
	struct dns *dns;
	uint16_t port;
	int64_t deadline; /* to be moved nearer when there is an answer */
	void (*answer)(const struct probe *probe, enum probe_state state,
	    const char *why); /* once; why is "" if it is up */
	void *arg;
	/* zero at first */
	struct dns_question *questions[2]; /* that are open */
	struct knock knocks[PROBE_ADDRESSES_MAX];
	size_t count;
	bool answered;
	bool lacking; /* of something of our own */
	char why[PROBE_WHY_MAX + 1];
};

void probe_begin(struct probe *probe, const char *host);

/* Something can be read from a connection, or it is there or not. */
void probe_event(struct probe *probe, struct knock *knock);

/* Whether there is nothing left to do. */
bool probe_is_over(struct probe *probe, int64_t now);

/* Closes and cancels all. */
void probe_end(struct probe *probe);

#endif
