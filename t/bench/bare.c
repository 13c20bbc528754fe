/*
 * bare PORT: a server that understands nothing: it greets, answers the nth line
 * as a refused recipient would be, and closes.  It marks how many connections
 * one process on one core can handle at all.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 20000
#define EVENTS 256

static const char *const replies[] = {
    "220 carol.example.net ESMTP\r\n", "250 carol.example.net\r\n", /* EHLO */
    "250 2.1.0 fine\r\n",                                           /* MAIL */
    "550 5.1.1 no such mailbox\r\n",                                /* RCPT */
    "221 2.0.0 bye\r\n",                                            /* QUIT */
};
#define REPLIES (sizeof(replies) / sizeof(replies[0]))

static unsigned char line[CONNECTIONS]; /* lines that a descriptor has sent */

/* False if the connection is over. */
static int
answer(int fd)
{
	const char *reply = replies[line[fd]++];

	return write(fd, reply, strlen(reply)) > 0 && line[fd] < REPLIES;
}

static void
welcome(int epoll, int listener)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		event.data.fd = fd;
		if (fd < CONNECTIONS)
			line[fd] = 0;
		if (fd >= CONNECTIONS || !answer(fd) ||
		    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			close(fd);
	}
}

static void
serve(int fd)
{
	char octets[4096];
	const char *p = octets, *end;
	ssize_t n = read(fd, octets, sizeof(octets));

	if (n > 0) {
		end = octets + n;
		while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
			if (!answer(fd))
				break;
			p++;
		}
		if (p == NULL)
			return;
	}
	close(fd);
}

int
main(int argc, char **argv)
{
	struct rlimit limit = {CONNECTIONS, CONNECTIONS};
	struct epoll_event events[EVENTS], event = {.events = EPOLLIN};
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener, epoll, n, one = 1;

	if (argc != 2)
		errx(1, "usage: bare port");
	setrlimit(RLIMIT_NOFILE, &limit);
	address.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	epoll = epoll_create1(0);
	event.data.fd = listener;
	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 4096) || epoll < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		err(1, "port %s", argv[1]);
	for (;;) {
		n = epoll_wait(epoll, events, EVENTS, -1);
		while (n-- > 0)
			if (events[n].data.fd == listener)
				welcome(epoll, listener);
			else
				serve(events[n].data.fd);
	}
}
