#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"

#define OUT_KEPT (128 << 10)
#define HANDSHAKE_MS 60000 /* for a handshake, at most */
#define TARPIT_MS 30000    /* the longest delay of a connection that guesses */

void
conn_release(struct server *server, struct conn *conn)
{
	asker_cancel(server, conn);
	gate_leave(server->gate, &conn->guest);
	heap_remove(&server->timers, &conn->timer);
	source_forget(server->epoll, &conn->source);
	stream_drop(&conn->visit.stream);
	conn->source.kind = SOURCE_GONE;
	if (conn->previous != NULL)
		conn->previous->next = conn->next;
	else
		server->conns = conn->next;
	if (conn->next != NULL)
		conn->next->previous = conn->previous;
	conn->next = server->gone_conns;
	server->gone_conns = conn;
	server->conn_count--;
}

void
conn_drop(struct server *server, struct conn *conn, const char *why)
{
	if (conn->visit.end == NULL)
		conn->visit.end = why;
	visit_log(&conn->visit);
	conn_release(server, conn);
}

void
conn_free_gone(struct server *server)
{
	struct conn *conn;

	while ((conn = server->gone_conns) != NULL) {
		server->gone_conns = conn->next;
		visit_free(&conn->visit);
		buf_free(&conn->out);
		free(conn->recipient);
		free(conn);
	}
}

/* Sends replies.  1 when all are sent, 0 if the socket is full, -1 if it is
 * gone. */
static int
send_out(struct conn *conn, struct buf *out)
{
	size_t at = 0;
	ssize_t n;

	while (at < out->len) {
		n = stream_write(
		    &conn->visit.stream, out->p + at, out->len - at);
		if (n < 0 && errno != EAGAIN)
			return -1;
		if (n < 0)
			break;
		at += (size_t)n;
	}
	buf_cut(out, at);
	return out->len == 0;
}

/* Sends what the session said: straight from the shared buffer, and what the
 * socket does not take from a buffer of the connection's own. */
static int
flush(struct server *server, struct conn *conn)
{
	struct buf *said = &server->io.out;
	int rc;

	if (conn->out.len == 0) {
		rc = send_out(conn, said);
		if (rc != 0)
			return rc;
	}
	if (!buf_addspan(&conn->out, buf_span(said)))
		return -1;
	buf_reset(said);
	return send_out(conn, &conn->out);
}

/* The last reply is sent.  A socket that is closed with unread octets in it is
 * reset, and the client may lose the reply; so unless this was an orderly end
 * we wait for a moment. */
static void
finish(struct server *server, struct conn *conn)
{
	stream_goodbye(&conn->visit.stream);
	if (conn->visit.session.quit && server->io.in_len == 0) {
		conn_drop(server, conn, "quit");
		return;
	}
	if (conn->visit.end == NULL)
		conn->visit.end = "error";
	/* those who come need the room more than those who go */
	if (server->conn_count * 10 >= server->accept->connections * 9) {
		conn_drop(server, conn, NULL);
		return;
	}
	gate_leave(server->gate, &conn->guest);
	shutdown(conn->source.fd, SHUT_WR);
	conn->state = CONN_LINGER;
	conn->deadline = clock_ms() + ACCEPT_LINGER_MS;
	source_watch(server->epoll, &conn->source, EPOLLIN);
}

static void
handshake(struct server *server, struct conn *conn)
{
	struct stream *stream = &conn->visit.stream;

	switch (stream_handshake(stream)) {
	case 1:
		session_secured(&conn->visit.session);
		gate_active(server->gate, &conn->guest);
		if (server->accept->implicit_tls) {
			greet_now(server, conn);
			return;
		}
		conn->state = CONN_TALK;
		conn->progress = clock_ms();
		buf_reset(&server->io.out);
		server->io.in_len = 0;
		conn_talk(server, conn);
		return;
	case 0:
		source_watch(server->epoll, &conn->source,
		    stream->waiting == POLLOUT ? EPOLLOUT : EPOLLIN);
		return;
	default:
		conn_drop(server, conn, "tls");
	}
}

