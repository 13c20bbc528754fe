/*
 * listen: where connections come from.
 */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define LISTEN_NAME_SIZE (INET6_ADDRSTRLEN + 8)

/* What an inherited descriptor is. */
enum listen_kind {
	LISTEN_NONE,      /* no socket of a stream protocol */
	LISTEN_SOCKET,    /* a listening socket (s6, systemd, inetd wait) */
	LISTEN_CONNECTION /* one connection (inetd nowait, tcpserver) */
};

/* Binds "ADDRESS:PORT" ("0.0.0.0:25", "[::]:25", numbers only) and listens;
 * ":25" is every address of IPv4 and, if the kernel has it, of IPv6.
 * The socket is close-on-exec and non-blocking.  Returns it, or -1 with errno
 * (EINVAL if the text is not such an address). */
int listen_open(const char *text);

/* Asks the kernel what fd is. */
enum listen_kind listen_kind(int fd);

/* Whether only this machine can reach the socket: its own address is one of
 * loopback. */
bool listen_is_local(int fd);

/* Takes a connection: close-on-exec, non-blocking.  -1 with errno. */
int listen_accept(int fd, struct sockaddr_storage *peer);

/* The address of a peer as text, an IPv4-mapped one as IPv4; "unknown" if it
 * has none.  Returns the port, or 0. */
unsigned listen_name(
    const struct sockaddr_storage *peer, char name[LISTEN_NAME_SIZE]);

#endif
