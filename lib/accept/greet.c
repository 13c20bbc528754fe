/*
 * greet: from accept() to the greeting: who is it, may he come in, does he
 * wait until he is greeted?
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"
#include "smtp/proxy.h"

#define PROXY_MS 5000 /* for the header of a proxy */

static const char refused[] =
    "421 4.7.0 Too many unknown recipients, try again later\r\n";

static bool
is_proxy(const struct accept *accept, const struct sockaddr_storage *peer)
{
	size_t i;

	for (i = 0; i < accept->proxy_count; i++)
		if (network_has(&accept->proxies[i], peer))
			return true;
	return false;
}

/* Sends those away whose source asked for too many unknown recipients: without
 * a line in the log, since there may be very many; the gate counts them. */
static bool
enter(struct server *server, struct conn *conn,
    const struct sockaddr_storage *peer)
{
	if (gate_enter(server->gate, &conn->guest, peer, clock_ms()))
		return true;
	if (!server->accept->implicit_tls)
		send(conn->source.fd, refused, sizeof(refused) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	conn_release(server, conn);
	return false;
}

void
greet_now(struct server *server, struct conn *conn)
{
	conn->state = CONN_TALK;
	conn->progress = clock_ms();
	buf_reset(&server->io.out);
	session_greet(&conn->visit.session, &server->io);
	server->io.in_len = 0;
	talk_on(server, conn);
	/* what an early talker said is taken up when it has been greeted */
	if (conn->source.kind == SOURCE_CONN && conn->state == CONN_TALK &&
	    conn->visit.in.len > 0)
		talk_resume(server, conn);
}

/* We know who it is: he may come in, and is greeted now or later. */
static void
welcome(struct server *server, struct conn *conn,
    const struct sockaddr_storage *peer)
{
	const struct accept *accept = server->accept;
	bool known;

	conn->visit.port = listen_name(peer, conn->visit.name);
	if (!enter(server, conn, peer))
		return;
	known = gate_is_known(&conn->guest, clock_ms());
	if (!known)
		asker_ask(server, conn, peer);
	if (accept->implicit_tls) {
		conn_begin_handshake(server, conn);
		return;
	}
	if (known || accept->greet_delay == 0) {
		greet_now(server, conn);
		return;
	}
	conn->state = CONN_GREET;
	conn->timer.when = clock_ms() + (int64_t)accept->greet_delay;
	heap_add(&server->timers, &conn->timer);
	source_watch(server->epoll, &conn->source, EPOLLIN);
}

void
greet_begin(struct server *server, int fd, const struct sockaddr_storage *peer)
{
	struct conn *conn = conn_new(server, fd);

	if (!is_proxy(server->accept, peer)) {
		welcome(server, conn, peer);
		return;
	}
	conn->visit.port = listen_name(peer, conn->visit.name);
	conn->state = CONN_PROXY;
	conn->deadline = clock_ms() + PROXY_MS;
	source_watch(server->epoll, &conn->source, EPOLLIN);
}

/* Reads no octet behind the header, since a handshake may follow it at once.
 * How many may be read is known from those that came before. */
static void
read_header(struct server *server, struct conn *conn)
{
	struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(peer);
	enum proxy_result result;
	size_t len;
	ssize_t n;

	for (;;) {
		result = proxy_parse(buf_span(&conn->visit.in), &peer, &len);
		if (result != PROXY_MORE)
			break;
		n = read(conn->source.fd, server->input, len);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0 ||
		    !buf_add(&conn->visit.in, server->input, (size_t)n)) {
			conn_drop(server, conn, "gone");
			return;
		}
	}
	buf_free(&conn->visit.in);
	if (result == PROXY_BAD) {
		conn_drop(server, conn, "proxy");
		return;
	}
	if (result == PROXY_LOCAL &&
	    getpeername(conn->source.fd, (struct sockaddr *)&peer, &size) < 0)
		peer.ss_family = AF_UNSPEC;
	welcome(server, conn, &peer);
}

/* Talks before it is greeted, or leaves. */
static void
read_early(struct server *server, struct conn *conn)
{
	ssize_t n;

	n = read(conn->source.fd, server->input, ACCEPT_INPUT_SIZE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_drop(server, conn, "gone");
		return;
	}
	conn->visit.early = true;
	if (server->accept->early_pass) {
		buf_add(&conn->visit.in, server->input, (size_t)n);
		source_watch(server->epoll, &conn->source, 0);
		return;
	}
	heap_remove(&server->timers, &conn->timer);
	buf_reset(&server->io.out);
	buf_adds(&server->io.out, "554 5.5.1 Wait for the greeting\r\n");
	talk_end(server, conn, "early");
}

void
greet_event(struct server *server, struct conn *conn)
{
	if (conn->state == CONN_PROXY)
		read_header(server, conn);
	else if (conn->source.events != 0)
		read_early(server, conn);
	else
		conn_drop(server, conn, "gone"); /* EPOLLHUP */
}
