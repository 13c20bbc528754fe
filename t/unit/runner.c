/* runner: a clock that is put right while a node is visited. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "peer/runner.h"
#include "test.h"

#define DAY 86400

static char path[] = "/tmp/pimail-runner.XXXXXX";
static char jumped[64]; /* the clock has, if there is this file */

/* In the place of the system's, for all that is linked in here. */
time_t
time(time_t *to)
{
	struct timespec now;
	time_t seconds;

	clock_gettime(CLOCK_REALTIME, &now);
	seconds = now.tv_sec;
	if (access(jumped, F_OK) == 0)
		seconds += 60 * (time_t)DAY;
	if (to != NULL)
		*to = seconds;
	return seconds;
}

/* A look at the clock a minute ago, and no jump for longer than a day. */
static void
make_calm(const struct queue *queue)
{
	long now = (long)time(NULL);
	char text[64];
	int fd, len;

	len = snprintf(
	    text, sizeof(text), "%ld %ld\n", now - 60, now - DAY - 3600);
	fd = openat(queue->dir, ".clock", O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0 && write(fd, text, (size_t)len) == len);
	close(fd);
}

static void
put_copy(const struct destination *destination, const char *id)
{
	struct frame frame;

	frame_init(&frame);
	CHECK(frame_add(&frame, "id", span_of("id-1")) == 0);
	CHECK(frame_add(&frame, "direction", span_of("returned")) == 0);
	CHECK(frame_add(&frame, "node", span_of("bob")) == 0);
	CHECK(frame_add(&frame, "from", span_of("carol")) == 0);
	CHECK(message_add(&frame.message, "sealed\n", 7) == 0);
	CHECK(destination_put(destination, id, &frame) == 0);
	frame_free(&frame);
}

/* One pass, in a process of its own, since it takes signals. */
static void
pass(const struct errand_settings *how, const struct queue *queue)
{
	int wait_status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(runner_run(how, queue, 1, true));
	CHECK(waitpid(pid, &wait_status, 0) == pid && WIFEXITED(wait_status));
}

static void
test_nothing_expires_by_a_clock_that_jumps_during_a_visit(void)
{
	static const char id[] = "0123456789abcdef0123456789abcdef"
				 "0123456789abcdef0123456789abcdef";
	struct errand_settings how = {
	    .days = 30, .first = 60, .last = 3600, .timeout = 1000};
	struct destination destination;
	struct queue queue;
	struct entry entry;
	char dir[64], line[80];

	snprintf(dir, sizeof(dir), "%s/q", path);
	snprintf(line, sizeof(line), "touch %s", jumped);
	how.line = line;
	CHECK(queue_open(&queue, dir, true) == 0);
	CHECK(
	    destination_open(&queue, span_of("bob"), true, &destination) == 0);
	put_copy(&destination, id);
	make_calm(&queue);
	pass(&how, &queue);
	CHECK(access(jumped, F_OK) == 0);
	CHECK(entry_find(&destination, span_of(id), &entry) == 0);
	/* nor at the next look: nobody has seen such a clock for a day */
	pass(&how, &queue);
	CHECK(entry_find(&destination, span_of(id), &entry) == 0);
	/* but when it has stood there for so long */
	make_calm(&queue);
	pass(&how, &queue);
	CHECK(entry_find(&destination, span_of(id), &entry) < 0);
	destination_close(&destination);
	queue_close(&queue);
}

int
main(void)
{
	char command[64];

	if (mkdtemp(path) == NULL)
		return 1;
	err_init("runner");
	snprintf(jumped, sizeof(jumped), "%s/jumped", path);
	TEST(nothing_expires_by_a_clock_that_jumps_during_a_visit);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	return system(command) == 0 ? test_end() : 1;
}
