#include "learn/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

void
source_init(struct source *source)
{
	memset(source, 0, sizeof(*source));
	buf_init(&source->read, SOURCE_FILES_MAX * sizeof(char *));
	for (int i = 0; i < SOURCE_LISTS; i++)
		buf_init(&source->lists[i],
		    SOURCE_FILES_MAX * sizeof(struct source_item));
}

void
source_free(struct source *source)
{
	for (int i = 0; i < SOURCE_LISTS; i++)
		buf_free(&source->lists[i]);
	for (size_t i = 0; i < source->read.len / sizeof(char *); i++)
		free(((char **)source->read.p)[i]);
	buf_free(&source->read);
	arena_free(&source->arena);
}

static size_t
count(const struct source *source, unsigned list)
{
	return source->lists[list].len / sizeof(struct source_item);
}

static int
put(struct source *source, unsigned list, const struct source_item *item)
{
	if (buf_add(&source->lists[list], item, sizeof(*item)))
		return 0;
	errno = EMSGSIZE;
	return -1;
}

/* Reads on until the end or max octets.  0, or -1 with errno. */
static int
read_on(int fd, size_t max, struct buf *octets)
{
	size_t room;
	ssize_t n;

	while (octets->len < max) {
		room = max - octets->len < PIECE ? max - octets->len : PIECE;
		if (!buf_room(octets, room)) {
			errno = EMSGSIZE;
			return -1;
		}
		n = read(fd, octets->p + octets->len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		octets->len += (size_t)n;
	}
	return 0;
}

/* Opens a file; -1 with errno. */
static int
open_file(int directory, const char *path, bool follows)
{
	int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
	struct stat st;
	int fd;

	fd = openat(directory, path, follows ? flags : flags | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

int
source_read(int directory, const char *path, bool follows, struct buf *octets)
{
	int fd = open_file(directory, path, follows), rc, saved;

	buf_reset(octets);
	if (fd < 0)
		return -1;
	rc = read_on(fd, SOURCE_MESSAGE_MAX, octets);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

static bool
is_mbox(struct span octets)
{
	return span_starts(octets, "From ");
}

/* Adds each message of an mbox. */
static int
add_mbox(struct source *source, unsigned list, struct span octets)
{
	struct source_item item = {NULL, octets, false};
	const char *next;
	size_t len;

	while (octets.len > 0) {
		next = span_find(octets, span_of("\n\nFrom "));
		len = next == NULL ? octets.len : (size_t)(next - octets.p) + 1;
		item.octets = (struct span){octets.p, len};
		if (len > SOURCE_MESSAGE_MAX)
			item.octets.len = SOURCE_MESSAGE_MAX;
		if (put(source, list, &item) < 0)
			return -1;
		/* the empty line goes with neither */
		octets = span_from(octets, next == NULL ? len : len + 1);
	}
	return 0;
}

int
source_add_input(struct source *source, unsigned list, int fd)
{
	struct buf octets = BUF_INIT(SOURCE_MBOX_MAX + 1);
	struct source_item item = {0};
	struct stat st;
	int rc, saved;

	/* at once what is needed, if that is known */
	if (fstat(fd, &st) == 0 && st.st_size < SOURCE_MBOX_MAX)
		buf_room(&octets, (size_t)st.st_size + 1);
	rc = read_on(fd, SOURCE_MBOX_MAX + 1, &octets);
	if (rc == 0 &&
	    (octets.len > SOURCE_MBOX_MAX ||
		!buf_add(&source->read, &octets.p, sizeof(char *)))) {
		errno = EFBIG;
		rc = -1;
	}
	if (rc == 0) { /* it is the source's now */
		item.octets = buf_span(&octets);
		return is_mbox(item.octets)
			   ? add_mbox(source, list, item.octets)
			   : put(source, list, &item);
	}
	saved = errno;
	buf_free(&octets);
	errno = saved;
	return -1;
}

/* A file that somebody names: what is one message is read when its turn comes.
 */
static int
add_file(struct source *source, unsigned list, const char *path)
{
	struct source_item item = {.follows = true};
	char start[5];
	int fd, rc, saved;
	ssize_t n;

	fd = open_file(AT_FDCWD, path, true);
	if (fd < 0)
		return -1;
	n = pread(fd, start, sizeof(start), 0);
	if (n == sizeof(start) && is_mbox((struct span){start, sizeof(start)}))
		rc = source_add_input(source, list, fd);
	else {
		item.path = arena_copy(&source->arena, span_of(path)).p;
		rc = n < 0 ? -1 : put(source, list, &item);
	}
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

static int
by_path(const void *a, const void *b)
{
	const struct source_item *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Adds the files of a directory that do not begin with a dot. */
static int
add_files(struct source *source, unsigned list, const char *path)
{
	struct buf name = BUF_INIT(8192);
	struct source_item item = {0};
	size_t first = count(source, list);
	const struct dirent *entry;
	int rc = 0, saved;
	struct stat st;
	DIR *dir;

	dir = opendir(path);
	if (dir == NULL)
		return -1;
	while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    (fstatat(dirfd(dir), entry->d_name, &st,
			 AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode)))
			continue;
		buf_reset(&name);
		buf_addf(&name, "%s/%s", path, entry->d_name);
		item.path = arena_copy(&source->arena, buf_span(&name)).p;
		rc = put(source, list, &item);
	}
	if (rc == 0 && errno != 0)
		rc = -1;
	saved = errno;
	closedir(dir);
	buf_free(&name);
	if (count(source, list) > first)
		qsort((struct source_item *)source->lists[list].p + first,
		    count(source, list) - first, sizeof(struct source_item),
		    by_path);
	errno = saved;
	return rc;
}

int
source_add(struct source *source, unsigned list, const char *path)
{
	struct buf inner = BUF_INIT(8192);
	struct stat st;
	int rc;

	if (stat(path, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return add_file(source, list, path);
	buf_addf(&inner, "%s/cur", path);
	if (stat(buf_str(&inner), &st) < 0 || !S_ISDIR(st.st_mode)) {
		buf_free(&inner);
		return add_files(source, list, path);
	}
	rc = add_files(source, list, buf_str(&inner));
	buf_reset(&inner);
	buf_addf(&inner, "%s/new", path);
	if (rc == 0)
		rc = add_files(source, list, buf_str(&inner));
	buf_free(&inner);
	return rc;
}

size_t
source_total(const struct source *source)
{
	return count(source, 0) + count(source, 1);
}

bool
source_next(struct source *source, struct source_item *item, unsigned *list)
{
	uint64_t one = source->taken[0] * (uint64_t)count(source, 1);
	uint64_t other = source->taken[1] * (uint64_t)count(source, 0);
	unsigned next = one <= other ? 0 : 1;

	if (source->taken[next] == count(source, next))
		next = 1 - next;
	if (source->taken[next] == count(source, next))
		return false;
	*item = ((struct source_item *)source->lists[next]
		     .p)[source->taken[next]++];
	*list = next;
	return true;
}
