#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/pool.h"

#define LEAVE_MS 10000 /* a retired pipeline has that long to end */
#define AGAIN_MS 1000  /* between starts if one died before its first frame */

int
pool_init(struct pool *pool, const char *name, const char *line, unsigned size,
    unsigned recycle)
{
	memset(pool, 0, sizeof(*pool));
	pool->name = name;
	pool->size = size;
	pool->recycle = recycle;
	return proc_line_parse(&pool->line, line);
}

/* Starts the stages, each reading what the one before writes.  0, or -1 with
 * errno. */
static int
start_stages(struct pipeline *pipeline, const struct proc_line *line)
{
	int ends[2], in, saved;
	pid_t pid;
	size_t i;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	in = ends[0];
	pipeline->in = ends[1];
	for (i = 0; i < line->stages; i++) {
		if (pipe2(ends, O_CLOEXEC) < 0) {
			close(in);
			return -1;
		}
		pid = proc_spawn(line->stage[i], in, ends[1], pipeline->group);
		saved = errno;
		close(in);
		close(ends[1]);
		in = ends[0];
		if (pid < 0) {
			close(in);
			warning("cannot run '%s': %s", line->stage[i][0],
			    strerror(saved));
			errno = saved;
			return -1;
		}
		pipeline->pid[pipeline->stages++] = pid;
		if (i == 0)
			pipeline->group = pid;
	}
	pipeline->out = in;
	return fcntl(pipeline->in, F_SETFL, O_NONBLOCK);
}

/* Takes it out of use for good. */
static void
retire(struct pool *pool, struct pipeline *pipeline, bool broken)
{
	if (pipeline->in >= 0)
		close(pipeline->in);
	if (pipeline->out >= 0)
		close(pipeline->out);
	pipeline->in = pipeline->out = -1;
	if (broken && pipeline->group > 0)
		kill(-pipeline->group, SIGKILL);
	pipeline->killed = broken;
	pipeline->retired = true;
	pipeline->kill_at = clock_ms() + LEAVE_MS;
	pool->count--;
}

static struct pipeline *
start(struct pool *pool)
{
	struct pipeline *pipeline;
	int saved;

	pipeline = calloc(1, sizeof(*pipeline));
	if (pipeline == NULL)
		fatal("out of memory");
	pipeline->in = pipeline->out = -1;
	pipeline->next = pool->pipelines;
	pool->pipelines = pipeline;
	pool->count++;
	pool->failure = 0;
	if (start_stages(pipeline, &pool->line) == 0)
		return pipeline;
	pool->failure = saved = errno;
	retire(pool, pipeline, true);
	pool->not_before = clock_ms() + AGAIN_MS;
	errno = saved;
	return NULL;
}

void
pool_warm(struct pool *pool)
{
	start(pool);
}

struct pipeline *
pool_take(struct pool *pool)
{
	struct pipeline *pipeline;

	for (pipeline = pool->pipelines; pipeline != NULL;
	     pipeline = pipeline->next)
		if (!pipeline->busy && !pipeline->retired)
			break;
	if (pipeline == NULL) {
		errno = pool->count == 0 && pool->failure != 0 ? pool->failure
							       : EAGAIN;
		if (pool->count >= pool->size || clock_ms() < pool->not_before)
			return NULL;
		pipeline = start(pool);
	}
	if (pipeline != NULL)
		pipeline->busy = true;
	return pipeline;
}

void
pool_give(struct pool *pool, struct pipeline *pipeline, bool broken)
{
	pipeline->busy = false;
	pipeline->served++;
	broken = broken || pipeline->broken;
	if (broken || pipeline->served >= pool->recycle)
		retire(pool, pipeline, broken);
}

static bool
is_over(const struct pipeline *pipeline)
{
	size_t i;

	for (i = 0; i < pipeline->stages; i++)
		if (pipeline->pid[i] != 0)
			return false;
	return pipeline->retired;
}

/* Frees the pipelines of which no process is left. */
static void
forget(struct pool *pool)
{
	struct pipeline **link = &pool->pipelines, *pipeline;

	while ((pipeline = *link) != NULL)
		if (is_over(pipeline)) {
			*link = pipeline->next;
			free(pipeline);
		} else
			link = &pipeline->next;
}

static void
say_death(const struct pool *pool, pid_t pid, int wait_status)
{
	if (WIFSIGNALED(wait_status))
		warning("route '%s': a stage was killed by signal %d (pid %ld)",
		    pool->name, WTERMSIG(wait_status), (long)pid);
	else
		warning("route '%s': a stage exited with %d (pid %ld)",
		    pool->name, WEXITSTATUS(wait_status), (long)pid);
}

bool
pool_reaped(struct pool *pool, pid_t pid, int wait_status)
{
	struct pipeline *pipeline;
	size_t i;

	for (pipeline = pool->pipelines; pipeline != NULL;
	     pipeline = pipeline->next)
		for (i = 0; i < pipeline->stages; i++)
			if (pipeline->pid[i] == pid)
				goto found;
	return false;
found:
	pipeline->pid[i] = 0;
	/* a running pipeline sees no end of file: this is a death; and of one
	 * that we have killed it may be why it had to be */
	if (!pipeline->broken &&
	    (!pipeline->retired ||
		(pipeline->killed && !(WIFSIGNALED(wait_status) &&
					 WTERMSIG(wait_status) == SIGKILL)))) {
		say_death(pool, pid, wait_status);
		pipeline->broken = true;
	}
	if (!pipeline->retired) {
		if (pipeline->served == 0)
			pool->not_before = clock_ms() + AGAIN_MS;
		if (!pipeline->busy)
			retire(pool, pipeline, true);
	}
	forget(pool);
	return true;
}

void
pool_sweep(struct pool *pool)
{
	struct pipeline *pipeline;
	int64_t now = clock_ms();

	forget(pool);
	for (pipeline = pool->pipelines; pipeline != NULL;
	     pipeline = pipeline->next)
		if (pipeline->retired && now >= pipeline->kill_at &&
		    pipeline->group > 0)
			kill(-pipeline->group, SIGKILL);
}

void
pool_close(struct pool *pool)
{
	struct pipeline *pipeline;

	for (pipeline = pool->pipelines; pipeline != NULL;
	     pipeline = pipeline->next)
		if (!pipeline->retired)
			retire(pool, pipeline, false);
}

bool
pool_is_leaving(const struct pool *pool)
{
	const struct pipeline *pipeline;

	for (pipeline = pool->pipelines; pipeline != NULL;
	     pipeline = pipeline->next)
		if (pipeline->retired)
			return true;
	return false;
}
