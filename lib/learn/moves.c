#include "learn/moves.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/scan.h"

#define HEAD "pimail-learned 1\n"
#define NEW_FILE MOVES_FILE ".new"

size_t
moves_count(const struct moves *moves)
{
	return moves->list.len / sizeof(struct moves_item);
}

struct moves_item *
moves_get(const struct moves *moves, size_t i)
{
	return (struct moves_item *)moves->list.p + i;
}

/* Whether a folder's name, the first of its levels, is on the list. */
static bool
is_listed(struct span name, const char *list)
{
	struct span pattern;
	const char *comma;

	for (;; list = comma + 1) {
		comma = strchr(list, ',');
		pattern = span_of(list);
		if (comma != NULL)
			pattern.len = (size_t)(comma - list);
		if (pattern.len > 0 && pattern.p[pattern.len - 1] == '*') {
			pattern.len--;
			if (name.len >= pattern.len &&
			    span_ieq(
				pattern, (struct span){name.p, pattern.len}))
				return true;
		} else if (span_ieq(name, pattern))
			return true;
		if (comma == NULL)
			return false;
	}
}

static DIR *
open_directory(int at, const char *name)
{
	int fd, saved;
	DIR *dir;

	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (dir == NULL) {
		saved = errno;
		close(fd);
		errno = saved;
	}
	return dir;
}

/* The part of a file's name that stays; empty if it is no message that counts.
 */
static struct span
unique_of(const char *name)
{
	struct span unique = span_of(name);
	const char *info = strchr(name, ':');

	if (name[0] == '.' || (info != NULL && strncmp(info, ":2,", 3) == 0 &&
				  strchr(info + 3, 'T') != NULL))
		return (struct span){name, 0};
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			return (struct span){name, 0};
	if (info != NULL)
		unique.len = (size_t)(info - name);
	return unique;
}

/* Adds the messages in folder/cur or folder/new; one that is not there is
 * empty.  0, or -1 with errno. */
static int
add_messages(struct moves *moves, struct span path, enum model_class class)
{
	struct buf name = BUF_INIT(4096);
	struct moves_item item = {.class = class};
	const struct dirent *entry;
	struct span unique;
	int rc = 0, saved;
	DIR *dir;

	dir = open_directory(moves->directory, path.p);
	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		unique = unique_of(entry->d_name);
		if (unique.len == 0)
			continue;
		buf_reset(&name);
		buf_addf(&name, "%s/%s", path.p, entry->d_name);
		item.path = arena_copy(&moves->arena, buf_span(&name)).p;
		item.unique =
		    (struct span){item.path + path.len + 1, unique.len};
		if (!buf_add(&moves->list, &item, sizeof(item))) {
			errno = EMSGSIZE;
			rc = -1;
		}
	}
	if (errno != 0)
		rc = -1;
	saved = errno;
	closedir(dir);
	buf_free(&name);
	errno = saved;
	return rc;
}

/* Adds the messages of a folder; name is "." (the inbox) or ".Name". */
static int
add_folder(struct moves *moves, const char *name, enum model_class class)
{
	static const char *const inner[] = {"cur", "new"};
	struct buf path = BUF_INIT(1024);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < nitems(inner); i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s", name, inner[i]);
		rc = add_messages(moves, buf_span(&path), class);
	}
	buf_free(&path);
	return rc;
}

/* Adds what is in the inbox and in all folders.  A folder that is a symbolic
 * link is none. */
static int
add_all(struct moves *moves, const char *junk, const char *ignored)
{
	const struct dirent *entry;
	size_t folders = 0;
	struct span name;
	int rc, saved;
	DIR *dir;

	rc = add_folder(moves, ".", MODEL_HAM);
	dir = open_directory(moves->directory, ".");
	if (dir == NULL)
		return -1;
	while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		name = span_of(entry->d_name);
		if (name.p[0] != '.' || name.len < 2 || name.p[1] == '.')
			continue;
		name = span_from(name, 1);
		name.len = strcspn(name.p, ".");
		if (is_listed(name, ignored))
			continue;
		if (++folders > MOVES_FOLDERS_MAX) {
			errno = EMSGSIZE;
			rc = -1;
			break;
		}
		rc = add_folder(moves, entry->d_name,
		    is_listed(name, junk) ? MODEL_SPAM : MODEL_HAM);
		if (rc < 0 && (errno == ENOTDIR || errno == ELOOP))
			rc = 0;
	}
	if (rc == 0 && errno != 0)
		rc = -1;
	saved = errno;
	closedir(dir);
	errno = saved;
	return rc;
}

static int
compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int rc = memcmp(a.p, b.p, len);

	return rc != 0 ? rc : a.len < b.len ? -1 : a.len > b.len;
}

static int
by_unique(const void *a, const void *b)
{
	const struct moves_item *x = a, *y = b;
	int rc = compare(x->unique, y->unique);

	return rc != 0 ? rc : (int)x->class - (int)y->class;
}

/* Takes the next line of the old file; false at the end. */
static bool
take_old(struct scan *scan, struct span *unique, enum model_class *class)
{
	if (scan_peek(scan) < 0)
		return false;
	if (scan_maybe(scan, 'S'))
		*class = MODEL_SPAM;
	else {
		scan_char(scan, 'H');
		*class = MODEL_HAM;
	}
	scan_char(scan, ' ');
	*unique = scan_until(scan, '\n');
	return !scan->bad;
}

