#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "queue/queue.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define OPEN_FILE (O_NOFOLLOW | O_CLOEXEC)
#define NEW_NAME_SIZE (CONTENT_ID_SIZE + sizeof("..new"))

int
destination_open(const struct queue *queue, struct span name, bool make,
    struct destination *destination)
{
	if (!queue_is_name(name)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(destination->name, name.p, name.len);
	destination->name[name.len] = '\0';
	if (make && mkdirat(queue->dir, destination->name, 0700) == 0) {
		if (fsync(queue->dir) < 0)
			return -1;
	} else if (make && errno != EEXIST)
		return -1;
	destination->dir = openat(queue->dir, destination->name, OPEN_DIR);
	return destination->dir < 0 ? -1 : 0;
}

void
destination_close(struct destination *destination)
{
	int saved = errno;

	close(destination->dir);
	destination->dir = -1;
	errno = saved;
}

int
destination_lock(const struct destination *destination)
{
	int fd, saved;

	fd = openat(destination->dir, ".lock",
	    O_RDWR | O_CREAT | O_NONBLOCK | OPEN_FILE, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static bool
is_there(const struct destination *destination, const char *id)
{
	char held[CONTENT_ID_SIZE + sizeof(".held")];

	snprintf(held, sizeof(held), "%s.held", id);
	return faccessat(destination->dir, id, F_OK, AT_SYMLINK_NOFOLLOW) ==
		   0 ||
	       faccessat(destination->dir, held, F_OK, AT_SYMLINK_NOFOLLOW) ==
		   0;
}

/* Whether the name is still that of the open file. */
static bool
is_named(const struct destination *destination, const char *name, int fd)
{
	struct stat st, named;

	return fstat(fd, &st) == 0 &&
	       fstatat(destination->dir, name, &named, AT_SYMLINK_NOFOLLOW) ==
		   0 &&
	       st.st_dev == named.st_dev && st.st_ino == named.st_ino;
}

/* Opens the file to write to, and locks it, so that nobody takes it for one
 * that was left behind.  Who else writes the same content is waited for.  -1
 * with errno. */
static int
open_new(const struct destination *destination, const char *name)
{
	int fd, saved;

	for (;;) {
		fd = openat(destination->dir, name,
		    O_RDWR | O_CREAT | O_NONBLOCK | OPEN_FILE, 0600);
		if (fd < 0)
			return -1;
		/* while we waited it may have become the entry */
		if (flock(fd, LOCK_EX) == 0) {
			if (is_named(destination, name, fd) &&
			    ftruncate(fd, 0) == 0)
				return fd;
		} else if (errno != EINTR) {
			saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		close(fd);
	}
}

/* There is such an entry.  Who put it there may have died, or not come yet, to
 * where that is on disk.  1, or -1 with errno. */
static int
keep(const struct destination *destination)
{
	return fsync(destination->dir) < 0 ? -1 : 1;
}

/* Gives the file its name, unless there is one by now.  0, 1 if there is, -1
 * with errno. */
static int
settle(const struct destination *destination, const char *name, const char *id)
{
	if (is_there(destination, id))
		return keep(destination);
	if (renameat(destination->dir, name, destination->dir, id) < 0)
		return -1;
	if (fsync(destination->dir) == 0)
		return 0;
	unlinkat(destination->dir, id, 0);
	return -1;
}

int
destination_put(const struct destination *destination, const char *id,
    const struct frame *frame)
{
	char name[NEW_NAME_SIZE];
	int fd, rc, saved;

	if (is_there(destination, id))
		return keep(destination);
	snprintf(name, sizeof(name), ".%s.new", id);
	fd = open_new(destination, name);
	if (fd < 0)
		return -1;
	rc = frame_write(frame, fd, CLOCK_NEVER);
	if (rc == 0)
		rc = fsync(fd);
	if (rc == 0)
		rc = settle(destination, name, id);
	saved = errno;
	if (rc != 0)
		unlinkat(destination->dir, name, 0);
	close(fd);
	errno = saved;
	return rc;
}

int
destination_walk(struct queue_walk *walk, const struct destination *destination)
{
	const struct queue here = {.dir = destination->dir};

	return queue_walk(walk, &here);
}

bool
destination_walk_next(struct queue_walk *walk, struct entry *entry)
{
	struct dirent *found;
	struct span name, tail;

	while ((found = readdir(walk->dir)) != NULL) {
		name = span_of(found->d_name);
		tail = span_from(name, CONTENT_ID_LEN);
		name.len -= tail.len;
		entry->held = span_is(tail, ".held");
		if (!content_is_id(name) || (tail.len > 0 && !entry->held))
			continue;
		memcpy(entry->id, name.p, name.len);
		entry->id[name.len] = '\0';
		return true;
	}
	return false;
}

bool
destination_has_entries(const struct destination *destination)
{
	struct queue_walk walk;
	struct entry entry;
	bool found = false;

	if (destination_walk(&walk, destination) < 0)
		return false;
	while (!found && destination_walk_next(&walk, &entry))
		found = !entry.held;
	queue_walk_end(&walk);
	return found;
}

/* Removes a file that nobody writes to. */
static void
clean_new(const struct destination *destination, const char *name)
{
	int fd;

	fd = openat(destination->dir, name, O_RDWR | O_NONBLOCK | OPEN_FILE);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(destination->dir, name, 0);
	close(fd);
}

void
destination_clean(const struct destination *destination)
{
	char id[CONTENT_ID_SIZE];
	struct queue_walk walk;
	struct dirent *found;
	struct span name;

	if (destination_walk(&walk, destination) < 0)
		return;
	while ((found = readdir(walk.dir)) != NULL) {
		name = span_of(found->d_name);
		if (name.len == CONTENT_ID_LEN + 5 && name.p[0] == '.' &&
		    span_ends(name, ".new"))
			clean_new(destination, found->d_name);
		if (name.len != CONTENT_ID_LEN + 7 ||
		    !span_ends(name, ".copies"))
			continue;
		memcpy(id, name.p, CONTENT_ID_LEN);
		id[CONTENT_ID_LEN] = '\0';
		if (content_is_id(span_of(id)) && !is_there(destination, id))
			unlinkat(destination->dir, found->d_name, 0);
	}
	queue_walk_end(&walk);
}
