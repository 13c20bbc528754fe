#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/hold.h"

static int
check(int fd)
{
	if (file_only_owner(fd) < 0)
		return -1;
	if (faccessat(fd, "cur", F_OK, 0) == 0 ||
	    faccessat(fd, "new", F_OK, 0) == 0) {
		errno = EEXIST;
		return -1;
	}
	return 0;
}

int
hold_open(const char *directory)
{
	int fd, saved;

	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && check(fd) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Writes the frame to a file that is new, and syncs it.  0, or -1 with errno;
 * then there may be a file. */
static int
write_file(int directory, const struct frame *frame, const char *name)
{
	int fd, rc, saved;

	fd = openat(directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = frame_write(frame, fd, CLOCK_NEVER);
	if (rc == 0)
		rc = fsync(fd);
	saved = errno;
	if (close(fd) < 0 && rc == 0)
		return -1;
	errno = saved;
	return rc;
}

int
hold_put(int directory, const struct frame *frame, char name[HOLD_NAME_SIZE])
{
	static unsigned count;
	char dotted[HOLD_NAME_SIZE + 1];
	struct timespec now;
	int saved;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, HOLD_NAME_SIZE, "%jd.%06ld-%jd-%u-%.*s",
	    (intmax_t)now.tv_sec, now.tv_nsec / 1000, (intmax_t)getpid(),
	    ++count, SPAN_ARG(frame_get(frame, "id")));
	snprintf(dotted, sizeof(dotted), ".%s", name);
	if (write_file(directory, frame, dotted) == 0 &&
	    renameat(directory, dotted, directory, name) == 0) {
		if (fsync(directory) == 0)
			return 0;
		saved = errno;
		unlinkat(directory, name, 0);
	} else {
		saved = errno;
		unlinkat(directory, dotted, 0);
	}
	errno = saved;
	return -1;
}
