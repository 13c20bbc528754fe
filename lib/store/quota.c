#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/scan.h"
#include "store/quota.h"

#define FILE_NAME "maildirsize"

struct total {
	int64_t octets;
	int64_t messages;
};

enum reading {
	READ_WRONG, /* must be counted anew */
	READ_OLD,   /* good enough while there is room */
	READ_FRESH  /* a count by itself, and not stale */
};

static bool
is_blank(int c)
{
	return c == ' ';
}

/* A number with a sign; columns may be padded with blanks. */
static int64_t
take_number(struct scan *scan)
{
	bool minus;
	int64_t n;

	scan_while(scan, is_blank);
	minus = scan_maybe(scan, '-');
	n = (int64_t)scan_number(scan, INT64_MAX >> 16);
	return minus ? -n : n;
}

/* Adds up the text of a maildirsize.  Returns how many lines there were, 0 if
 * it is damaged or for another limit. */
static unsigned
add_up(struct span text, uint64_t limit, struct total *total)
{
	unsigned lines = 0;
	struct scan scan;

	total->octets = total->messages = 0;
	scan_init(&scan, text);
	if (scan_number(&scan, UINT64_MAX) != limit)
		return 0;
	scan_text(&scan, "S\n");
	while (scan_peek(&scan) >= 0) {
		total->octets += take_number(&scan);
		total->messages += take_number(&scan);
		scan_while(&scan, is_blank);
		scan_char(&scan, '\n');
		lines++;
	}
	if (!scan_ok(&scan) || total->octets < 0 || total->messages < 0)
		return 0;
	return lines;
}

static enum reading
read_file(int dir, uint64_t limit, struct total *total)
{
	char text[QUOTA_FILE_MAX + 1];
	unsigned lines;
	struct stat st;
	ssize_t n;
	int fd;

	fd = openat(
	    dir, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return READ_WRONG;
	n = read(fd, text, sizeof(text));
	if (n <= 0 || n > QUOTA_FILE_MAX || fstat(fd, &st) < 0)
		lines = 0;
	else
		lines = add_up((struct span){text, (size_t)n}, limit, total);
	close(fd);
	if (lines == 0)
		return READ_WRONG;
	return lines > 1 || st.st_mtime + QUOTA_STALE < time(NULL) ? READ_OLD
								   : READ_FRESH;
}

/* The octets of a message: from ",S=" in its name, as Maildir++ has it, else
 * the file's. */
static int64_t
message_octets(int dir, const char *name)
{
	struct scan scan;
	struct stat st;
	const char *at;
	uint64_t n;

	at = strstr(name, ",S=");
	if (at != NULL) {
		scan_init(&scan, span_of(at + 3));
		n = scan_number(&scan, INT64_MAX >> 16);
		if (!scan.bad)
			return (int64_t)n;
	}
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_size
								 : -1;
}

/* Opens a directory for reading its entries; NULL with errno. */
static DIR *
open_dir(int at, const char *name)
{
	DIR *dir;
	int fd;

	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (dir == NULL)
		close(fd);
	return dir;
}

/* Counts cur/ or new/.  One that is not there is empty. */
static int
count_messages(int at, const char *name, struct total *total)
{
	struct dirent *entry;
	int64_t octets;
	DIR *dir;
	int saved;

	dir = open_dir(at, name);
	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		octets = message_octets(dirfd(dir), entry->d_name);
		if (octets < 0)
			continue; /* moved away meanwhile */
		total->octets += octets;
		total->messages++;
	}
	saved = errno;
	closedir(dir);
	errno = saved;
	return saved == 0 ? 0 : -1;
}

static int
count_folder(int at, const char *name, struct total *total)
{
	int fd, rc;

	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) /* a file, a link, or gone */
		return errno == EACCES ? -1 : 0;
	rc = count_messages(fd, "new", total) < 0 ||
		     count_messages(fd, "cur", total) < 0
		 ? -1
		 : 0;
	close(fd);
	return rc;
}

/* Counts the Maildir and its folders. */
static int
count_all(int at, struct total *total)
{
	struct dirent *entry;
	DIR *dir;
	int rc;

	total->octets = total->messages = 0;
	rc = count_folder(at, ".", total);
	dir = open_dir(at, ".");
	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == '.' &&
		    strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, ".Trash") != 0)
			rc = count_folder(at, entry->d_name, total);
	closedir(dir);
	return rc;
}

/* Puts a new file in place of the old.  It is not synced: what a crash leaves
 * damaged is counted anew. */
static int
write_file(struct maildirs *maildirs, const struct maildir *maildir,
    uint64_t limit, const struct total *total)
{
	char name[MAILDIR_NAME_SIZE], text[96];
	int fd, rc, n;

	maildir_name(maildirs, name, sizeof(name));
	n = snprintf(text, sizeof(text),
	    "%" PRIu64 "S\n%" PRId64 " %" PRId64 "\n", limit, total->octets,
	    total->messages);
	fd = openat(maildir->tmp, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = io_write(fd, text, (size_t)n, CLOCK_NEVER);
	if (close(fd) < 0 || rc < 0 ||
	    renameat(maildir->tmp, name, maildir->dir, FILE_NAME) < 0) {
		rc = errno;
		unlinkat(maildir->tmp, name, 0);
		errno = rc;
		return -1;
	}
	return 0;
}

/* Counts anew with everybody else kept out. */
static int
count_anew(struct maildirs *maildirs, const struct maildir *maildir,
    uint64_t limit, struct total *total)
{
	int rc;

	flock(maildir->dir, LOCK_EX);
	rc = count_all(maildir->dir, total);
	if (rc == 0)
		rc = write_file(maildirs, maildir, limit, total);
	flock(maildir->dir, LOCK_UN);
	return rc;
}

static bool
has_room(const struct total *total, uint64_t limit, uint64_t octets)
{
	return (uint64_t)total->octets <= limit &&
	       octets <= limit - (uint64_t)total->octets;
}

int
quota_fits(struct maildirs *maildirs, const struct maildir *maildir,
    uint64_t limit, uint64_t octets)
{
	enum reading reading;
	struct total total;

	reading = read_file(maildir->dir, limit, &total);
	if (reading == READ_WRONG ||
	    (reading == READ_OLD && !has_room(&total, limit, octets))) {
		if (count_anew(maildirs, maildir, limit, &total) < 0)
			return -1;
	}
	return has_room(&total, limit, octets);
}

void
quota_lock(const struct maildir *maildir)
{
	/* where there are no locks the count is only less exact */
	while (flock(maildir->dir, LOCK_SH) < 0 && errno == EINTR)
		continue;
}

void
quota_unlock(const struct maildir *maildir)
{
	flock(maildir->dir, LOCK_UN);
}

int
quota_add(const struct maildir *maildir, int64_t octets, int messages)
{
	char text[64];
	int fd, n, rc;

	fd = openat(maildir->dir, FILE_NAME,
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = snprintf(text, sizeof(text), "%" PRId64 " %d\n", octets, messages);
	rc = io_write(fd, text, (size_t)n, CLOCK_NEVER);
	return close(fd) < 0 ? -1 : rc;
}