void
conn_begin_handshake(struct server *server, struct conn *conn)
{
	if (stream_secure(&conn->visit.stream, server->accept->tls) < 0) {
		conn_drop(server, conn, "tls");
		return;
	}
	conn->state = CONN_HANDSHAKE;
	conn->after = SESSION_MORE;
	conn->progress = clock_ms();
	source_watch(server->epoll, &conn->source, EPOLLIN);
}

/* A message is about to come: to a worker, or into the queue for one. */
static void
wait_for_worker(struct server *server, struct conn *conn)
{
	conn->state = CONN_WAIT;
	conn->deadline = clock_ms() + (int64_t)server->accept->wait;
	/* nobody overtakes those who only wait for the next fork */
	if (!server->fork_wanted && crew_hand_over(server, conn))
		return;
	source_watch(server->epoll, &conn->source, 0);
	conn->next_waiting = NULL;
	*server->waiting_end = conn;
	server->waiting_end = &conn->next_waiting;
}

/* Does nothing with it until then, or until conn_resume(). */
static void
hold(struct server *server, struct conn *conn, int64_t until)
{
	conn->state = CONN_HELD;
	conn->timer.when = until;
	heap_add(&server->timers, &conn->timer);
	source_watch(server->epoll, &conn->source, 0);
}

/* Who guesses recipients waits longer each time: 1 s, 2 s, 4 s ... */
static int64_t
tarpit_ms(const struct server *server, const struct conn *conn)
{
	int64_t delay = (int64_t)server->accept->tarpit;
	unsigned n;

	for (n = conn->visit.session.recipients_refused; n > 2; n--)
		if (delay < TARPIT_MS)
			delay *= 2;
	return n < 2 ? 0 : delay < TARPIT_MS ? delay : TARPIT_MS;
}

/* For how long it is held. */
static int64_t
hold_until(const struct server *server, const struct conn *conn)
{
	if (conn->recipient != NULL)
		return prober_patience(server, conn);
	return conn->visit.session.hold ? conn->lists_until
					: clock_ms() + tarpit_ms(server, conn);
}

/* Does what was to be done when all replies are sent.  true if it is to talk
 * on. */
static bool
after_flush(struct server *server, struct conn *conn)
{
	switch (conn->after) {
	case SESSION_DATA:
		wait_for_worker(server, conn);
		return false;
	case SESSION_TLS:
		conn_begin_handshake(server, conn);
		return false;
	case SESSION_HOLD:
		hold(server, conn, hold_until(server, conn));
		return false;
	case SESSION_CLOSE:
		finish(server, conn);
		return false;
	default:
		return true;
	}
}

/* Answers one RCPT.  true if it, or the next one, has to wait. */
static bool
answer_recipient(struct server *server, struct conn *conn)
{
	struct visit *visit = &conn->visit;

	if (!prober_recipient(server, conn))
		return true;
	if (visit->unknown == 0)
		return false;
	gate_note_bad(server->gate, &conn->guest, visit->unknown, clock_ms());
	visit->unknown = 0;
	return tarpit_ms(server, conn) > 0 &&
	       visit->session.state != STATE_CLOSED;
}

/* Runs the session on the input at hand; what must wait is kept. */
static enum session_event
run_session(struct server *server, struct conn *conn)
{
	struct session *session = &conn->visit.session;
	unsigned commands = session->commands;
	enum session_event event;

	/* one that has waited is answered first */
	event = conn->recipient != NULL ? SESSION_RECIPIENT
					: session_step(session, &server->io);
	for (; event == SESSION_RECIPIENT;
	     event = session_step(session, &server->io))
		if (answer_recipient(server, conn)) {
			event = SESSION_HOLD;
			break;
		}
	if (event == SESSION_DATA || event == SESSION_HOLD)
		buf_add(&conn->visit.in, server->io.in, server->io.in_len);
	if (session->commands != commands) {
		conn->progress = clock_ms();
		gate_active(server->gate, &conn->guest);
	}
	return event;
}

