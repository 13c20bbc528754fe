#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"

/* Closes a descriptor.  rc, or -1 with errno: that of rc < 0, else of this. */
static int
close_after(int fd, int rc)
{
	int saved = errno;

	if (close(fd) < 0 && rc == 0)
		return -1;
	errno = saved;
	return rc;
}

/* Appends what can be read from fd, and closes it. */
static int
take_all(int fd, struct buf *buf)
{
	ssize_t n;

	for (;;) {
		if (!buf_room(buf, FILE_READ_ROOM)) {
			errno = EMSGSIZE;
			n = -1;
			break;
		}
		n = read(fd, buf->p + buf->len, FILE_READ_ROOM);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf->len += (size_t)n;
	}
	if (buf->p != NULL)
		buf->p[buf->len] = '\0';
	return close_after(fd, n < 0 ? -1 : 0);
}

int
file_read(const char *path, struct buf *buf)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : take_all(fd, buf);
}

int
file_read_regular(const char *path, struct buf *buf)
{
	struct stat status;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0)
		return close_after(fd, -1);
	if (!S_ISREG(status.st_mode)) {
		errno = EINVAL;
		return close_after(fd, -1);
	}
	return take_all(fd, buf);
}

/* Writes a file that is new, and syncs it.  0, or -1 with errno; then there may
 * be a file. */
static int
write_new(int dir, const char *name, struct span text, mode_t mode)
{
	int fd, rc;

	fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -1;
	rc = io_write(fd, text.p, text.len, CLOCK_NEVER);
	if (rc == 0)
		rc = fsync(fd);
	return close_after(fd, rc);
}

static int
put(int dir, const char *name, struct span text, mode_t mode, bool replace)
{
	char fresh[NAME_MAX + 1];
	int n, rc, saved;

	n = snprintf(fresh, sizeof(fresh), ".%s.new", name);
	if (n < 0 || (size_t)n >= sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* of somebody who died over it */
	if (unlinkat(dir, fresh, 0) < 0 && errno != ENOENT)
		return -1;
	rc = write_new(dir, fresh, text, mode);
	if (rc == 0)
		rc = replace ? renameat(dir, fresh, dir, name)
			     : linkat(dir, fresh, dir, name, 0);
	saved = errno;
	if (rc < 0 || !replace)
		unlinkat(dir, fresh, 0);
	errno = saved;
	return rc < 0 ? -1 : fsync(dir);
}

int
file_replace(int dir, const char *name, struct span text, mode_t mode)
{
	return put(dir, name, text, mode, true);
}

int
file_create(int dir, const char *name, struct span text, mode_t mode)
{
	return put(dir, name, text, mode, false);
}

int
file_only_owner(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

const char *
file_temp_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && *dir != '\0' ? dir : "/var/tmp";
}

int
file_temp(void)
{
	const char *dir = file_temp_dir();
	char path[4096];
	int fd, n;

	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	n = snprintf(path, sizeof(path), "%s/pimail.XXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

void
file_sane_stdio(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			fatal("cannot open '/dev/null'");
}
