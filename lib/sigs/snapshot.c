#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/span.h"
#include "sigs/snapshot.h"

#define TRIES_MAX 10 /* while somebody changes the directory */
#define OWN_PREFIX "pimail."

/* What libclamav 1.4 loads by its extension, see ClamAV's manual, "Signatures".
 * Not .dat and .tmp, which are freshclam's. */
static const char *const extensions[] = {"cat", "cbc", "cdb", "cfg", "cld",
    "crb", "cud", "cvd", "db", "fp", "ftm", "gdb", "hdb", "hdu", "hsb", "hsu",
    "idb", "ign", "ign2", "imp", "info", "ioc", "ldb", "ldu", "mdb", "mdu",
    "msb", "msu", "ndb", "ndu", "pdb", "pwdb", "rmd", "sdb", "sfp", "wdb",
    "yar", "yara", "zmd"};

/* In any case, as libclamav compares. */
static bool
is_wanted(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t i;

	if (strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
		return true;
	if (dot == NULL || *name == '.')
		return false;
	for (i = 0; i < nitems(extensions); i++)
		if (strcasecmp(dot + 1, extensions[i]) == 0)
			return true;
	return false;
}

static void
describe(struct snapshot_file *file, const struct stat *status)
{
	file->size = (uint64_t)status->st_size;
	file->inode = (uint64_t)status->st_ino;
	file->changed = (int64_t)status->st_ctim.tv_sec * 1000000000 +
			status->st_ctim.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	const struct snapshot_file *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* Adds a file, open or not; 0, or -1 with errno.  What is no regular file is
 * no database; a fifo does not hold us up. */
static int
add(struct snapshot *snapshot, int directory, const char *name, bool open_it)
{
	struct snapshot_file *file = &snapshot->files[snapshot->count];
	struct stat status;

	if (snapshot->count == SNAPSHOT_FILES_MAX)
		errno = EMSGSIZE;
	else if (strlen(name) > SNAPSHOT_NAME_MAX)
		errno = ENAMETOOLONG;
	else
		errno = 0;
	if (errno != 0 || fstatat(directory, name, &status, 0) < 0)
		return -1;
	if (!S_ISREG(status.st_mode))
		return 0;
	memcpy(file->name, name, strlen(name) + 1);
	file->fd = -1;
	if (open_it) {
		file->fd =
		    openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (file->fd < 0)
			return -1;
		snapshot->count++;
		if (fstat(file->fd, &status) < 0)
			return -1;
	} else
		snapshot->count++;
	describe(file, &status);
	return 0;
}

/* All of the directory.  -1 with errno; what was taken so far is freed. */
static int
take(struct snapshot *snapshot, const char *directory, bool open_them)
{
	const struct dirent *entry;
	int rc = 0, saved;
	DIR *dir;

	memset(snapshot, 0, sizeof(*snapshot));
	dir = opendir(directory);
	if (dir == NULL)
		return -1;
	snapshot->files = calloc(SNAPSHOT_FILES_MAX, sizeof(*snapshot->files));
	if (snapshot->files == NULL)
		fatal("out of memory");
	while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (is_wanted(entry->d_name))
			rc =
			    add(snapshot, dirfd(dir), entry->d_name, open_them);
	if (errno != 0)
		rc = -1;
	saved = errno;
	closedir(dir);
	if (rc < 0)
		snapshot_free(snapshot);
	else
		qsort(snapshot->files, snapshot->count,
		    sizeof(*snapshot->files), compare);
	errno = saved;
	return rc;
}

/* A file may go while the directory is read, and come under another name, as
 * daily.cvd becomes daily.cld.  Then it is read again. */
int
snapshot_take(struct snapshot *snapshot, const char *directory)
{
	int i, changed;

	for (i = 0; i < TRIES_MAX; i++) {
		if (take(snapshot, directory, true) < 0) {
			if (errno != ENOENT)
				return -1;
			continue;
		}
		changed = snapshot_differs(snapshot, directory);
		if (changed == 0 && snapshot->count > 0)
			return 0;
		snapshot_free(snapshot);
		errno = changed == 0 ? ENOENT : EAGAIN;
		if (changed == 0)
			return -1;
	}
	return -1;
}

void
snapshot_free(struct snapshot *snapshot)
{
	size_t i;

	for (i = 0; i < snapshot->count; i++)
		if (snapshot->files[i].fd >= 0)
			close(snapshot->files[i].fd);
	free(snapshot->files);
	memset(snapshot, 0, sizeof(*snapshot));
}

int
snapshot_differs(const struct snapshot *snapshot, const char *directory)
{
	const struct snapshot_file *a, *b;
	struct snapshot now;
	int differs;
	size_t i;

	if (take(&now, directory, false) < 0)
		return -1;
	differs = now.count != snapshot->count;
	for (i = 0; !differs && i < now.count; i++) {
		a = &now.files[i];
		b = &snapshot->files[i];
		differs = strcmp(a->name, b->name) != 0 || a->size != b->size ||
			  a->inode != b->inode || a->changed != b->changed;
	}
	snapshot_free(&now);
	return differs;
}

const struct snapshot_file *
snapshot_find(const struct snapshot *snapshot, const char *name)
{
	size_t i;

	for (i = 0; i < snapshot->count; i++)
		if (strcmp(snapshot->files[i].name, name) == 0)
			return &snapshot->files[i];
	return NULL;
}