/* Runs the session on the input at hand and sends what it says; then waits for
 * the client, or does what comes next. */
void
conn_talk(struct server *server, struct conn *conn)
{
	int rc;

	conn->after = run_session(server, conn);
	rc = flush(server, conn);
	if (rc < 0)
		conn_drop(server, conn, "gone");
	else if (rc == 0)
		source_watch(server->epoll, &conn->source, EPOLLOUT);
	else if (after_flush(server, conn))
		source_watch(server->epoll, &conn->source, EPOLLIN);
}

void
conn_resume(struct server *server, struct conn *conn)
{
	struct session_io *io = &server->io;

	heap_remove(&server->timers, &conn->timer);
	conn->state = CONN_TALK;
	conn->progress = clock_ms();
	buf_reset(&io->out);
	io->in = server->input;
	io->in_len = conn->visit.in.len;
	memcpy(io->in, buf_str(&conn->visit.in), io->in_len);
	buf_free(&conn->visit.in);
	conn_talk(server, conn);
}

/* One read an event: nobody gets more than his turn.  OpenSSL is read in
 * portions larger than a TLS record, so nothing is left inside it that epoll
 * would not know of. */
static void
read_some(struct server *server, struct conn *conn)
{
	ssize_t n;

	n = stream_read(&conn->visit.stream, server->input, ACCEPT_INPUT_SIZE);
	if (n < 0 && errno == EAGAIN) {
		source_watch(server->epoll, &conn->source,
		    conn->visit.stream.waiting == POLLOUT ? EPOLLOUT : EPOLLIN);
		return;
	}
	if (n <= 0) {
		conn_drop(server, conn, "gone");
		return;
	}
	server->io.in = server->input;
	server->io.in_len = (size_t)n;
	buf_reset(&server->io.out);
	conn_talk(server, conn);
}

static void
stop_waiting(struct server *server, const struct conn *conn)
{
	struct conn **link = &server->waiting;

	while (*link != NULL && *link != conn)
		link = &(*link)->next_waiting;
	if (*link == NULL)
		return;
	*link = conn->next_waiting;
	if (*link == NULL)
		server->waiting_end = link;
}

struct conn *
conn_new(struct server *server, int fd)
{
	struct conn *conn;

	conn = calloc(1, sizeof(*conn));
	if (conn == NULL)
		fatal("out of memory");
	visit_init(&conn->visit, server->accept);
	conn->visit.stream.fd = fd;
	buf_init(&conn->out, OUT_KEPT);
	conn->source = (struct source){SOURCE_CONN, fd, 0, false};
	conn->next = server->conns;
	if (conn->next != NULL)
		conn->next->previous = conn;
	server->conns = conn;
	server->conn_count++;
	return conn;
}

/* Sends the rest of replies that the socket did not take at first. */
static void
send_rest(struct server *server, struct conn *conn)
{
	int rc;

	rc = send_out(conn, &conn->out);
	if (rc < 0)
		conn_drop(server, conn, "gone");
	else if (rc > 0) {
		buf_free(&conn->out);
		if (after_flush(server, conn))
			source_watch(server->epoll, &conn->source, EPOLLIN);
	}
}

void
conn_event(struct server *server, struct conn *conn)
{
	ssize_t n;

	switch (conn->state) {
	case CONN_PROXY:
	case CONN_GREET:
		greet_event(server, conn);
		break;
	case CONN_HANDSHAKE:
		handshake(server, conn);
		break;
	case CONN_TALK:
		if (conn->out.len > 0)
			send_rest(server, conn);
		else
			read_some(server, conn);
		break;
	case CONN_HELD: /* for nothing, so this is the client's end */
		conn_drop(server, conn, "gone");
		break;
	case CONN_WAIT: /* the same */
		stop_waiting(server, conn);
		conn_drop(server, conn, "gone");
		break;
	case CONN_LINGER:
		n = read(conn->source.fd, server->input, ACCEPT_INPUT_SIZE);
		if (n > 0)
			conn->dropped += (size_t)n;
		if (n == 0 || conn->dropped > ACCEPT_LINGER_SIZE ||
		    (n < 0 && errno != EAGAIN && errno != EINTR))
			conn_drop(server, conn, NULL);
		break;
	}
}

