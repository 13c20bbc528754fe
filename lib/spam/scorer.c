#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/proc.h"
#include "base/sandbox.h"
#include "net/channel.h"
#include "spam/scorer.h"

enum { SCORER_MESSAGE = 'M', SCORER_ANSWER = 'A' };

void
scorer_init(struct scorer *scorer, const struct scorer_work *work,
    uint64_t time, uint64_t memory)
{
	*scorer = (struct scorer){
	    .work = work, .time = time, .memory = memory, .channel = -1};
}

/* --- the child --- */

/* The message as octets that stay as they are; p NULL with errno. */
static struct span
map_message(int fd)
{
	struct span octets = {"", 0};
	struct stat st;
	void *map;

	if (fstat(fd, &st) < 0)
		return (struct span){NULL, 0};
	if (st.st_size == 0)
		return octets;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return (struct span){NULL, 0};
	return (struct span){map, (size_t)st.st_size};
}

/* Scores one; the answer goes into text. */
static void
do_message(const struct scorer *scorer, struct span fields, int fd,
    struct arena *arena, struct buf *text)
{
	struct score score = {0};
	struct span octets = map_message(fd);
	struct frame frame;

	if (octets.p == NULL)
		fatal("cannot map a message: %s", strerror(errno));
	frame_init(&frame);
	buf_addspan(&frame.fields, fields);
	arena_reset(arena);
	scorer->work->score(scorer->work->arg, &frame, octets, arena, &score);
	buf_reset(text);
	score_write(&score, text);
	if (octets.len > 0)
		munmap((void *)(uintptr_t)octets.p, octets.len);
	frame_free(&frame);
}

static _Noreturn void
serve(const struct scorer *scorer, int channel)
{
	struct buf text = BUF_INIT(SCORE_SIZE_MAX);
	char *letter = malloc(CHANNEL_SIZE);
	int fds[CHANNEL_FDS_MAX];
	struct arena arena = {0};
	ssize_t n;

	if (letter == NULL)
		fatal("out of memory");
	scorer->work->confine(scorer->work->arg);
	while ((n = channel_receive(channel, letter, fds, 0)) > 0) {
		if (fds[0] < 0)
			break;
		do_message(scorer, (struct span){letter + 1, (size_t)n - 1},
		    fds[0], &arena, &text);
		close(fds[0]);
		if (channel_send(channel, SCORER_ANSWER, buf_span(&text), NULL,
			0, 0) < 0)
			break;
	}
	_exit(STATUS_OK);
}

/* --- the parent --- */

static int
start(struct scorer *scorer)
{
	pid_t parent = getpid();
	int ends[2];

	if (channel_open(ends) < 0)
		return -1;
	scorer->child = fork();
	if (scorer->child == 0) {
		/* it dies with its parent, which may be dead already */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_DEFER);
		close(ends[0]);
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		sandbox_limit(RLIMIT_DATA, scorer->memory);
		serve(scorer, ends[1]);
	}
	close(ends[1]);
	if (scorer->child < 0) {
		close(ends[0]);
		return -1;
	}
	scorer->channel = ends[0];
	return 0;
}

void
scorer_stop(struct scorer *scorer)
{
	if (scorer->channel < 0)
		return;
	close(scorer->channel);
	scorer->channel = -1;
	kill(scorer->child, SIGKILL);
	proc_wait(scorer->child);
}

void
scorer_free(struct scorer *scorer)
{
	scorer_stop(scorer);
	arena_free(&scorer->arena);
}

/* Sends the fields that matter and the message. */
static int
give(const struct scorer *scorer, const struct frame *frame)
{
	static const char *const names[] = {"sender", "client", "helo", "lists",
	    "auth", "received-at", "recipient"};
	struct buf fields = BUF_INIT(CHANNEL_SIZE / 2);
	struct span value;
	size_t i, at;
	int fd, rc;

	for (i = 0; i < nitems(names); i++)
		for (at = 0; frame_next(frame, names[i], &at, &value);)
			buf_addf(
			    &fields, "%s: %.*s\n", names[i], SPAN_ARG(value));
	fd = message_share(&frame->message, span_of(""));
	rc = fd < 0 ? -1
		    : channel_send(scorer->channel, SCORER_MESSAGE,
			  buf_span(&fields), &fd, 1, 0);
	buf_free(&fields);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Waits for the answer until that time.  NULL, or what went wrong. */
static const char *
take(struct scorer *scorer, int64_t deadline, struct score *score)
{
	struct pollfd ready = {.fd = scorer->channel, .events = POLLIN};
	static char letter[CHANNEL_SIZE];
	int fds[CHANNEL_FDS_MAX], rc;
	int64_t left;
	ssize_t n;

	do {
		left = deadline - clock_ms();
		rc = left > 0 ? poll(&ready, 1, (int)left) : 0;
	} while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return "it took too long";
	n = channel_receive(scorer->channel, letter, fds, 0);
	if (n <= 0)
		return "the scorer died";
	if (letter[0] != SCORER_ANSWER || fds[0] >= 0 ||
	    score_read(score, &scorer->arena,
		(struct span){letter + 1, (size_t)n - 1}) < 0)
		return "the scorer's answer is wrong";
	return NULL;
}

const char *
scorer_ask(
    struct scorer *scorer, const struct frame *frame, struct score *score)
{
	int64_t deadline = clock_ms() + (int64_t)scorer->time;
	const char *why;

	arena_reset(&scorer->arena);
	*score = (struct score){0};
	if (scorer->channel < 0 && start(scorer) < 0)
		return strerror(errno);
	if (give(scorer, frame) < 0)
		why = strerror(errno);
	else
		why = take(scorer, deadline, score);
	if (why != NULL)
		scorer_stop(scorer);
	return why;
}
