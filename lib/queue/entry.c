#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "queue/queue.h"

#define OPEN_FILE (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
#define NAME_SIZE (CONTENT_ID_SIZE + sizeof(".copies"))

static const char *
name_of(const struct entry *entry, char name[NAME_SIZE])
{
	snprintf(
	    name, NAME_SIZE, "%s%s", entry->id, entry->held ? ".held" : "");
	return name;
}

static const char *
copies_of(const struct entry *entry, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s.copies", entry->id);
	return name;
}

int
entry_stat(const struct destination *destination, const struct entry *entry,
    struct stat *st)
{
	char name[NAME_SIZE];

	return fstatat(
	    destination->dir, name_of(entry, name), st, AT_SYMLINK_NOFOLLOW);
}

int
entry_open(const struct destination *destination, const struct entry *entry)
{
	char name[NAME_SIZE];

	return openat(
	    destination->dir, name_of(entry, name), O_RDONLY | OPEN_FILE);
}

/* Reads an entry with that function of the frame. */
static int
read_with(int (*read)(struct frame *frame, struct io_in *in),
    const struct destination *destination, const struct entry *entry,
    struct frame *frame)
{
	struct io_in in;
	int fd, n, saved;

	fd = entry_open(destination, entry);
	if (fd < 0)
		return -1;
	io_in_init(&in, fd);
	errno = 0;
	n = read(frame, &in);
	saved = n == 0 ? EBADMSG : errno;
	io_in_free(&in);
	close(fd);
	errno = saved;
	return n == 1 ? 0 : -1;
}

int
entry_read(const struct destination *destination, const struct entry *entry,
    struct frame *frame)
{
	return read_with(frame_read, destination, entry, frame);
}

int
entry_fields(const struct destination *destination, const struct entry *entry,
    struct frame *frame)
{
	return read_with(frame_read_fields, destination, entry, frame);
}

int
entry_find(
    const struct destination *destination, struct span id, struct entry *entry)
{
	struct stat st;

	errno = EINVAL;
	if (!content_is_id(id))
		return -1;
	memcpy(entry->id, id.p, id.len);
	entry->id[id.len] = '\0';
	entry->held = false;
	if (entry_stat(destination, entry, &st) == 0)
		return 0;
	entry->held = true;
	return entry_stat(destination, entry, &st);
}

int
entry_remove(const struct destination *destination, const struct entry *entry)
{
	char name[NAME_SIZE];

	if (unlinkat(destination->dir, name_of(entry, name), 0) < 0)
		return -1;
	unlinkat(destination->dir, copies_of(entry, name), 0);
	return 0;
}

static int
set_held(const struct destination *destination, struct entry *entry, bool held)
{
	struct entry other = *entry;
	char from[NAME_SIZE], to[NAME_SIZE];

	other.held = held;
	if (renameat(destination->dir, name_of(entry, from), destination->dir,
		name_of(&other, to)) < 0)
		return -1;
	entry->held = held;
	return fsync(destination->dir);
}

int
entry_hold(const struct destination *destination, struct entry *entry)
{
	return entry->held ? 0 : set_held(destination, entry, true);
}

int
entry_release(const struct destination *destination, struct entry *entry)
{
	return entry->held ? set_held(destination, entry, false) : 0;
}

int
entry_copies(const struct destination *destination, const struct entry *entry,
    struct buf *names)
{
	char name[NAME_SIZE], chunk[4096];
	ssize_t n;
	int fd;

	fd = openat(
	    destination->dir, copies_of(entry, name), O_RDONLY | OPEN_FILE);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		if (!buf_add(names, chunk, (size_t)n))
			break;
	close(fd);
	return n < 0 ? -1 : 0;
}

int
entry_copied(const struct destination *destination, const struct entry *entry,
    const char *peer)
{
	char name[NAME_SIZE], line[QUEUE_NAME_MAX + 2];
	int fd, n, rc;

	n = snprintf(line, sizeof(line), "%s\n", peer);
	fd = openat(destination->dir, copies_of(entry, name),
	    O_WRONLY | O_CREAT | O_APPEND | OPEN_FILE, 0600);
	if (fd < 0)
		return -1;
	rc = io_write(fd, line, (size_t)n, CLOCK_NEVER);
	return close(fd) < 0 ? -1 : rc;
}
