#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/local.h"

#define BACKLOG 1024 /* or what the system allows, if that is less */

/* Removes a socket that nobody listens on.  0, also if there is none; or -1
 * with errno. */
static int
remove_stale(const struct sockaddr_un *address)
{
	struct stat status;
	int fd, rc;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	/* EAGAIN: its backlog is full */
	if (rc == 0 || errno != ECONNREFUSED) {
		if (rc == 0 || errno == EAGAIN)
			errno = EADDRINUSE;
		rc = errno;
		close(fd);
		errno = rc;
		return -1;
	}
	close(fd);
	return unlink(address->sun_path);
}

int
local_listen(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, rc, saved;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	if (remove_stale(&address) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* nobody else may connect before it is as it shall be */
	mask = umask(0177);
	rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc == 0 && (chown(path, uid, gid) < 0 || chmod(path, mode) < 0)) {
		saved = errno;
		unlink(path);
		errno = saved;
		rc = -1;
	}
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	saved = errno;
	if (rc < 0)
		close(fd);
	errno = saved;
	return rc < 0 ? -1 : fd;
}