/* No worker in time: says so, and takes up what the client said after it. */
static void
refuse(struct server *server, struct conn *conn)
{
	struct session_io *io = &server->io;

	stop_waiting(server, conn);
	buf_reset(&io->out);
	session_refuse(&conn->visit.session, io, "451 4.3.2 Too busy");
	if (flush(server, conn) < 0)
		conn_drop(server, conn, "gone");
	else
		conn_resume(server, conn);
}

void
conn_end_with(struct server *server, struct conn *conn, const char *why)
{
	conn->visit.end = why;
	if (flush(server, conn) <= 0)
		conn_drop(server, conn, why);
	else
		finish(server, conn);
}

/* Ends it with 421 and that text, if it can be told so. */
static void
end(struct server *server, struct conn *conn, const char *why, const char *text)
{
	if (conn->state == CONN_HANDSHAKE || conn->state == CONN_PROXY) {
		conn_drop(server, conn, why);
		return;
	}
	if (conn->state == CONN_WAIT)
		stop_waiting(server, conn);
	heap_remove(&server->timers, &conn->timer);
	buf_reset(&server->io.out);
	session_end(&conn->visit.session, &server->io, text);
	conn_end_with(server, conn, why);
}

void
conn_make_room(struct server *server)
{
	struct gate_guest *guest;
	struct conn *conn;

	guest = gate_victim(server->gate);
	if (guest == NULL)
		return;
	conn = (struct conn *)((char *)guest - offsetof(struct conn, guest));
	end(server, conn, "evicted", "4.7.0 Too many connections");
	/* there is no room to wait until it has read this */
	if (conn->source.kind == SOURCE_CONN)
		conn_drop(server, conn, NULL);
}

void
conn_timers(struct server *server, int64_t now)
{
	struct heap_item *first;
	struct conn *conn;

	while ((first = heap_first(&server->timers)) != NULL &&
	       first->when <= now) {
		heap_remove(&server->timers, first);
		conn = (struct conn *)((char *)first -
				       offsetof(struct conn, timer));
		if (conn->state == CONN_GREET)
			greet_now(server, conn);
		else {
			asker_cancel(server, conn);
			conn->visit.session.hold = false;
			conn_resume(server, conn);
		}
	}
}

static bool
is_late(const struct server *server, const struct conn *conn, int64_t now)
{
	int64_t patience = server->patience;

	switch (conn->state) {
	case CONN_GREET:
	case CONN_HELD:
		return false;
	case CONN_HANDSHAKE:
		if (patience > HANDSHAKE_MS)
			patience = HANDSHAKE_MS;
		return now >= conn->progress + patience;
	case CONN_TALK:
		return now >= conn->progress + patience;
	default:
		return now >= conn->deadline;
	}
}

void
conn_sweep(struct server *server, int64_t now)
{
	struct conn *conn, *next;

	for (conn = server->conns; conn != NULL; conn = next) {
		next = conn->next;
		if (!is_late(server, conn, now))
			continue;
		if (conn->state == CONN_WAIT)
			refuse(server, conn);
		else if (conn->state == CONN_LINGER)
			conn_drop(server, conn, NULL);
		else
			end(server, conn, "timeout", "4.4.2 Timeout");
	}
}

void
conn_stop_all(struct server *server)
{
	struct conn *conn, *next;

	for (conn = server->conns; conn != NULL; conn = next) {
		next = conn->next;
		if (conn->state != CONN_LINGER)
			end(server, conn, "stop", "4.3.2 Going down");
	}
}
