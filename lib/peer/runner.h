/*
 * runner: which destination of a queue is due, and a process for it.
 *
 * It asks the kernel to be told of new entries (inotify) and sleeps until then,
 * or until something is due.  It never opens an entry.
 */
#ifndef PEER_RUNNER_H
#define PEER_RUNNER_H

#include "peer/errand.h"

/* Runs until SIGTERM, or with once until all that is due was tried.  SIGHUP
 * makes all due.  Returns an exit status: with once STATUS_DEFER if anything
 * is left. */
int runner_run(const struct errand_settings *how, const struct queue *queue,
    uint64_t parallel, bool once);

#endif
