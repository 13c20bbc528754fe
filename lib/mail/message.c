#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/message.h"

#define KEEP_MEMORY (128 << 10) /* what message_reset() does not give back */

static void (*veil)(const unsigned char nonce[MESSAGE_NONCE_SIZE],
    uint64_t offset, void *p, size_t len);

void
message_use_veil(void (*use)(const unsigned char nonce[MESSAGE_NONCE_SIZE],
    uint64_t offset, void *p, size_t len))
{
	veil = use;
}

void
message_init(struct message *message)
{
	buf_init(&message->top, MESSAGE_TOP_MAX);
	buf_init(&message->memory, MESSAGE_MEMORY);
	message->file = -1;
	message->length = 0;
	message->memory_max = MESSAGE_MEMORY;
	message->size_max = MESSAGE_SIZE_MAX;
}

void
message_reset(struct message *message)
{
	if (message->file >= 0)
		close(message->file);
	message->file = -1;
	message->length = 0;
	buf_reset(&message->top);
	if (message->memory.cap > KEEP_MEMORY)
		buf_free(&message->memory);
	else
		buf_reset(&message->memory);
}

void
message_free(struct message *message)
{
	message_reset(message);
	buf_free(&message->top);
	buf_free(&message->memory);
}

void
message_move(struct message *message, struct message *other)
{
	message_free(message);
	*message = *other;
	message_init(other);
}

uint64_t
message_size(const struct message *message)
{
	return message->top.len + message->length;
}

/* Writes at the end of the file, which is at that offset.  What the caller has
 * stays as it is. */
static int
file_add(
    const struct message *message, uint64_t offset, const char *p, size_t len)
{
	char copy[32768];
	size_t n;

	if (veil == NULL)
		return io_write(message->file, p, len, CLOCK_NEVER);
	for (; len > 0; p += n, offset += n, len -= n) {
		n = len < sizeof(copy) ? len : sizeof(copy);
		memcpy(copy, p, n);
		veil(message->nonce, offset, copy, n);
		if (io_write(message->file, copy, n, CLOCK_NEVER) < 0)
			return -1;
	}
	return 0;
}

/* Moves what is in memory to a file. */
static int
spill(struct message *message)
{
	if (veil != NULL && getrandom(message->nonce, sizeof(message->nonce),
				0) != (ssize_t)sizeof(message->nonce))
		fatal("cannot get random octets: %s", strerror(errno));
	message->file = file_temp();
	if (message->file < 0 ||
	    file_add(message, 0, message->memory.p, message->memory.len) < 0)
		return -1;
	buf_free(&message->memory);
	return 0;
}

int
message_add(struct message *message, const void *p, size_t len)
{
	if (message->length > message->size_max ||
	    len > message->size_max - message->length) {
		errno = EFBIG;
		return -1;
	}
	if (message->file < 0 && message->length + len > message->memory_max &&
	    spill(message) < 0)
		return -1;
	if (message->file < 0)
		buf_add(&message->memory, p, len);
	else if (file_add(message, message->length, p, len) < 0)
		return -1;
	message->length += len;
	return 0;
}

int
message_prepend(struct message *message, struct span octets)
{
	size_t old = message->top.len;

	if (!buf_room(&message->top, octets.len)) {
		errno = EMSGSIZE;
		return -1;
	}
	memmove(message->top.p + octets.len, message->top.p, old);
	memcpy(message->top.p, octets.p, octets.len);
	message->top.len = old + octets.len;
	message->top.p[message->top.len] = '\0';
	return 0;
}

ssize_t
message_read(
    const struct message *message, uint64_t offset, void *p, size_t len)
{
	ssize_t n;

	if (offset < message->top.len) {
		if (len > message->top.len - offset)
			len = (size_t)(message->top.len - offset);
		memcpy(p, message->top.p + offset, len);
		return (ssize_t)len;
	}
	offset -= message->top.len;
	if (offset >= message->length)
		return 0;
	if (len > message->length - offset)
		len = (size_t)(message->length - offset);
	if (message->file < 0) {
		memcpy(p, message->memory.p + offset, len);
		return (ssize_t)len;
	}
	do
		n = pread(message->file, p, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		errno = EIO;
		return -1;
	}
	if (veil != NULL && n > 0)
		veil(message->nonce, offset, p, (size_t)n);
	return n;
}

bool
message_spans(const struct message *message, struct span spans[2])
{
	spans[0] = buf_span(&message->top);
	spans[1] = buf_span(&message->memory);
	return message->file < 0;
}

int
message_write(const struct message *message, int fd, int64_t deadline)
{
	char chunk[32768];
	uint64_t at = 0;
	ssize_t n;

	while ((n = message_read(message, at, chunk, sizeof(chunk))) > 0) {
		if (io_write(fd, chunk, (size_t)n, deadline) < 0)
			return -1;
		at += (uint64_t)n;
	}
	return n < 0 ? -1 : 0;
}

int
message_share(const struct message *message, struct span head)
{
	uint64_t most = veil != NULL ? MESSAGE_VEILED_MAX : MESSAGE_MEMORY;
	bool small = head.len + message_size(message) <= most;
	int fd, saved;

	if (veil != NULL && !small) {
		errno = EFBIG;
		return -1;
	}
	fd = small ? memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING)
		   : file_temp();
	if (fd < 0)
		return -1;
	if (io_write(fd, head.p, head.len, CLOCK_NEVER) == 0 &&
	    message_write(message, fd, CLOCK_NEVER) == 0 &&
	    (!small || fcntl(fd, F_ADD_SEALS,
			   F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
			       F_SEAL_SEAL) == 0))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
message_take(struct message *message, struct io_in *in)
{
	ssize_t have;

	while ((have = io_in_fill(in, 1)) > 0) {
		if (message_add(message, in->buf + in->pos, (size_t)have) < 0)
			return -1;
		in->pos += (size_t)have;
	}
	return have < 0 ? -1 : 0;
}
