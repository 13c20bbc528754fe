#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"

#define OUT_KEPT (128 << 10)
#define HANDSHAKE_MS 60000 /* for a handshake, at most */

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
		talk_on(server, conn);
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
		talk_event(server, conn);
		break;
	case CONN_HELD: /* for nothing, so this is the client's end */
		conn_drop(server, conn, "gone");
		break;
	case CONN_WAIT: /* the same */
		crew_forget(server, conn);
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

/* Ends it with 421 and that text, if it can be told so. */
static void
end(struct server *server, struct conn *conn, const char *why, const char *text)
{
	if (conn->state == CONN_HANDSHAKE || conn->state == CONN_PROXY) {
		conn_drop(server, conn, why);
		return;
	}
	if (conn->state == CONN_WAIT)
		crew_forget(server, conn);
	heap_remove(&server->timers, &conn->timer);
	buf_reset(&server->io.out);
	session_end(&conn->visit.session, &server->io, text);
	talk_end(server, conn, why);
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
			talk_resume(server, conn);
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
		if (conn->state == CONN_WAIT) {
			crew_forget(server, conn);
			talk_refuse(server, conn);
		} else if (conn->state == CONN_LINGER)
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
