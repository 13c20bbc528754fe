#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"

/* Waits until fd is ready for events.  0, or -1 with errno. */
static int
wait_ready(int fd, short events, int64_t deadline)
{
	struct pollfd pfd = {.fd = fd, .events = events};
	int n;

	for (;;) {
		n = poll(&pfd, 1, clock_left(deadline));
		if (n > 0)
			return 0;
		if (n == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (errno != EINTR)
			return -1;
	}
}

void
io_in_init(struct io_in *in, int fd)
{
	*in = (struct io_in){.fd = fd, .deadline = CLOCK_NEVER};
}

void
io_in_free(struct io_in *in)
{
	free(in->buf);
	in->buf = NULL;
	in->pos = in->len = 0;
}

ssize_t
io_in_fill(struct io_in *in, size_t want)
{
	ssize_t n;

	if (in->buf == NULL && (in->buf = malloc(IO_IN_SIZE)) == NULL)
		fatal("out of memory");
	if (in->pos == in->len)
		in->pos = in->len = 0;
	if (in->pos + want > IO_IN_SIZE) {
		memmove(in->buf, in->buf + in->pos, in->len - in->pos);
		in->len -= in->pos;
		in->pos = 0;
	}
	while (in->len - in->pos < want) {
		if (in->deadline != CLOCK_NEVER &&
		    wait_ready(in->fd, POLLIN, in->deadline) < 0)
			return -1;
		n = read(in->fd, in->buf + in->len, IO_IN_SIZE - in->len);
		if (n == 0)
			break;
		if (n > 0)
			in->len += (size_t)n;
		else if (errno == EAGAIN) {
			if (wait_ready(in->fd, POLLIN, in->deadline) < 0)
				return -1;
		} else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)(in->len - in->pos);
}

int
io_in_line(struct io_in *in, size_t max, struct span *line)
{
	const char *start, *lf;
	size_t seen = 0;
	ssize_t have;

	have = (ssize_t)(in->len - in->pos);
	for (;;) {
		start = in->buf + in->pos;
		lf = have > (ssize_t)seen
			 ? memchr(start + seen, '\n', (size_t)have - seen)
			 : NULL;
		if (lf != NULL && (size_t)(lf - start) <= max) {
			*line = (struct span){start, (size_t)(lf - start)};
			in->pos += line->len + 1;
			return 1;
		}
		seen = (size_t)have;
		if (lf != NULL || seen > max) {
			errno = EMSGSIZE;
			return -1;
		}
		have = io_in_fill(in, seen + 1);
		if (have < 0)
			return -1;
		if ((size_t)have == seen) {
			errno = EPIPE;
			return seen == 0 ? 0 : -1;
		}
	}
}

int
io_writev(int fd, struct iovec *vec, int count, int64_t deadline)
{
	ssize_t n;

	while (count > 0) {
		n = writev(fd, vec, count);
		if (n < 0 && errno == EAGAIN) {
			if (wait_ready(fd, POLLOUT, deadline) < 0)
				return -1;
		} else if (n < 0 && errno != EINTR)
			return -1;
		for (; count > 0 && n >= (ssize_t)vec->iov_len; vec++, count--)
			n -= (ssize_t)vec->iov_len;
		if (count > 0 && n > 0) {
			vec->iov_base = (char *)vec->iov_base + n;
			vec->iov_len -= (size_t)n;
		}
	}
	return 0;
}

int
io_write(int fd, const void *p, size_t len, int64_t deadline)
{
	struct iovec vec = {.iov_base = (void *)(uintptr_t)p, .iov_len = len};

	return io_writev(fd, &vec, 1, deadline);
}

int
io_close_stdout(void)
{
	return close(STDOUT_FILENO);
}
