#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "peer/slots.h"

int
slots_take(const char *path, uint64_t count)
{
	struct flock lock = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	uint64_t i;
	int fd, saved;

	fd = open(
	    path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	errno = EAGAIN;
	for (i = 0; i < count && (errno == EAGAIN || errno == EACCES); i++) {
		lock.l_start = (off_t)i;
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return fd;
	}
	saved = errno == EACCES ? EAGAIN : errno;
	close(fd);
	errno = saved;
	return -1;
}
