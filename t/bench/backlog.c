/*
 * backlog: preloaded, gives a server the longest queue of connections that the
 * kernel allows, where that cannot be configured.  OpenSMTPD asks for five: of
 * fifty at once a third would wait for ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>

int
listen(int fd, int backlog)
{
	int (*next)(int, int);

	(void)backlog;
	*(void **)&next = dlsym(RTLD_NEXT, "listen");
	return next(fd, SOMAXCONN);
}
