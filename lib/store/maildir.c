#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hex.h"
#include "store/maildir.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* The host's name as it may stand in a file's name. */
static void
set_host(char *host, size_t size)
{
	char name[256];
	const char *p;
	size_t len = 0;
	int n;

	if (gethostname(name, sizeof(name)) < 0 || name[0] == '\0')
		snprintf(name, sizeof(name), "localhost");
	name[sizeof(name) - 1] = '\0';
	for (p = name; *p != '\0'; p++) {
		n = snprintf(host + len, size - len,
		    *p == '/' || *p == ':' ? "\\%03o" : "%c", *p);
		if (n < 0 || (size_t)n >= size - len)
			break;
		len += (size_t)n;
	}
	host[len] = '\0';
}

void
maildirs_init(struct maildirs *maildirs, bool sync)
{
	memset(maildirs, 0, sizeof(*maildirs));
	maildirs->sync = sync;
	maildirs->pid = getpid();
	set_host(maildirs->host, sizeof(maildirs->host));
}

void
maildirs_free(struct maildirs *maildirs)
{
	size_t i;

	for (i = 0; i < nitems(maildirs->open); i++)
		if (maildirs->open[i].path != NULL)
			maildir_close(&maildirs->open[i]);
}

void
maildirs_next(struct maildirs *maildirs)
{
	maildirs->messages++;
	maildirs->once[0] = '\0';
}

bool
maildirs_once(struct maildirs *maildirs, struct span once)
{
	if (!hex_is(once, MAILDIR_ONCE_LEN))
		return false;
	memcpy(maildirs->once, once.p, once.len);
	maildirs->once[once.len] = '\0';
	return true;
}

void
maildir_close(struct maildir *maildir)
{
	int saved = errno;

	free(maildir->path);
	maildir->path = NULL;
	maildir->used = 0; /* the first to be taken again */
	if (maildir->dir >= 0)
		close(maildir->dir);
	if (maildir->tmp >= 0)
		close(maildir->tmp);
	if (maildir->new >= 0)
		close(maildir->new);
	errno = saved;
}

static int
sync_dir(const struct maildirs *maildirs, int fd)
{
	return maildirs->sync ? fsync(fd) : 0;
}

/* Whether nobody else can change what is in the directory.  Root owning it is
 * no danger: root needs no trick. */
