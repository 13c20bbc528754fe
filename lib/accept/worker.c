/*
 * worker: serves a connection from its first DATA on.
 *
 * A worker blocks: on the client, on the loop while it waits for a pipeline,
 * and on the pipeline.  It holds one only from the moment that the message is
 * here as a whole until the verdict, so that a slow client costs a process
 * and no pipeline.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept/accept.h"
#include "accept/confine.h"
#include "accept/intake.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/scan.h"
#include "net/channel.h"

#define STOP_MS 30000   /* for a message to arrive once we are to stop */
#define VISITS_MAX 1000 /* then a fresh worker takes over */
#define HURRY_MS 10000  /* for a command when others wait */
#define OCTETS_MIN 256  /* of a message each second, on the average */

struct worker {
	const struct accept *accept;
	int channel;
	struct session_io io;
	struct intake intake;
	int64_t began;     /* when the command or message at hand did */
	unsigned commands; /* that were over then */
	char *input;       /* ACCEPT_INPUT_SIZE octets */
	char *letter;      /* CHANNEL_SIZE octets */
};

static volatile sig_atomic_t stopping, hurried;

static void
on_signal(int signum)
{
	if (signum == SIGUSR1)
		hurried = 1;
	else
		stopping = 1;
}

static int64_t
patience(const struct visit *visit)
{
	return hurried && visit->patience > HURRY_MS ? HURRY_MS
						     : visit->patience;
}

/* Until when the client must say more.  A whole command has its time, however
 * many octets it comes in; a message must come at some speed, and without
 * longer pauses. */
static int64_t
deadline_of(
    const struct worker *worker, const struct visit *visit, int64_t asked)
{
	const struct session *session = &visit->session;
	int64_t whole, pause = asked + patience(visit);

	whole = worker->began + patience(visit);
	if (session->state == STATE_DATA || session->state == STATE_CHUNK)
		whole += (int64_t)(session->octets * 1000 / OCTETS_MIN);
	if (stopping && whole > asked + STOP_MS)
		whole = asked + STOP_MS;
	return whole < pause ? whole : pause;
}

/* Waits for the client.  false when time is up or a signal says to stop. */
static bool
wait_client(const struct stream *stream, int64_t deadline)
{
	struct pollfd pfd = {.fd = stream->fd, .events = stream->waiting};

	return poll(&pfd, 1, clock_left(deadline)) > 0;
}

