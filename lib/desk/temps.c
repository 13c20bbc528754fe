/*
 * temps: directories for temporary files.
 *
 * All are below one directory of our own, which is locked while we live: one
 * that is not is what a killed av-scand has left, and is removed by the next.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/span.h"
#include "desk/deskpart.h"

#define PREFIX "av-scand."
#define TRIES_MAX 100
#define DEPTH_MAX 32     /* directories in directories */
#define FILES_MAX 100000 /* that are counted */
#define BLOCK 512        /* st_blocks, see inode(7) */

static DIR *
open_below(int parent, const char *name)
{
	int fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL && fd >= 0)
		close(fd);
	return dir;
}

static bool
is_self(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes all that is in a directory, whatever its mode.  0, or -1 with errno.
 */
static int
empty(int parent, const char *name, unsigned depth)
{
	const struct dirent *entry;
	int rc = 0;
	DIR *dir;

	if (fchmodat(parent, name, 0700, 0) < 0)
		return -1;
	dir = open_below(parent, name);
	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (is_self(entry->d_name) ||
		    unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			continue;
		rc = depth == DEPTH_MAX
			 ? -1
			 : empty(dirfd(dir), entry->d_name, depth + 1);
		if (rc == 0)
			rc = unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
	return rc;
}

int
temp_remove(const char *path)
{
	if (empty(AT_FDCWD, path, 0) < 0)
		return -1;
	return rmdir(path);
}

int
temp_prepare(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return 0;
	return errno == EEXIST ? empty(AT_FDCWD, path, 0) : -1;
}

struct usage {
	uint64_t octets;
	unsigned files;
};

/* Adds up what is in a directory; files that go meanwhile are no error, but
 * nothing hides in what cannot be listed. */
static void
count(int parent, const char *name, unsigned depth, struct usage *usage)
{
	DIR *dir = open_below(parent, name);
	const struct dirent *entry;
	struct stat status;

	if (dir == NULL && errno != ENOENT)
		usage->files = FILES_MAX;
	if (dir == NULL)
		return;
	while (usage->files < FILES_MAX && (entry = readdir(dir)) != NULL) {
		if (is_self(entry->d_name) ||
		    fstatat(dirfd(dir), entry->d_name, &status,
			AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		usage->files++;
		usage->octets += (uint64_t)status.st_blocks * BLOCK;
		if (!S_ISDIR(status.st_mode))
			continue;
		if (depth == DEPTH_MAX)
			usage->files = FILES_MAX;
		else
			count(dirfd(dir), entry->d_name, depth + 1, usage);
	}
	closedir(dir);
}

bool
temp_is_over(const char *path, uint64_t max)
{
	struct usage usage = {0, 0};

	count(AT_FDCWD, path, 0, &usage);
	return usage.octets > max || usage.files >= FILES_MAX;
}

/* Locks a directory until the last of us is dead.  The lock, or -1 if somebody
 * has it, or has removed the directory. */
static int
lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status, open_status;

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &open_status) < 0 ||
	    lstat(path, &status) < 0 || status.st_ino != open_status.st_ino) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
remove_old(const char *base)
{
	DIR *dir = opendir(base);
	const struct dirent *entry;
	char path[PATH_MAX];
	struct stat status;
	int n, fd;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		n = snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		fd = lock(path);
		if (fd < 0)
			continue;
		if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
		    temp_remove(path) < 0)
			warning(
			    "cannot remove '%s': %s", path, strerror(errno));
		close(fd);
	}
	closedir(dir);
}

/* Makes a directory and locks it.  Another av-scand that starts now may take it
 * for an old one, before it is locked. */
static void
make(char path[PATH_MAX])
{
	static const char name[] = "/" PREFIX "XXXXXX";
	size_t len = strlen(path);
	int i;

	if (len + sizeof(name) > PATH_MAX)
		fatal("'%s' (TMPDIR) is too long", path);
	for (i = 0; i < TRIES_MAX; i++) {
		memcpy(path + len, name, sizeof(name));
		if (mkdtemp(path) == NULL)
			break;
		if (lock(path) >= 0)
			return;
	}
	fatal("cannot make '%s': %s", path, strerror(errno));
}

const char *
desk_temp(uint64_t octets)
{
	static char path[PATH_MAX];
	struct statvfs space;

	if (realpath(file_temp_dir(), path) == NULL)
		fatal("cannot find '%s' (TMPDIR): %s", file_temp_dir(),
		    strerror(errno));
	remove_old(path);
	if (statvfs(path, &space) < 0)
		fatal("cannot look at '%s': %s", path, strerror(errno));
	if ((uint64_t)space.f_bavail * space.f_frsize < octets)
		fatal("'%s' (TMPDIR) has no room for the temporary files of "
		      "all scanners: -o temp, -o scanners",
		    path);
	make(path);
	return path;
}
