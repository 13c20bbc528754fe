/*
 * snapshot: the files of a database directory at one moment, all open.
 *
 * What is open stays as it is when freshclam or av-db puts new files in their
 * places, so that an engine can be loaded again from the very files that the
 * running one came from, and a directory that is changed while it is read is
 * never half of each.
 */
#ifndef SIGS_SNAPSHOT_H
#define SIGS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SNAPSHOT_FILES_MAX 1000
#define SNAPSHOT_NAME_MAX 128

struct snapshot_file {
	char name[SNAPSHOT_NAME_MAX + 1];
	int fd; /* close-on-exec; of the snapshot */
	uint64_t size;
	/* by which a change is noticed */
	uint64_t inode;
	int64_t changed; /* ctime, ns */
};

struct snapshot {
	struct snapshot_file *files; /* sorted by name */
	size_t count;
};

/* Opens all regular files of the directory that libclamav knows by their
 * extension, and those of av-db.  0; -1 with errno, ENOENT also if there is
 * none. */
int snapshot_take(struct snapshot *snapshot, const char *directory);
void snapshot_free(struct snapshot *snapshot);

/* Whether the directory holds something else now: 1 or 0; -1 with errno. */
int snapshot_differs(const struct snapshot *snapshot, const char *directory);

/* The file of that name, or NULL. */
const struct snapshot_file *snapshot_find(
    const struct snapshot *snapshot, const char *name);

#endif
