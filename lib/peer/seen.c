#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/io.h"
#include "peer/seen.h"
#include "peer/seentable.h"

#define CHUNK 65536
#define LOCK_PAUSE_MS 2  /* between two tries */
#define SPARE_LINES 1000 /* that may be worth nothing */
#define DAY 86400

struct seen {
	char *path;
	char *lock_path;
	char *new_path; /* of one that is written anew */
	uint64_t days;
	int fd;
	int lock;
	dev_t device; /* of fd */
	ino_t inode;
	off_t at;     /* how much of it is in the table */
	size_t lines; /* of it, good or not */
	struct seentable table;
};

bool
seen_is_once(struct span text)
{
	return hex_is(text, SEEN_ONCE_LEN);
}

static char *
joined(const char *path, const char *end)
{
	size_t size = strlen(path) + strlen(end) + 1;
	char *text = malloc(size);

	if (text == NULL)
		fatal("out of memory");
	snprintf(text, size, "%s%s", path, end);
	return text;
}

static int
sync_directory(const char *path)
{
	char *copy = joined(path, "");
	int fd, rc;

	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* Opens a file that is ours alone, and makes it.  Returns the descriptor, or
 * -1 with errno. */
static int
open_ours(const char *path, struct stat *st)
{
	int fd;

	fd = open(path,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
	    (st->st_uid == geteuid() || st->st_uid == 0) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

/* Opens the file that is there now, and forgets the other.  0, or -1 with
 * errno. */
static int
open_file(struct seen *seen)
{
	struct stat st;
	int fd;

	fd = open_ours(seen->path, &st);
	if (fd < 0)
		return -1;
	if (st.st_size == 0 && sync_directory(seen->path) < 0) {
		close(fd);
		return -1;
	}
	if (seen->fd >= 0)
		close(seen->fd);
	seen->fd = fd;
	seen->device = st.st_dev;
	seen->inode = st.st_ino;
	seen->at = 0;
	seen->lines = 0;
	seentable_reset(&seen->table);
	return 0;
}

/* Takes the whole lines of some octets.  Returns how many octets these are. */
static size_t
take_lines(struct seen *seen, struct span octets)
{
	struct seenentry entry;
	struct span line;
	const char *lf;
	size_t taken = 0;

	while (
	    (lf = memchr(octets.p + taken, '\n', octets.len - taken)) != NULL) {
		line.p = octets.p + taken;
		line.len = (size_t)(lf - line.p);
		taken += line.len + 1;
		seen->lines++;
		if (seentable_parse(line, &entry))
			seentable_note(&seen->table, &entry);
	}
	return taken;
}

/* Reads on, as far as there are whole lines.  0, or -1 with errno. */
static int
read_on(struct seen *seen)
{
	static char chunk[CHUNK];
	size_t taken;
	ssize_t n;

	for (;;) {
		n = pread(seen->fd, chunk, sizeof(chunk), seen->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		taken = take_lines(seen, (struct span){chunk, (size_t)n});
		if (taken == 0 && n == (ssize_t)sizeof(chunk))
			taken = (size_t)n; /* no line of ours is so long */
		if (taken == 0)
			return 0;
		seen->at += (off_t)taken;
	}
}

int
seen_look(struct seen *seen)
{
	struct stat st;

	if (stat(seen->path, &st) < 0 || st.st_ino != seen->inode ||
	    st.st_dev != seen->device || st.st_size < seen->at)
		if (open_file(seen) < 0)
			return -1;
	return read_on(seen);
}

struct seen *
seen_open(const char *path, uint64_t days)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct stat st;
	int saved;

	if (seen == NULL)
		fatal("out of memory");
	seen->path = joined(path, "");
	seen->lock_path = joined(path, ".lock");
	seen->new_path = joined(path, ".new");
	seen->days = days;
	seen->fd = -1;
	seentable_init(&seen->table, SEEN_MAX);
	seen->lock = open_ours(seen->lock_path, &st);
	if (seen->lock >= 0 && open_file(seen) == 0 && read_on(seen) == 0)
		return seen;
	saved = errno;
	seen_free(seen);
	errno = saved;
	return NULL;
}

void
seen_free(struct seen *seen)
{
	if (seen->fd >= 0)
		close(seen->fd);
	if (seen->lock >= 0)
		close(seen->lock);
	seentable_free(&seen->table);
	free(seen->path);
	free(seen->lock_path);
	free(seen->new_path);
	free(seen);
}

int
seen_lock_fd(const struct seen *seen)
{
	return seen->lock;
}

/* Takes away what a crash left of a line.  0, or -1 with errno. */
static int
repair(struct seen *seen)
{
	struct stat st;

	if (fstat(seen->fd, &st) < 0)
		return -1;
	if (st.st_size == seen->at)
		return 0;
	warning("'%s': its last line was cut", seen->path);
	return ftruncate(seen->fd, seen->at);
}

/* Writes all entries, as lines.  0, or -1 with errno. */
static int
write_entries(const struct seentable *table, int fd)
{
	char line[SEENTABLE_LINE];
	struct buf out = BUF_INIT(CHUNK);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < table->count; i++) {
		buf_add(&out, line, seentable_line(&table->entries[i], line));
		if (out.len + SEENTABLE_LINE > CHUNK || i + 1 == table->count) {
			rc = io_write(fd, out.p, out.len, CLOCK_NEVER);
			buf_reset(&out);
		}
	}
	buf_free(&out);
	return rc;
}

/* Writes the file anew and puts it in place.  0, or -1 with errno. */
static int
replace_file(struct seen *seen)
{
	int fd, rc;

	fd = open(seen->new_path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = write_entries(&seen->table, fd);
	if (rc == 0)
		rc = fsync(fd);
	if (close(fd) < 0)
		rc = -1;
	if (rc < 0 || rename(seen->new_path, seen->path) < 0) {
		unlink(seen->new_path);
		return -1;
	}
	return sync_directory(seen->path);
}

/* Whether many lines are worth nothing any more: two for each id are
 * what a delivery leaves. */
static bool
is_swollen(const struct seen *seen, int64_t before)
{
	const struct seentable *table = &seen->table;
	size_t live = table->count - table->undone;

	if (seen->lines > 2 * live + SPARE_LINES)
		return true;
	return table->count > SEEN_KEEP + SPARE_LINES &&
	       table->entries[SPARE_LINES].time < before;
}

/* Drops what is worth nothing.  If that fails, all stays as it is. */
static void
tidy(struct seen *seen)
{
	int64_t before = (int64_t)time(NULL) - (int64_t)seen->days * DAY;

	if (!is_swollen(seen, before))
		return;
	seentable_prune(&seen->table, SEEN_KEEP, before);
	if (replace_file(seen) < 0)
		warning(
		    "cannot write '%s' anew: %s", seen->path, strerror(errno));
}

static int
try_lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB);
}

/* Who has just let go of the lock would have it again before others see that it
 * was free.  So it is tried by one at a time, whose turn it is as long as he
 * has a lock of another kind, on the first octet. */
static int
set_turn(int fd, short type)
{
	struct flock turn = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &turn);
}

