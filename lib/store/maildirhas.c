/*
 * maildirhas: whether a Maildir has a message already, by the mark in the name
 * of its file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/maildir.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Ends a walk that has found something (1), failed (-1), or come to the end
 * (0): then errno is that of readdir(). */
static int
close_walk(DIR *dir, int found)
{
	int saved = errno;

	if (found == 0 && saved != 0)
		found = -1;
	closedir(dir);
	errno = saved;
	return found;
}

/* Whether a directory of a directory has a file with that mark in its name,
 * which is on disk then: who put it there may have died before.  One that is
 * not there has none.  1 or 0; -1 with errno. */
static int
has_name(
    const struct maildirs *maildirs, int at, const char *name, const char *mark)
{
	struct dirent *entry;
	int fd, found = 0;
	DIR *dir;

	fd = openat(at, name, OPEN_DIR);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return -1;
	}
	while (found == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		found = strstr(entry->d_name, mark) != NULL;
	if (found != 0 && maildirs->sync && fsync(dirfd(dir)) < 0)
		found = -1;
	return close_walk(dir, found);
}

/* The same for new/ and cur/ of a Maildir.  In this order: that is how readers
 * move files. */
static int
has_mark(const struct maildirs *maildirs, int maildir, const char *mark)
{
	int found = has_name(maildirs, maildir, "new", mark);

	return found != 0 ? found : has_name(maildirs, maildir, "cur", mark);
}

static int
folder_has(const struct maildirs *maildirs, int maildir, const char *name,
    const char *mark)
{
	int fd, found;

	fd = openat(maildir, name, OPEN_DIR);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			   ? 0
			   : -1;
	found = has_mark(maildirs, fd, mark);
	close(fd);
	return found;
}

int
maildir_has(const struct maildirs *maildirs, const struct maildir *maildir)
{
	char mark[MAILDIR_ONCE_LEN + 3];
	struct dirent *entry;
	int fd, found;
	DIR *dir;

	snprintf(mark, sizeof(mark), MAILDIR_MARK ".", maildirs->once);
	found = has_mark(maildirs, maildir->dir, mark);
	fd = openat(maildir->dir, ".", OPEN_DIR);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (found == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == '.' &&
		    strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			found = folder_has(
			    maildirs, maildir->dir, entry->d_name, mark);
	return close_walk(dir, found);
}
