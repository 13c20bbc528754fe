/*
 * helper: a process beside the loop that the keeper starts, and starts again
 * after a pause if it dies.
 */
#ifndef ACCEPT_HELPER_H
#define ACCEPT_HELPER_H

#include <stdint.h>

#include "net/source.h"

struct helper {
	struct source source; /* the channel to it; fd -1: it is not there */
	int64_t next;         /* when it may be asked for again */
	int64_t pause;        /* ms until the time after that */
};

void helper_init(struct helper *helper, int kind);

/* Asks the keeper for it, with a note of that kind, if it is not there and it
 * is time. */
void helper_want(struct helper *helper, int keeper, char kind, int64_t now);

/* The keeper has started it, or had no descriptor for it (-1); a second one, or
 * one that is unwanted now, is let go. */
void helper_started(
    struct helper *helper, int epoll, int channel, bool unwanted);

/* Lets it go; it leaves when it sees that. */
void helper_end(struct helper *helper, int epoll);

#endif