/* Sends all replies.  0, or -1 with errno. */
static int
flush(struct worker *worker, struct visit *visit)
{
	int64_t deadline = clock_ms() + patience(visit);
	struct buf *out = &worker->io.out;
	size_t at = 0;
	ssize_t n;

	while (at < out->len) {
		n = stream_write(&visit->stream, out->p + at, out->len - at);
		if (n >= 0)
			at += (size_t)n;
		else if (errno != EAGAIN)
			return -1;
		else if (!wait_client(&visit->stream, deadline) &&
			 clock_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	buf_reset(out);
	return 0;
}

/* Between commands a worker that is told to stop says 421; while a message
 * arrives it waits for the rest, but not for long. */
static int
read_more(struct worker *worker, struct visit *visit)
{
	struct session *session = &visit->session;
	int64_t deadline, asked = clock_ms();
	ssize_t n;

	if (session->commands != worker->commands) {
		worker->commands = session->commands;
		worker->began = asked;
	}
	for (;;) {
		deadline = deadline_of(worker, visit, asked);
		if (stopping && session->state == STATE_COMMAND) {
			visit->end = "stop";
			session_end(session, &worker->io, "4.3.2 Going down");
			flush(worker, visit);
			return -1;
		}
		n = stream_read(
		    &visit->stream, worker->input, ACCEPT_INPUT_SIZE);
		if (n > 0) {
			worker->io.in = worker->input;
			worker->io.in_len = (size_t)n;
			return 0;
		}
		if (n == 0 || errno != EAGAIN) {
			visit->end = "gone";
			return -1;
		}
		if (!wait_client(&visit->stream, deadline) &&
		    clock_left(deadline) == 0) {
			visit->end = "timeout";
			session_end(session, &worker->io, "4.4.2 Timeout");
			flush(worker, visit);
			return -1;
		}
	}
}

static int
handshake(struct worker *worker, struct visit *visit)
{
	int64_t deadline = clock_ms() + patience(visit);
	int rc;

	if (stream_secure(&visit->stream, worker->accept->tls) < 0)
		return -1;
	while ((rc = stream_handshake(&visit->stream)) == 0)
		if (!wait_client(&visit->stream, deadline) &&
		    clock_left(deadline) == 0)
			return -1;
	if (rc < 0)
		return -1;
	session_secured(&visit->session);
	return 0;
}

/* The first one's address. */
static struct span
first_recipient(const struct session *session)
{
	struct scan scan;

	scan_init(&scan, buf_span(&session->recipients));
	scan_until(&scan, ' ');
	return scan_until(&scan, '\n');
}

static void
answer(struct worker *worker, struct visit *visit)
{
	const char *reply;

	visit->octets += message_size(&worker->intake.frame.message);
	reply = intake_finish(&worker->intake, visit);
	/* who writes to another node's people is no line on our disk */
	if (visit->session.route == ROUTE_LOCAL) {
		visit_note(visit, "from", buf_span(&visit->session.sender));
		visit_note(visit, "to", first_recipient(&visit->session));
	}
	visit_note_reply(visit, reply);
	visit->done += reply[0] == '2';
	visit->deferred += reply[0] == '4';
	visit->rejected += reply[0] == '5';
	session_answer(&visit->session, &worker->io, reply);
	worker->began = clock_ms();
}

/* Asks the loop, which answers after a while in any case. */
static enum owner_state
look(void *context, const char *node)
{
	struct worker *worker = context;
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	if (channel_send(
		worker->channel, ASK_OWNER, span_of(node), NULL, 0, 0) < 0)
		return OWNER_UNKNOWN;
	do
		n = channel_receive(worker->channel, worker->letter, fds, 0);
	while (n < 0 && errno == EINTR);
	if (n != 2 || worker->letter[0] != TELL_OWNER)
		return OWNER_UNKNOWN;
	switch (worker->letter[1] - '0') {
	case OWNER_UP:
		return OWNER_UP;
	case OWNER_DOWN:
		return OWNER_DOWN;
	default:
		return OWNER_UNKNOWN;
	}
}

/* Acts on one event.  0, or -1 if the visit is over. */
static int
act(struct worker *worker, struct visit *visit, enum session_event what)
{
	struct session_io *io = &worker->io;

	switch (what) {
	case SESSION_MORE:
		if (flush(worker, visit) == 0)
			return read_more(worker, visit);
		visit->end = "gone";
		return -1;
	case SESSION_RECIPIENT:
		accept_recipient(worker->accept, visit, io, look, worker);
		return 0;
	case SESSION_DATA:
		intake_reset(&worker->intake);
		session_receive(&visit->session, io);
		return 0;
	case SESSION_BODY:
		intake_add(&worker->intake, io->body);
		return 0;
	case SESSION_MESSAGE:
		answer(worker, visit);
		return 0;
	case SESSION_TLS:
		if (flush(worker, visit) == 0 && handshake(worker, visit) == 0)
			return 0;
		visit->end = "tls";
		return -1;
	case SESSION_HOLD: /* the loop has waited for what it was about */
		visit->session.hold = false;
		return 0;
	case SESSION_CLOSE:
		visit->end = visit->session.quit ? "quit" : "error";
		flush(worker, visit);
		return -1;
	}
	return -1;
}

/* A socket that is closed with unread octets in it is reset, and the client may
 * lose our last reply: so read on for a moment. */
static void
linger(struct worker *worker, struct visit *visit)
{
	int64_t deadline = clock_ms() + ACCEPT_LINGER_MS;
	size_t dropped = 0;
	ssize_t n;

	shutdown(visit->stream.fd, SHUT_WR);
	visit->stream.waiting = POLLIN;
	while (dropped < ACCEPT_LINGER_SIZE && clock_left(deadline) > 0) {
		n = read(visit->stream.fd, worker->input, ACCEPT_INPUT_SIZE);
		if (n > 0)
			dropped += (size_t)n;
		else if (n == 0 || errno != EAGAIN ||
			 !wait_client(&visit->stream, deadline))
			break;
	}
}

static void
serve(struct worker *worker, struct visit *visit)
{
	struct session_io *io = &worker->io;

	hurried = 0;
	worker->began = clock_ms();
	worker->commands = visit->session.commands;
	buf_reset(&io->out);
	memcpy(worker->input, buf_str(&visit->in), visit->in.len);
	io->in = worker->input;
	io->in_len = visit->in.len;
	/* the loop stopped at the event that brought us here */
	if (act(worker, visit, SESSION_DATA) == 0)
		while (
		    act(worker, visit, session_step(&visit->session, io)) == 0)
			continue;
	stream_goodbye(&visit->stream);
	if (!visit->session.quit || io->in_len > 0)
		linger(worker, visit);
	visit_log(visit);
	intake_reset(&worker->intake);
	stream_drop(&visit->stream);
	visit_free(visit);
}

/* Tells the loop that we are free and waits for the next visit.  0, or -1 if
 * there will be none. */
static int
next_visit(struct worker *worker, struct visit *visit)
{
	struct visit_report report = {visit->done, visit->unknown};
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	if (stopping ||
	    channel_send(worker->channel, ASK_VISIT,
		(struct span){(const char *)&report, sizeof(report)}, NULL, 0,
		0) < 0)
		return -1;
	n = channel_receive(worker->channel, worker->letter, fds, 0);
	if (n <= 0 || worker->letter[0] != TELL_VISIT || fds[0] < 0 ||
	    visit_unpack(visit, worker->accept,
		(struct span){worker->letter + 1, (size_t)n - 1}) < 0)
		return -1;
	visit->stream.fd = fds[0];
	return 0;
}

/* Leaves open only standard input, output and error and the two. */
static void
close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b);
	unsigned high = (unsigned)(a < b ? b : a);

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

_Noreturn void
worker_main(const struct accept *accept, int channel, struct visit *visit)
{
	struct sigaction act = {.sa_handler = on_signal};
	struct worker worker = {.accept = accept, .channel = channel};
	sigset_t none;
	int visits;

	prctl(PR_SET_NAME, "smtp-worker");
	close_others(channel, visit->stream.fd);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGTERM, &act, NULL); /* no SA_RESTART: poll() shall end */
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGUSR1, &act, NULL);
	confine_worker();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	buf_init(&worker.io.out, SESSION_OUT_MAX);
	intake_init(&worker.intake, accept, channel);
	worker.input = malloc(ACCEPT_INPUT_SIZE);
	worker.letter = malloc(CHANNEL_SIZE);
	if (worker.input == NULL || worker.letter == NULL)
		fatal("out of memory");
	visits = 0;
	do
		serve(&worker, visit);
	while (++visits < VISITS_MAX && next_visit(&worker, visit) == 0);
	_exit(STATUS_OK);
}
