/*
 * pipeline: the running stages of one pipeline, as processes.
 *
 * A pipeline is started once and carries many frames.  One in which a stage
 * died, or whose user gave up in the middle of a frame, is killed as a process
 * group and never used again: nobody could tell which verdict would come out
 * of it next.
 */
#ifndef NET_PIPELINE_H
#define NET_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"

struct pipeline {
	struct pipeline *next;      /* for whoever keeps them */
	const char *name;           /* of its route, for the log */
	pid_t group;                /* process group of all stages */
	pid_t pid[PROC_STAGES_MAX]; /* 0 when it has been reaped */
	size_t stages;
	bool broken;     /* a stage has died, which was told */
	bool retired;    /* its stages see end of file and leave */
	bool killed;     /* by us, as a group */
	int64_t kill_at; /* when a retired one is killed */
};

/* Starts the stages, each reading what the one before writes, as user if that
 * is not NULL.  ends gets the write end to the first (non-blocking) and the
 * read end from the last.  0; or -1 with errno, which was told: what had
 * been started is killed then, and must be reaped. */
int pipeline_start(struct pipeline *pipeline, const struct proc_line *line,
    const struct user *user, int ends[2]);

/* Nobody uses it any more, both ends are closed; it has some seconds to leave.
 */
void pipeline_retire(struct pipeline *pipeline);

/* Kills all stages. */
void pipeline_kill(struct pipeline *pipeline);

/* Takes note of a child that ended; false if it is no stage of this one.  A
 * stage that ends while the pipeline is in use has died, which is told.  The
 * others are left alone: the last one may just be delivering. */
bool pipeline_reaped(struct pipeline *pipeline, pid_t pid, int wait_status);

/* Whether all of its stages have been reaped. */
bool pipeline_is_over(const struct pipeline *pipeline);

#endif
