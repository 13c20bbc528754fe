/*
 * mail-filter: makes any program a stage.
 *
 * - The program gets the message on its standard input, no envelope, and its
 *   output becomes the message only if it exited with 0.
 * - A program that prints nothing has looked at the message and not changed
 *   it: so `mail-filter grep -q ...` cannot empty anybody's mail.
 * - Both pipes are served at once, and what is printed is bounded like every
 *   message, so no program can block or fill the stage.
 * - The program is run for every message: nothing of one can leak into the
 *   next.
 * - -f is for programs that know frames, but not streams of them: one that
 *   leads to another host, or keeps what it gets.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"
#include "mail/stage.h"

struct filter {
	char **argv;
	int (*status)(int wait_status);
};

static void
usage(void)
{
	usage_exit("[-fs] command [argument...]");
}

/* Writes the next octets of the message to fd.  1 if there is more to come, 0
 * if all is written or nobody reads it, -1 with errno. */
static int
feed(int fd, const struct message *message, uint64_t *at)
{
	char chunk[16384];
	ssize_t n, wrote;

	n = message_read(message, *at, chunk, sizeof(chunk));
	if (n <= 0)
		return (int)n;
	wrote = write(fd, chunk, (size_t)n);
	if (wrote < 0)
		return errno == EPIPE ? 0 : errno == EAGAIN ? 1 : -1;
	*at += (uint64_t)wrote;
	return 1;
}

/* Reads what there is.  1 if there may be more, 0 at the end, -1 with errno. */
static int
drain(int fd, struct message *message)
{
	char chunk[16384];
	ssize_t n;

	n = read(fd, chunk, sizeof(chunk));
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 1 : (int)n;
	return message_add(message, chunk, (size_t)n) < 0 ? -1 : 1;
}

/* Moves octets both ways until the program closes its output.  Closes *in as
 * soon as all is written.  0, or -1 with errno. */
static int
exchange(int *in, int out, const struct message *from, struct message *to)
{
	struct pollfd pfd[2];
	uint64_t at = 0;
	int more;

	for (;;) {
		pfd[0] = (struct pollfd){.fd = out, .events = POLLIN};
		pfd[1] = (struct pollfd){.fd = *in, .events = POLLOUT};
		if (poll(pfd, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (pfd[1].revents != 0) {
			more = feed(*in, from, &at);
			if (more < 0)
				return -1;
			if (more == 0) {
				close(*in);
				*in = -1; /* poll skips it */
			}
		}
		if (pfd[0].revents != 0) {
			more = drain(out, to);
			if (more <= 0)
				return more;
		}
	}
}

/* A file of its own with the whole frame.  Its descriptor, or -1 with errno. */
static int
store(const struct frame *frame)
{
	bool small = message_size(&frame->message) <= MESSAGE_MEMORY;
	int fd, saved;

	fd = small ? memfd_create("frame", MFD_CLOEXEC) : file_temp();
	if (fd < 0)
		return -1;
	if (frame_write(frame, fd, CLOCK_NEVER) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Reads what the program printed.  1 if it is one whole frame with that id, 0
 * if it is nothing, -1 if it is anything else. */
static int
read_answer(int fd, struct span id, struct frame *answer)
{
	struct io_in in;
	int rc = -1;

	io_in_init(&in, fd);
	if (io_in_fill(&in, 1) == 0)
		rc = 0;
	else if (frame_is_next(&in) == 1 && frame_read(answer, &in) == 1 &&
		 span_eq(frame_get(answer, "id"), id) &&
		 io_in_fill(&in, 1) == 0)
		rc = 1;
	io_in_free(&in);
	return rc;
}

/* Runs the program on the frame.  Returns its verdict as STATUS_*, or -1 if
 * answer is a frame that has one. */
static int
run_on_frame(const struct filter *filter, const struct frame *frame,
    struct frame *answer)
{
	int in, out[2], rc, wait_status;
	pid_t pid;

	in = store(frame);
	if (in < 0) {
		warning("cannot keep a frame: %s", strerror(errno));
		return STATUS_DEFER;
	}
	if (pipe2(out, O_CLOEXEC) < 0)
		fatal("cannot make a pipe: %s", strerror(errno));
	pid = proc_spawn(filter->argv, in, out[1], -1, NULL);
	if (pid < 0)
		fatal("cannot run '%s': %s", filter->argv[0], strerror(errno));
	close(in);
	close(out[1]);
	rc = read_answer(out[0], frame_get(frame, "id"), answer);
	if (rc < 0) {
		warning("'%s': no answer to the frame", filter->argv[0]);
		kill(pid, SIGKILL);
	}
	close(out[0]);
	wait_status = proc_wait(pid);
	return rc > 0   ? -1
	       : rc < 0 ? STATUS_DEFER
			: filter->status(wait_status);
}

/* Gives the verdict that a status stands for, if the program did not let the
 * message pass. */
static void
conclude(struct frame *frame, int status)
{
	frame_verdict(frame,
	    status == STATUS_STOP     ? VERDICT_DONE
	    : status == STATUS_REJECT ? VERDICT_REJECT
				      : VERDICT_DEFER,
	    NULL);
}

static void
work_on_frame(struct frame *frame, void *arg)
{
	struct frame answer;
	int status;

	frame_init(&answer);
	status = run_on_frame(arg, frame, &answer);
	if (status == -1) {
		frame_free(frame);
		*frame = answer;
		return;
	}
	conclude(frame, status == STATUS_OK ? STATUS_STOP : status);
	frame_free(&answer);
}

/* Runs the program on the message.  Returns its verdict as STATUS_*. */
static int
run(const struct filter *filter, const struct message *from, struct message *to)
{
	int in[2], out[2], rc, wait_status;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		fatal("cannot make a pipe: %s", strerror(errno));
	pid = proc_spawn(filter->argv, in[0], out[1], -1, NULL);
	if (pid < 0)
		fatal("cannot run '%s': %s", filter->argv[0], strerror(errno));
	close(in[0]);
	close(out[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	rc = exchange(&in[1], out[0], from, to);
	if (rc < 0) {
		warning("'%s': %s", filter->argv[0], strerror(errno));
		kill(pid, SIGKILL);
	}
	if (in[1] >= 0)
		close(in[1]);
	close(out[0]);
	wait_status = proc_wait(pid);
	return rc < 0 ? STATUS_DEFER : filter->status(wait_status);
}

static void
work(struct frame *frame, void *arg)
{
	struct message printed;
	int status;

	message_init(&printed);
	status = run(arg, &frame->message, &printed);
	if (status == STATUS_OK && message_size(&printed) > 0)
		message_move(&frame->message, &printed);
	else if (status != STATUS_OK)
		conclude(frame, status);
	message_free(&printed);
}

int
main(int argc, char **argv)
{
	struct filter filter = {.status = proc_status};
	struct stage stage = {.work = work,
	    .arg = &filter,
	    .takes_raw = true,
	    .keeps_message = true,
	    .raw_done = STATUS_STOP};
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	while ((c = getopt(argc, argv, "+fs")) != -1)
		switch (c) {
		case 'f':
			stage.work = work_on_frame;
			stage.takes_raw = false;
			break;
		case 's':
			filter.status = proc_status_sysexits;
			break;
		default:
			usage();
		}
	filter.argv = argv + optind;
	if (filter.argv[0] == NULL)
		usage();
	return stage_run(&stage);
}
