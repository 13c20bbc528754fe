/*
 * sources: the sockets that somebody else opened for us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accept/accept.h"
#include "base/conf.h"
#include "base/err.h"

#define LISTEN_FDS_START 3 /* sd_listen_fds(3) */

static void
set_close_on_exec(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		fatal("descriptor %d: %s", fd, strerror(errno));
}

/* Takes standard input for what it is; it is /dev/null from then on. */
static void
inherit_stdin(struct accept_sources *sources)
{
	enum listen_kind kind = listen_kind(STDIN_FILENO);
	struct stat in, err;
	int fd, null;

	if (kind == LISTEN_NONE)
		fatal("no -l, and standard input is not a socket");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	null = open("/dev/null", O_RDWR);
	if (fd < 0 || null < 0)
		fatal("cannot open '/dev/null': %s", strerror(errno));
	/* inetd makes the connection standard error, too: no log to clients */
	if (fstat(fd, &in) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
	    in.st_dev == err.st_dev && in.st_ino == err.st_ino)
		dup2(null, STDERR_FILENO);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
	set_close_on_exec(fd);
	if (kind == LISTEN_SOCKET)
		sources->listeners[sources->listener_count++] = fd;
	else
		sources->connection = fd;
}

/* Sockets of systemd: LISTEN_PID and LISTEN_FDS, sd_listen_fds(3). */
static void
inherit_systemd(struct accept_sources *sources)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t count = 0;
	char own[24];
	int fd;

	snprintf(own, sizeof(own), "%ld", (long)getpid());
	if (pid == NULL || fds == NULL || strcmp(pid, own) != 0 ||
	    conf_parse_size(fds, &count) < 0)
		return;
	for (fd = LISTEN_FDS_START;
	     count > 0 && sources->listener_count < ACCEPT_LISTENERS_MAX;
	     fd++, count--) {
		if (listen_kind(fd) != LISTEN_SOCKET)
			fatal("descriptor %d is not a listening socket", fd);
		set_close_on_exec(fd);
		sources->listeners[sources->listener_count++] = fd;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
}

void
sources_inherit(struct accept_sources *sources)
{
	inherit_systemd(sources);
	if (sources->listener_count == 0)
		inherit_stdin(sources);
}