static int
try_turn(int fd)
{
	return set_turn(fd, F_WRLCK);
}

/* 0; -1 with errno, ETIMEDOUT after the deadline. */
static int
take(int (*try)(int fd), int fd, int64_t deadline)
{
	const struct timespec pause = {0, LOCK_PAUSE_MS * 1000000};

	while (try(fd) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		if (clock_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

int
seen_lock(struct seen *seen, int64_t deadline)
{
	int rc, saved;

	if (take(try_turn, seen->lock, deadline) < 0)
		return -1;
	rc = take(try_lock, seen->lock, deadline);
	saved = errno;
	set_turn(seen->lock, F_UNLCK);
	errno = saved;
	if (rc < 0)
		return -1;
	if (seen_look(seen) == 0 && repair(seen) == 0) {
		tidy(seen);
		if (seen_look(seen) == 0)
			return 0;
	}
	saved = errno;
	seen_unlock(seen);
	errno = saved;
	return -1;
}

void
seen_unlock(struct seen *seen)
{
	flock(seen->lock, LOCK_UN);
}

int
seen_abandon(struct seen *seen)
{
	struct stat st;
	int fd;

	fd = open_ours(seen->lock_path, &st);
	if (fd < 0)
		return -1;
	close(seen->lock);
	seen->lock = fd;
	return 0;
}

bool
seen_has(const struct seen *seen, struct span id)
{
	const struct seenentry *entry = seentable_find(&seen->table, id);

	return entry != NULL && entry->state == SEEN_DONE;
}

bool
seen_has_once(const struct seen *seen, struct span once)
{
	return seentable_find_once(&seen->table, once) != NULL;
}

bool
seen_in_doubt(const struct seen *seen)
{
	return seen->table.doubts > 0;
}

bool
seen_was_begun(const struct seen *seen, struct span id)
{
	const struct seenentry *entry = seentable_find(&seen->table, id);

	return entry != NULL && entry->state != SEEN_DONE;
}

/* Appends the line of an entry, whole or not at all, and takes note of it.
 * 0, or -1 with errno. */
static int
append(struct seen *seen, struct seenentry *entry)
{
	char line[SEENTABLE_LINE];
	size_t len = seentable_line(entry, line);
	int saved;

	if (io_write(seen->fd, line, len, CLOCK_NEVER) < 0) {
		saved = errno;
		if (ftruncate(seen->fd, seen->at) < 0)
			warning("'%s': a line is cut", seen->path);
		errno = saved;
		return -1;
	}
	seen->at += (off_t)len;
	seen->lines++;
	seentable_note(&seen->table, entry);
	return 0;
}

static int
add(struct seen *seen, enum seenstate state, struct span id, struct span once,
    int64_t now)
{
	struct seenentry entry = {.time = now < 0 ? 0 : now, .state = state};

	if (!hex_take(id, entry.id, SEENTABLE_ID) ||
	    (once.len > 0 && !hex_take(once, entry.once, SEENTABLE_ONCE))) {
		errno = EINVAL;
		return -1;
	}
	return append(seen, &entry);
}

int
seen_begun(struct seen *seen, struct span id, int64_t now)
{
	if (add(seen, SEEN_BEGUN, id, (struct span){NULL, 0}, now) < 0)
		return -1;
	return fdatasync(seen->fd);
}

int
seen_done(struct seen *seen, struct span id, struct span once, int64_t now)
{
	return add(seen, SEEN_DONE, id, once, now);
}

int
seen_undone(struct seen *seen, struct span id, int64_t now)
{
	return add(seen, SEEN_UNDONE, id, (struct span){NULL, 0}, now);
}
