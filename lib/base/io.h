/*
 * io: whole reads and whole writes.  EINTR, EAGAIN and short counts are known
 * here and nowhere else.
 *
 * Deadlines are points of clock_ms().  They need a descriptor in non-blocking
 * mode to hold for writes; on a blocking one a read still observes them.
 * Passing one is errno ETIMEDOUT.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/span.h"

#define IO_IN_SIZE 65536

/* A buffered reader.  What is in it: in->buf[pos..len). */
struct io_in {
	int fd;
	int64_t deadline; /* of every fill; CLOCK_NEVER if none */
	size_t pos;
	size_t len;
	char *buf; /* IO_IN_SIZE octets, allocated at first use */
};

void io_in_init(struct io_in *in, int fd);
void io_in_free(struct io_in *in);

/* Reads more until at least want (<= IO_IN_SIZE) octets are buffered.  Returns
 * what is buffered: fewer than want only at end of file.  -1: errno. */
ssize_t io_in_fill(struct io_in *in, size_t want);

/* One line without its LF, of at most max octets.  Returns 1; 0 at end of file
 * before the first octet; -1 with errno EMSGSIZE (longer than max), EPIPE (end
 * of file inside the line) or the read's.  The span is good until the next
 * call. */
int io_in_line(struct io_in *in, size_t max, struct span *line);

/* Writes all of it.  0, or -1 with errno.  The vector is used up. */
int io_write(int fd, const void *p, size_t len, int64_t deadline);
int io_writev(int fd, struct iovec *vec, int count, int64_t deadline);

/* Closes standard output and says whether all that was written there is safe:
 * 0, or -1 with errno. */
int io_close_stdout(void);

#endif
