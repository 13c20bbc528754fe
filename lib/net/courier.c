#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/courier.h"

#define LEAVE_MS 5000 /* stages have so long to end by themselves */
#define LOOK_MS 10    /* how often we look whether they have */

int
courier_start(struct courier *courier, const struct proc_line *line,
    const char *name, int lock)
{
	int ends[2], rc, saved;

	memset(&courier->pipeline, 0, sizeof(courier->pipeline));
	courier->pipeline.name = name;
	courier->in = -1;
	if (lock >= 0 && fcntl(lock, F_SETFD, 0) < 0)
		return -1;
	rc = pipeline_start(&courier->pipeline, line, NULL, ends);
	saved = errno;
	if (lock >= 0)
		fcntl(lock, F_SETFD, FD_CLOEXEC);
	if (rc == 0) {
		courier->in = ends[0];
		io_in_init(&courier->out, ends[1]);
	} else
		courier_end(courier, true);
	errno = saved;
	return rc;
}

int
courier_send(
    struct courier *courier, const struct frame *frame, int64_t deadline)
{
	return frame_write(frame, courier->in, deadline);
}

int
courier_receive(struct courier *courier, struct span id, struct frame *answer,
    int64_t deadline)
{
	int n;

	courier->out.deadline = deadline;
	answer->message.size_max = COURIER_ANSWER;
	n = frame_read(answer, &courier->out);
	if (n < 0)
		return -1;
	errno = n == 0 ? EPIPE : EBADMSG;
	return n > 0 && span_eq(frame_get(answer, "id"), id) ? 0 : -1;
}

/* Takes note of the stages that have ended. */
static void
reap(struct courier *courier, int options)
{
	struct pipeline *pipeline = &courier->pipeline;
	int wait_status;
	size_t i;

	for (i = 0; i < pipeline->stages; i++)
		if (pipeline->pid[i] != 0 &&
		    waitpid(pipeline->pid[i], &wait_status, options) ==
			pipeline->pid[i])
			pipeline_reaped(
			    pipeline, pipeline->pid[i], wait_status);
}

void
courier_end(struct courier *courier, bool kill)
{
	const struct timespec pause = {0, LOOK_MS * 1000000};
	int64_t until = clock_ms() + LEAVE_MS;

	if (courier->in >= 0) {
		close(courier->in);
		close(courier->out.fd);
		io_in_free(&courier->out);
		courier->in = -1;
	}
	pipeline_retire(&courier->pipeline);
	if (!kill)
		reap(courier, WNOHANG);
	while (!kill && !pipeline_is_over(&courier->pipeline)) {
		kill = clock_ms() >= until;
		nanosleep(&pause, NULL);
		reap(courier, WNOHANG);
	}
	pipeline_kill(&courier->pipeline);
	while (!pipeline_is_over(&courier->pipeline))
		reap(courier, 0);
}
