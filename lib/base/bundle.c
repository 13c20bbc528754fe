#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/clock.h"
#include "base/io.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

struct header {
	uint64_t size; /* of the text */
	uint64_t device;
	uint64_t inode;
	uint32_t error;
	uint32_t name; /* octets, with the NUL */
};

int
bundle_create(void)
{
	return memfd_create("bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/* Opens a regular file.  The descriptor, or -1 with errno; the header says
 * which file it is, also if it may not be read. */
static int
open_regular(const char *path, struct header *header)
{
	struct stat status;
	int fd;

	/* look first, since even to open a device may do something */
	if (stat(path, &status) < 0)
		return -1;
	header->device = status.st_dev;
	header->inode = status.st_ino;
	if (!S_ISREG(status.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	/* it may be another one by now */
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	header->device = status.st_dev;
	header->inode = status.st_ino;
	return fd;
}

/* Copies up to the end of the file, wherever that is when we come to it.  0, or
 * -1 with errno; how much was copied is in *size.  It is sendfile(2), since
 * copy_file_range(2) does not go from one kind of file system to another. */
static int
copy(int to, int from, size_t max, uint64_t *size)
{
	ssize_t n;

	while (*size <= max) {
		n = sendfile(to, from, NULL, max + 1 - (size_t)*size);
		if (n == 0)
			return 0;
		if (n > 0)
			*size += (uint64_t)n;
		else if (errno != EINTR)
			return -1;
	}
	errno = EMSGSIZE;
	return -1;
}

/* Copies a file to where fd stands.  What is wrong with it goes into the
 * header.  0, or -1 with errno if it is the bundle that failed. */
static int
add_text(int fd, const char *path, size_t max, struct header *header)
{
	int file, failure;

	file = open_regular(path, header);
	if (file < 0) {
		header->error = (uint32_t)errno;
		return 0;
	}
	failure = copy(fd, file, max, &header->size) < 0 ? errno : 0;
	close(file);
	if (failure == ENOMEM || failure == ENOSPC || failure == EFBIG) {
		errno = failure;
		return -1;
	}
	/* EINVAL is a file system's that has no sendfile(2) */
	header->error = (uint32_t)(failure == EINVAL ? ENOTSUP : failure);
	if (failure != 0)
		header->size = 0;
	return 0;
}

/* Writes the record that begins at start.  The header comes last, for only then
 * its size is known; so a text that grows or shrinks meanwhile is no harm. */
static int
add_record(int fd, off_t start, const char *name, const char *path, size_t max)
{
	struct header header = {.name = (uint32_t)strlen(name) + 1};
	struct iovec parts[] = {
	    {&header, sizeof(header)}, {(void *)(uintptr_t)name, header.name}};
	off_t text = start + (off_t)(sizeof(header) + header.name), end;

	if (lseek(fd, text, SEEK_SET) < 0 ||
	    add_text(fd, path, max, &header) < 0)
		return -1;
	end = text + (off_t)header.size;
	if (end > BUNDLE_MAX) {
		errno = EFBIG;
		return -1;
	}
	if (lseek(fd, start, SEEK_SET) < 0 ||
	    io_writev(fd, parts, nitems(parts), CLOCK_NEVER) < 0)
		return -1;
	return ftruncate(fd, end); /* more may have been copied than counts */
}

int
bundle_add(int fd, const char *name, const char *path, size_t max)
{
	off_t start;
	int saved;

	if (strlen(name) > BUNDLE_NAME_MAX || max > BUNDLE_MAX) {
		errno = EINVAL;
		return -1;
	}
	start = lseek(fd, 0, SEEK_END);
	if (start < 0)
		return -1;
	if (add_record(fd, start, name, path, max) == 0)
		return 0;
	saved = errno;
	(void)!ftruncate(fd, start);
	errno = saved;
	return -1;
}

int
bundle_open(struct bundle *bundle, int fd)
{
	struct stat status;
	void *p = NULL;

	*bundle = (struct bundle){0};
	/* a mapping of a file that somebody cuts off would kill us */
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0 || fstat(fd, &status) < 0)
		return -1;
	if (status.st_size > BUNDLE_MAX) {
		errno = EBADMSG;
		return -1;
	}
	if (status.st_size > 0)
		p = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE,
		    fd, 0);
	if (p == MAP_FAILED)
		return -1;
	bundle->p = p;
	bundle->len = (size_t)status.st_size;
	return 0;
}

/* The next len octets; NULL if there are fewer. */
static const char *
take(struct bundle *bundle, uint64_t len)
{
	const char *p = bundle->p + bundle->pos;

	if (len > bundle->len - bundle->pos)
		return NULL;
	bundle->pos += (size_t)len;
	return p;
}

static bool
take_record(struct bundle *bundle, struct bundle_file *file)
{
	const char *p, *name, *text;
	struct header header;

	p = take(bundle, sizeof(header));
	if (p == NULL)
		return false;
	memcpy(&header, p, sizeof(header)); /* it need not be aligned */
	name = take(bundle, header.name);
	if (name == NULL || header.name == 0 || header.error > INT_MAX ||
	    memchr(name, '\0', header.name) != name + header.name - 1)
		return false;
	text = take(bundle, header.size);
	*file = (struct bundle_file){
	    .name = name,
	    .error = (int)header.error,
	    .device = header.device,
	    .inode = header.inode,
	    .text = {text, (size_t)header.size},
	};
	return text != NULL;
}

int
bundle_next(struct bundle *bundle, struct bundle_file *file)
{
	size_t start = bundle->pos;

	if (start == bundle->len)
		return 0;
	if (take_record(bundle, file))
		return 1;
	bundle->pos = start; /* it stays bad */
	errno = EBADMSG;
	return -1;
}

void
bundle_rewind(struct bundle *bundle)
{
	bundle->pos = 0;
}

int
bundle_find(struct bundle *bundle, const char *name, struct bundle_file *file)
{
	int rc;

	bundle_rewind(bundle);
	while ((rc = bundle_next(bundle, file)) > 0)
		if (strcmp(file->name, name) == 0)
			break;
	return rc;
}

void
bundle_close(struct bundle *bundle)
{
	if (bundle->p != NULL)
		munmap((void *)(uintptr_t)bundle->p, bundle->len);
	*bundle = (struct bundle){0};
}

const char *
bundle_reason(int error)
{
	switch (error) {
	case EINVAL:
		return "not a file";
	case EMSGSIZE:
		return "it is too large";
	default:
		return strerror(error);
	}
}
