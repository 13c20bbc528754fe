/*
 * pool: running pipelines of one route, each used by one worker at a time.
 *
 * A pipeline is started once and carries many frames.  One in which a stage
 * died, or whose user died or gave up in the middle of a frame, is killed as a
 * process group and never used again: nobody could tell which verdict would
 * come out of it next.
 */
#ifndef NET_POOL_H
#define NET_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/proc.h"

struct pipeline {
	struct pipeline *next;
	int in;      /* write end to the first stage; non-blocking */
	int out;     /* read end from the last stage */
	pid_t group; /* process group of all stages */
	pid_t pid[PROC_STAGES_MAX]; /* 0 when it has been reaped */
	size_t stages;
	unsigned served; /* frames */
	bool busy;
	bool broken;     /* a stage has died, which was told */
	bool killed;     /* by us, as a group */
	bool retired;    /* closed; its stages see end of file and leave */
	int64_t kill_at; /* when a retired one is killed */
};

struct pool {
	const char *name;
	struct proc_line line;
	unsigned size;      /* pipelines at most */
	unsigned recycle;   /* frames a pipeline may carry */
	unsigned count;     /* pipelines that are not retired */
	int64_t not_before; /* start none earlier: the last one failed early */
	int failure;        /* errno of the last start; 0 if it went well */
	struct pipeline *pipelines;
};

/* 0, or -1 if the line cannot be a pipeline.  name and line must outlive it. */
int pool_init(struct pool *pool, const char *name, const char *line,
    unsigned size, unsigned recycle);

/* Starts a first pipeline, so that a mistake in the line is said at once and
 * not when the first message comes. */
void pool_warm(struct pool *pool);

/* An idle pipeline, or a new one if there is room; now busy.  NULL with errno
 * EAGAIN if all are busy or it is too early to start another; if there is none
 * because the last start failed, with its errno. */
struct pipeline *pool_take(struct pool *pool);

/* Gives it back; broken: it was used in a way that leaves it unusable. */
void pool_give(struct pool *pool, struct pipeline *pipeline, bool broken);

/* Tells the pool of a child that ended; false if it is none of its own. */
bool pool_reaped(struct pool *pool, pid_t pid, int wait_status);

/* Kills retired pipelines whose time is up; to be called about once a second.
 */
void pool_sweep(struct pool *pool);

/* Closes all pipelines.  Their stages leave by themselves or are killed by a
 * later sweep. */
void pool_close(struct pool *pool);

/* Whether it waits for processes of retired pipelines to end. */
bool pool_is_leaving(const struct pool *pool);

#endif
