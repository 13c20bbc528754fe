#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/scan.h"
#include "load/loadconn.h"

#define BIND_NO_PORT 24 /* IP_BIND_ADDRESS_NO_PORT of linux/in.h */
#define NAME_MAX_LEN 256

/* Splits text into host and port.  False if it is neither form. */
static bool
split(struct span text, struct span *host, struct span *port)
{
	struct scan scan;
	const char *colon;

	scan_init(&scan, text);
	if (scan_maybe(&scan, '['))
		*host = scan_until(&scan, ']');
	else {
		colon = memchr(text.p, ':', text.len);
		host->p = text.p;
		host->len = colon != NULL ? (size_t)(colon - text.p) : text.len;
		scan.p += host->len;
	}
	if (scan_maybe(&scan, ':'))
		*port = scan_rest(&scan);
	return scan_ok(&scan) && host->len > 0 && port->len > 0 &&
	       memchr(port->p, ':', port->len) == NULL;
}

const char *
loadconn_resolve(struct loadconn_address *address, const char *text,
    const char *default_port, int family)
{
	struct addrinfo hints = {
	    .ai_family = family, .ai_socktype = SOCK_STREAM};
	struct span host, port = span_of(default_port);
	char node[NAME_MAX_LEN], service[NAME_MAX_LEN];
	struct addrinfo *found;
	int rc;

	if (!split(span_of(text), &host, &port) || host.len >= sizeof(node) ||
	    port.len >= sizeof(service))
		return "not of the form host:port or [address]:port";
	snprintf(node, sizeof(node), "%.*s", SPAN_ARG(host));
	snprintf(service, sizeof(service), "%.*s", SPAN_ARG(port));
	rc = getaddrinfo(node, service, &hints, &found);
	if (rc != 0)
		return gai_strerror(rc);
	memcpy(&address->sa, found->ai_addr, found->ai_addrlen);
	address->len = found->ai_addrlen;
	freeaddrinfo(found);
	return NULL;
}

int
loadconn_socket(const struct loadconn_address *server,
    const struct loadconn_address *source)
{
	int fd, one = 1, error;

	fd = socket(server->sa.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* the end of a large message must not wait for an acknowledgement */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (source->len > 0) {
		/* else bind alone would use up the ports, whatever the peer */
		setsockopt(fd, IPPROTO_IP, BIND_NO_PORT, &one, sizeof(one));
		if (bind(fd, (const struct sockaddr *)&source->sa,
			source->len) < 0)
			goto fail;
	}
	if (connect(fd, (const struct sockaddr *)&server->sa, server->len) ==
		0 ||
	    errno == EINPROGRESS)
		return fd;
fail:
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
loadconn_watch(int epoll, int fd, uint64_t number)
{
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
	    .data.u64 = number};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void
loadconn_open(struct loadconn *conn, int fd)
{
	client_reset(&conn->client);
	conn->greeted = conn->body = false;
	conn->fd = fd;
}

void
loadconn_close(struct loadconn *conn)
{
	if (conn->fd >= 0)
		close(conn->fd);
	conn->fd = -1;
}

void
loadconn_message(
    struct loadconn *conn, const struct loadmail *mail, uint64_t serial)
{
	conn->text = &mail->text[serial % mail->texts].wire;
	conn->head_len = loadmail_head(mail, serial, conn->head);
	conn->sent = 0;
}

static enum client_event
lost(struct loadconn *conn, const char *reason)
{
	snprintf(conn->client.text, sizeof(conn->client.text), "%s", reason);
	conn->client.code = 0;
	return CLIENT_BROKEN;
}

bool
loadconn_sent_all(const struct loadconn *conn)
{
	return conn->sent == conn->head_len + conn->text->len;
}

/* What is left of the message, as up to two pieces. */
static int
rest(const struct loadconn *conn, struct iovec vec[2])
{
	uint64_t at = conn->sent;
	int count = 0;

	if (at < conn->head_len) {
		vec[count++] =
		    (struct iovec){(char *)(uintptr_t)conn->head + at,
			conn->head_len - (size_t)at};
		at = conn->head_len;
	}
	at -= conn->head_len;
	if (at < conn->text->len)
		vec[count++] = (struct iovec){
		    conn->text->p + at, conn->text->len - (size_t)at};
	return count;
}

/* Writes what the socket takes.  0, or -1 with errno. */
static int
flush(struct loadconn *conn)
{
	struct buf *out = &conn->client.out;
	struct iovec vec[2];
	ssize_t n;

	while (out->len > 0 || (conn->body && !loadconn_sent_all(conn))) {
		if (out->len > 0)
			n = write(conn->fd, out->p, out->len);
		else
			n = writev(conn->fd, vec, rest(conn, vec));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		if (out->len > 0)
			buf_cut(out, (size_t)n);
		else
			conn->sent += (uint64_t)n;
	}
	return 0;
}

void
loadconn_turn(struct loadconn_reader *reader, bool closed)
{
	reader->input.len = 0;
	reader->closed = closed;
	reader->drained = false;
}

enum client_event
loadconn_next(struct loadconn *conn, struct loadconn_reader *reader)
{
	enum client_event event;
	ssize_t n;

	for (;;) {
		event = client_take(&conn->client, &reader->input);
		if (event != CLIENT_MORE)
			return event;
		/* it has nothing to say before that */
		conn->greeted |= conn->client.out.len > 0;
		if (flush(conn) < 0) {
			/* why, the server may have said before it closed */
			buf_reset(&conn->client.out);
			conn->body = false;
			reader->closed = true;
			reader->drained = false;
		}
		if (reader->drained)
			return CLIENT_MORE;
		n = read(conn->fd, reader->octets, sizeof(reader->octets));
		if (n == 0)
			return lost(conn, "the server closed the connection");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return lost(conn, strerror(errno));
		if (n < 0)
			return CLIENT_MORE;
		reader->input = (struct span){reader->octets, (size_t)n};
		reader->drained =
		    !reader->closed && (size_t)n < sizeof(reader->octets);
	}
}
