/*
 * loadconn: one connection of smtp-load: a socket, a client, and the message
 * that goes through it.
 *
 * The socket is non-blocking.  Octets come through a reader that all
 * connections share: whoever pumps a connection goes on until CLIENT_MORE
 * before he turns to the next one.
 */
#ifndef LOAD_LOADCONN_H
#define LOAD_LOADCONN_H

#include <netdb.h>
#include <sys/socket.h>

#include "load/loadmail.h"
#include "smtp/client.h"

struct loadconn_address {
	struct sockaddr_storage sa;
	socklen_t len; /* 0 if there is none */
};

struct loadconn_reader {
	struct span input; /* not yet taken, in octets */
	bool closed;       /* the peer has closed: read to the end */
	bool drained;      /* no more to read until the next event */
	char octets[16384];
};

struct loadconn {
	int fd; /* -1 if there is none */
	struct client client;
	bool greeted;  /* 220 has come */
	bool body;     /* the message may be written */
	uint64_t sent; /* of it, head included */
	size_t head_len;
	char head[LOADMAIL_HEAD_SIZE];
	const struct buf *text; /* what follows the head */
};

/* Resolves "host", "host:port", "[v6]:port" (default_port without one; family
 * AF_UNSPEC or the one it must be).  NULL, or what is wrong. */
const char *loadconn_resolve(struct loadconn_address *address, const char *text,
    const char *default_port, int family);

/* A socket that begins to connect, from source if it has a length.  -1 with
 * errno if that cannot be. */
int loadconn_socket(const struct loadconn_address *server,
    const struct loadconn_address *source);

/* Has epoll(7) report it, edge-triggered, under a number.  0, or -1 with
 * errno. */
int loadconn_watch(int epoll, int fd, uint64_t number);

/* Begins a session on such a socket, which the connection owns from now on. */
void loadconn_open(struct loadconn *conn, int fd);
void loadconn_close(struct loadconn *conn);

/* Sets the message that is written after CLIENT_GO. */
void loadconn_message(
    struct loadconn *conn, const struct loadmail *mail, uint64_t serial);

/* Readies the reader for a connection that epoll(7) reported, perhaps as
 * closed by the peer. */
void loadconn_turn(struct loadconn_reader *reader, bool closed);

/* Writes what is to be written, reads what there is, up to an event.  A lost
 * connection is CLIENT_BROKEN too. */
enum client_event loadconn_next(
    struct loadconn *conn, struct loadconn_reader *reader);

/* The message is all written. */
bool loadconn_sent_all(const struct loadconn *conn);

#endif
