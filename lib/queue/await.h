/*
 * await: until enough peers have a copy of an entry.
 */
#ifndef QUEUE_AWAIT_H
#define QUEUE_AWAIT_H

#include "queue/queue.h"

/* Waits, without using the processor, until so many copies of the entry are
 * noted, or it is gone: then its owner has it.  False if the deadline came
 * first. */
bool await_copies(const struct destination *destination, const char *id,
    uint64_t copies, int64_t deadline);

#endif