/* Compares what is there with what was.  0, or -1 with errno EBADMSG. */
static int
compare_with_old(struct moves *moves)
{
	enum model_class class = MODEL_HAM;
	struct span unique = {"", 0};
	struct moves_item *item;
	struct scan scan;
	bool more;

	scan_init(&scan, buf_span(&moves->old));
	scan_text(&scan, HEAD);
	more = take_old(&scan, &unique, &class);
	for (size_t i = 0; i < moves_count(moves); i++) {
		item = moves_get(moves, i);
		while (more && compare(unique, item->unique) < 0)
			more = take_old(&scan, &unique, &class);
		item->is_new = !more || !span_eq(unique, item->unique);
		item->is_move = !item->is_new && class != item->class;
	}
	while (more)
		more = take_old(&scan, &unique, &class);
	if (scan_ok(&scan))
		return 0;
	errno = EBADMSG;
	return -1;
}

/* A message that is in two folders was copied; it has not moved. */
static void
pass_over_copies(struct moves *moves)
{
	struct moves_item *item, *next;
	size_t kept = 0, count = moves_count(moves);

	if (moves->list.p == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		item = moves_get(moves, i);
		next = i + 1 < count ? moves_get(moves, i + 1) : NULL;
		if (next != NULL && span_eq(item->unique, next->unique)) {
			next->is_move = next->is_move && item->is_move;
			if (!item->is_move)
				next->class = item->class;
			continue;
		}
		*moves_get(moves, kept++) = *item;
	}
	moves->list.len = kept * sizeof(struct moves_item);
}

/* Reads MOVES_FILE.  0, or -1 with errno. */
static int
read_old(struct moves *moves)
{
	struct io_in in;
	ssize_t n;
	int fd;

	fd = openat(moves->directory, MOVES_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		moves->is_first = errno == ENOENT;
		return moves->is_first ? 0 : -1;
	}
	io_in_init(&in, fd);
	while ((n = io_in_fill(&in, 1)) > 0 &&
	       buf_add(&moves->old, in.buf + in.pos, (size_t)n))
		in.pos += (size_t)n;
	if (n > 0)
		errno = EMSGSIZE;
	io_in_free(&in);
	close(fd);
	return n == 0 ? 0 : -1;
}

int
moves_find(struct moves *moves, const char *maildir, const char *junk,
    const char *ignored, bool all)
{
	memset(moves, 0, sizeof(*moves));
	buf_init(&moves->list, MOVES_MESSAGES_MAX * sizeof(struct moves_item));
	buf_init(&moves->old, MOVES_FILE_MAX);
	moves->directory = open(maildir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (moves->directory < 0)
		return -1;
	if (faccessat(moves->directory, "cur", F_OK, 0) < 0) {
		errno = ENOTDIR;
		return -1;
	}
	if (read_old(moves) < 0 || add_all(moves, junk, ignored) < 0)
		return -1;
	if (moves->list.len > 0)
		qsort(moves->list.p, moves_count(moves),
		    sizeof(struct moves_item), by_unique);
	if (moves->is_first)
		for (size_t i = 0; i < moves_count(moves); i++)
			moves_get(moves, i)->is_new = all;
	else if (compare_with_old(moves) < 0)
		return -1;
	pass_over_copies(moves);
	return 0;
}

/* What MOVES_FILE has to be now. */
static void
write_text(const struct moves *moves, struct buf *text)
{
	const struct moves_item *item;
	bool spam;

	buf_adds(text, HEAD);
	for (size_t i = 0; i < moves_count(moves); i++) {
		item = moves_get(moves, i);
		if (item->again && item->is_new)
			continue;
		spam = (item->class == MODEL_SPAM) != item->again;
		buf_adds(text, spam ? "S " : "H ");
		buf_addspan(text, item->unique);
		buf_adds(text, "\n");
	}
}

/* Puts a new file in its place. */
static int
replace(int directory, struct span text)
{
	int fd, rc, saved;

	unlinkat(directory, NEW_FILE, 0); /* of a process that was killed */
	fd = openat(directory, NEW_FILE,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = io_write(fd, text.p, text.len, CLOCK_NEVER);
	if (rc == 0)
		rc = fsync(fd);
	saved = errno;
	if (close(fd) < 0 && rc == 0) {
		rc = -1;
		saved = errno;
	}
	errno = saved;
	if (rc == 0)
		rc = renameat(directory, NEW_FILE, directory, MOVES_FILE);
	if (rc == 0)
		return fsync(directory);
	saved = errno;
	unlinkat(directory, NEW_FILE, 0);
	errno = saved;
	return -1;
}

int
moves_save(struct moves *moves)
{
	struct buf text = BUF_INIT(MOVES_FILE_MAX);
	int rc = 0;

	write_text(moves, &text);
	if (text.full) {
		errno = EMSGSIZE;
		rc = -1;
	} else if (moves->is_first ||
		   !span_eq(buf_span(&text), buf_span(&moves->old)))
		rc = replace(moves->directory, buf_span(&text));
	buf_free(&text);
	return rc;
}

void
moves_free(struct moves *moves)
{
	if (moves->directory >= 0)
		close(moves->directory);
	buf_free(&moves->list);
	buf_free(&moves->old);
	arena_free(&moves->arena);
}
