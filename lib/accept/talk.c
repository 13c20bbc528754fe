/*
 * talk: a connection that talks: what the client says goes to the session, what
 * the session says to the client, and then comes what both led to: a worker for
 * the message, TLS, a delay, the end.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "accept/server.h"
#include "base/clock.h"

#define TARPIT_MS 30000 /* the longest delay of a connection that guesses */

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

/* Does nothing with it until then, or until talk_resume(). */
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
		crew_take(server, conn);
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

void
talk_on(struct server *server, struct conn *conn)
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
talk_resume(struct server *server, struct conn *conn)
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
	talk_on(server, conn);
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
	talk_on(server, conn);
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
talk_event(struct server *server, struct conn *conn)
{
	if (conn->out.len > 0)
		send_rest(server, conn);
	else
		read_some(server, conn);
}

void
talk_refuse(struct server *server, struct conn *conn)
{
	struct session_io *io = &server->io;

	buf_reset(&io->out);
	session_refuse(&conn->visit.session, io, "451 4.3.2 Too busy");
	if (flush(server, conn) < 0)
		conn_drop(server, conn, "gone");
	else
		talk_resume(server, conn);
}

void
talk_end(struct server *server, struct conn *conn, const char *why)
{
	conn->visit.end = why;
	if (flush(server, conn) <= 0)
		conn_drop(server, conn, why);
	else
		finish(server, conn);
}
