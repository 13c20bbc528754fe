#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/pipeline.h"

#define LEAVE_MS 10000 /* a retired pipeline has that long to end */

static int
start_stages(struct pipeline *pipeline, const struct proc_line *line,
    const struct user *user, int ends[2])
{
	int pipe_ends[2], in, saved;
	pid_t pid;
	size_t i;

	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return -1;
	in = pipe_ends[0];
	ends[0] = pipe_ends[1];
	for (i = 0; i < line->stages; i++) {
		if (pipe2(pipe_ends, O_CLOEXEC) < 0) {
			close(in);
			return -1;
		}
		pid = proc_spawn(
		    line->stage[i], in, pipe_ends[1], pipeline->group, user);
		saved = errno;
		close(in);
		close(pipe_ends[1]);
		in = pipe_ends[0];
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
	ends[1] = in;
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

int
pipeline_start(struct pipeline *pipeline, const struct proc_line *line,
    const struct user *user, int ends[2])
{
	int saved, i;

	ends[0] = ends[1] = -1;
	if (start_stages(pipeline, line, user, ends) == 0)
		return 0;
	saved = errno;
	for (i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	pipeline_kill(pipeline);
	errno = saved;
	return -1;
}

void
pipeline_retire(struct pipeline *pipeline)
{
	pipeline->retired = true;
	pipeline->kill_at = clock_ms() + LEAVE_MS;
}

void
pipeline_kill(struct pipeline *pipeline)
{
	pipeline_retire(pipeline);
	pipeline->killed = true;
	if (pipeline->group > 0 && !pipeline_is_over(pipeline))
		kill(-pipeline->group, SIGKILL);
}

static void
say_death(const struct pipeline *pipeline, pid_t pid, int wait_status)
{
	if (WIFSIGNALED(wait_status))
		warning("route '%s': a stage was killed by signal %d (pid %ld)",
		    pipeline->name, WTERMSIG(wait_status), (long)pid);
	else
		warning("route '%s': a stage exited with %d (pid %ld)",
		    pipeline->name, WEXITSTATUS(wait_status), (long)pid);
}

bool
pipeline_reaped(struct pipeline *pipeline, pid_t pid, int wait_status)
{
	bool by_us;
	size_t i;

	for (i = 0; i < pipeline->stages; i++)
		if (pipeline->pid[i] == pid)
			break;
	if (i == pipeline->stages)
		return false;
	pipeline->pid[i] = 0;
	/* a running pipeline sees no end of file: this is a death; and of one
	 * that we have killed it may be why it had to be */
	by_us = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
	if (!pipeline->broken &&
	    (!pipeline->retired || (pipeline->killed && !by_us))) {
		say_death(pipeline, pid, wait_status);
		pipeline->broken = true;
	}
	return true;
}

bool
pipeline_is_over(const struct pipeline *pipeline)
{
	size_t i;

	for (i = 0; i < pipeline->stages; i++)
		if (pipeline->pid[i] != 0)
			return false;
	return true;
}
