/*
 * outlet: a pipeline that frames are given to one by one.  It is started for
 * the first of them and kept; after its death the next frame starts it again.
 */
#ifndef PEER_OUTLET_H
#define PEER_OUTLET_H

#include "net/courier.h"

struct outlet {
	const char *name; /* of the route, for the log; NULL: there is none */
	struct proc_line line;
	struct courier courier;
	bool running;
};

/* Takes "NAME=pipeline".  True if it is of that name; ends the program with
 * 111 if the rest is no pipeline. */
bool outlet_take(struct outlet *outlet, const char *name, const char *argument);

/* Gives a frame and waits for its answer, so many ms.  lock: see
 * courier_start().  0; -1 if nobody knows what became of the frame, or it was
 * not taken: why was told, and all that was started is gone, or killed. */
int outlet_ask(struct outlet *outlet, const struct frame *frame,
    struct frame *answer, int lock, uint64_t timeout);

void outlet_end(struct outlet *outlet);

#endif