static bool
is_ours(int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return false;
	if ((st->st_uid != geteuid() && st->st_uid != 0) ||
	    (st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		errno = EPERM;
		return false;
	}
	return true;
}

/* Opens a directory of a directory, and makes it if that is wanted.  Returns
 * the descriptor, or -1 with errno. */
static int
enter(const struct maildirs *maildirs, int at, const char *name, bool make)
{
	struct stat st;
	int fd, saved;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	fd = openat(at, name, OPEN_DIR | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && make) {
		if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
			return -1;
		if (sync_dir(maildirs, at) < 0)
			return -1;
		fd = openat(at, name, OPEN_DIR | O_NOFOLLOW);
	}
	if (fd >= 0 && !is_ours(fd, &st)) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Walks from the operator's part down to the Maildir.  path is cut up.
 * Returns the descriptor, or -1 with errno. */
static int
walk(const struct maildirs *maildirs, char *path, size_t base, bool make)
{
	char *part = path + base, *next;
	int at, fd, saved;

	if (*part == '/')
		*part++ = '\0';
	at = open(path, OPEN_DIR);
	for (; at >= 0 && *part != '\0'; part = next) {
		next = part + strcspn(part, "/");
		while (*next == '/')
			*next++ = '\0';
		if (*part == '\0')
			continue; /* two slashes */
		fd = enter(maildirs, at, part, make);
		saved = errno;
		close(at);
		errno = saved;
		at = fd;
	}
	return at;
}

/* The file by which Maildir++ tells a folder. */
static int
mark_folder(int dir)
{
	int fd;

	fd = openat(dir, "maildirfolder",
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : close(fd);
}

/* Opens what is in the Maildir.  0, or -1 with errno. */
static int
open_inside(const struct maildirs *maildirs, struct maildir *maildir,
    enum maildir_make make)
{
	bool makes = make != MAILDIR_EXISTING;
	struct stat st;
	int cur;

	if (!is_ours(maildir->dir, &st) ||
	    (make == MAILDIR_FOLDER && mark_folder(maildir->dir) < 0))
		return -1;
	cur = enter(maildirs, maildir->dir, "cur", makes);
	if (cur < 0)
		return -1;
	close(cur);
	maildir->new = enter(maildirs, maildir->dir, "new", makes);
	maildir->tmp = enter(maildirs, maildir->dir, "tmp", makes);
	if (maildir->new < 0 || maildir->tmp < 0 ||
	    fstat(maildir->tmp, &st) < 0)
		return -1;
	maildir->device = st.st_dev;
	maildir->inode = st.st_ino;
	return 0;
}

/* Whether the path still leads to what is open. */
static bool
is_current(const struct maildirs *maildirs, struct maildir *maildir)
{
	struct stat st;

	if (maildir->asked == maildirs->messages)
		return true;
	maildir->asked = maildirs->messages;
	return fstatat(AT_FDCWD, maildir->path, &st, AT_SYMLINK_NOFOLLOW) ==
		   0 &&
	       st.st_ino == maildir->inode && st.st_dev == maildir->device;
}

/* The one that is open under that path, else the one to put it in, empty. */
static struct maildir *
find(struct maildirs *maildirs, const char *path)
{
	struct maildir *maildir, *found = maildirs->open;
	size_t len = strlen(path);

	for (maildir = maildirs->open;
	     maildir < maildirs->open + nitems(maildirs->open); maildir++) {
		if (maildir->path != NULL &&
		    strncmp(maildir->path, path, len) == 0 &&
		    strcmp(maildir->path + len, "/tmp") == 0) {
			if (is_current(maildirs, maildir))
				return maildir;
			found = maildir;
			break;
		}
		if (maildir->used < found->used)
			found = maildir;
	}
	if (found->path != NULL)
		maildir_close(found);
	return found;
}

struct maildir *
maildir_open(struct maildirs *maildirs, const char *path, size_t base,
    enum maildir_make make)
{
	size_t size = strlen(path) + sizeof("/tmp");
	struct maildir *maildir;
	char *parts;

	maildir = find(maildirs, path);
	maildir->used = ++maildirs->uses;
	if (maildir->path != NULL)
		return maildir;
	maildir->asked = maildirs->messages;
	maildir->dir = maildir->tmp = maildir->new = -1;
	maildir->path = malloc(size);
	parts = strdup(path);
	if (maildir->path == NULL || parts == NULL)
		fatal("out of memory");
	snprintf(maildir->path, size, "%s/tmp", path);
	maildir->dir = walk(maildirs, parts, base, make != MAILDIR_EXISTING);
	free(parts);
	if (maildir->dir < 0 || open_inside(maildirs, maildir, make) < 0) {
		maildir_close(maildir);
		return NULL;
	}
	return maildir;
}

void
maildir_name(struct maildirs *maildirs, char *name, size_t size)
{
	char mark[MAILDIR_ONCE_LEN + sizeof(MAILDIR_MARK)] = "";
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (maildirs->once[0] != '\0')
		snprintf(mark, sizeof(mark), MAILDIR_MARK, maildirs->once);
	snprintf(name, size, "%jd.M%06ldP%jdQ%u%s.%s", (intmax_t)now.tv_sec,
	    now.tv_nsec / 1000, (intmax_t)maildirs->pid, ++maildirs->files,
	    mark, maildirs->host);
}

int
maildir_create(struct maildirs *maildirs, const struct maildir *maildir,
    uint64_t octets, uint64_t wire, struct maildir_file *file)
{
	size_t len;
	int fd;

	maildir_name(maildirs, file->name, sizeof(file->name));
	len = strlen(file->name);
	snprintf(file->name + len, sizeof(file->name) - len,
	    ",S=%" PRIu64 ",W=%" PRIu64, octets, wire);
	fd = openat(maildir->tmp, file->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		file->where = MAILDIR_TMP;
	return fd;
}

int
maildir_finish(const struct maildirs *maildirs, int fd, int wrote)
{
	int saved;

	if (wrote == 0 && maildirs->sync)
		wrote = fsync(fd);
	saved = errno;
	if (close(fd) < 0 && wrote == 0)
		return -1;
	errno = saved;
	return wrote;
}

int
maildir_commit(const struct maildir *maildir, struct maildir_file *file)
{
	if (renameat(maildir->tmp, file->name, maildir->new, file->name) < 0)
		return -1;
	file->where = MAILDIR_NEW;
	return 0;
}

int
maildir_sync(const struct maildirs *maildirs, const struct maildir *maildir)
{
	return sync_dir(maildirs, maildir->new);
}

void
maildir_undo(const struct maildir *maildir, struct maildir_file *file)
{
	int saved = errno;

	if (file->where == MAILDIR_TMP)
		unlinkat(maildir->tmp, file->name, 0);
	else if (file->where == MAILDIR_NEW)
		unlinkat(maildir->new, file->name, 0);
	file->where = MAILDIR_NOWHERE;
	errno = saved;
}
