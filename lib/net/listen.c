#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/scan.h"
#include "net/listen.h"

#define BACKLOG 4096 /* or what the system allows, if that is less */

/* 0, or -1.  Without a host, *both is set: IPv6 that takes IPv4, too. */
static int
parse(const char *text, struct sockaddr_storage *address, socklen_t *len,
    int *both)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	char host[LISTEN_NAME_SIZE];
	const char *colon;
	struct scan scan;
	in_port_t port;
	size_t n;

	memset(address, 0, sizeof(*address));
	colon = strrchr(text, ':');
	if (colon == NULL)
		return -1;
	scan_init(&scan, span_of(colon + 1));
	port = htons((uint16_t)scan_number(&scan, UINT16_MAX));
	if (!scan_ok(&scan))
		return -1;
	n = (size_t)(colon - text);
	if (n >= sizeof(host))
		return -1;
	*both = n == 0;
	if (n == 0) {
		six->sin6_family = AF_INET6;
		six->sin6_port = port;
		*len = sizeof(*six);
		return 0;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		six->sin6_family = AF_INET6;
		six->sin6_port = port;
		*len = sizeof(*six);
		return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1 ? 0
									   : -1;
	}
	four->sin_family = AF_INET;
	four->sin_port = port;
	*len = sizeof(*four);
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 ? 0 : -1;
}

/* 0, or -1 with errno. */
static int
bind_to(int fd, const struct sockaddr_storage *address, socklen_t len, int both)
{
	int one = 1, only = !both;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* [::] is IPv6 only, whatever the system's default */
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)address, len) < 0)
		return -1;
	return listen(fd, BACKLOG);
}

int
listen_open(const char *text)
{
	struct sockaddr_storage address;
	char four[LISTEN_NAME_SIZE];
	int both, fd, saved;
	socklen_t len;

	if (parse(text, &address, &len, &both) < 0) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(
	    address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 && both && errno == EAFNOSUPPORT) {
		snprintf(four, sizeof(four), "0.0.0.0%s", text);
		return listen_open(four);
	}
	if (fd < 0)
		return -1;
	if (bind_to(fd, &address, len, both) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

enum listen_kind
listen_kind(int fd)
{
	int type = 0, listening = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
	    type != SOCK_STREAM)
		return LISTEN_NONE;
	len = sizeof(listening);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0)
		return LISTEN_NONE;
	return listening ? LISTEN_SOCKET : LISTEN_CONNECTION;
}

bool
listen_is_local(int fd)
{
	struct sockaddr_storage own;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&own;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&own;
	socklen_t len = sizeof(own);

	memset(&own, 0, sizeof(own));
	if (getsockname(fd, (struct sockaddr *)&own, &len) < 0)
		return false;
	if (own.ss_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return own.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

int
listen_accept(int fd, struct sockaddr_storage *peer)
{
	socklen_t len = sizeof(*peer);

	memset(peer, 0, sizeof(*peer));
	return accept4(
	    fd, (struct sockaddr *)peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

unsigned
listen_name(const struct sockaddr_storage *peer, char name[LISTEN_NAME_SIZE])
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *four = (const struct sockaddr_in *)peer;

	if (peer->ss_family == AF_INET) {
		inet_ntop(AF_INET, &four->sin_addr, name, LISTEN_NAME_SIZE);
		return ntohs(four->sin_port);
	}
	if (peer->ss_family == AF_INET6) {
		if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
			inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, name,
			    LISTEN_NAME_SIZE);
		else
			inet_ntop(
			    AF_INET6, &six->sin6_addr, name, LISTEN_NAME_SIZE);
		return ntohs(six->sin6_port);
	}
	snprintf(name, LISTEN_NAME_SIZE, "unknown");
	return 0;
}
