/*
 * maildir: Maildirs that are open, and files on their way into them.
 *
 * The directories of the Maildirs used last stay open.  Once a message it is
 * asked whether the path still leads to the same tmp/, so that a Maildir that
 * was moved or removed, or a disk that was mounted, is seen.
 *
 * Below the part of a path that the operator wrote nothing is reached through
 * a symbolic link, and every directory must belong to us or to root and be
 * writable for nobody but its owner: else somebody could put a directory of
 * theirs in the way.
 *
 * A file is written and synced in tmp/ under a name that nobody else has, and
 * renamed into new/.  rename(2) would replace a file of the same name, but
 * names hold the time in microseconds, the process, a count and the host;
 * link(2) and unlink(2) would cost a call more, and some file systems have no
 * links.
 */
#ifndef STORE_MAILDIR_H
#define STORE_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

#define MAILDIR_OPEN_MAX 32   /* Maildirs that stay open */
#define MAILDIR_NAME_SIZE 256 /* of a file's name, with NUL */
#define MAILDIR_HOST_MAX 64   /* octets of the host's name in it */
#define MAILDIR_ONCE_LEN 32   /* hexadecimal digits, lower case */
#define MAILDIR_MARK "O%s"    /* of these in a file's name */

struct maildir {
	char *path; /* of its tmp/; NULL: not in use */
	int dir;
	int tmp;
	int new;
	dev_t device; /* of tmp/ */
	ino_t inode;
	uint64_t used;  /* when, as a count of uses */
	uint64_t asked; /* for which message the path was asked */
};

struct maildirs {
	struct maildir open[MAILDIR_OPEN_MAX];
	uint64_t uses;
	uint64_t messages;
	unsigned files; /* how many names were made */
	pid_t pid;
	bool sync; /* else nothing is ever synced */
	char host[MAILDIR_HOST_MAX + 1];
	char once[MAILDIR_ONCE_LEN + 1]; /* of the message; or "" */
};

enum maildir_make {
	MAILDIR_EXISTING, /* errno ENOENT if it is not there */
	MAILDIR_MAKE,     /* made if it is not there, 0700 */
	MAILDIR_FOLDER    /* made as a Maildir++ folder */
};

enum maildir_where { MAILDIR_NOWHERE, MAILDIR_TMP, MAILDIR_NEW };

struct maildir_file {
	enum maildir_where where;
	char name[MAILDIR_NAME_SIZE];
};

void maildirs_init(struct maildirs *maildirs, bool sync);
void maildirs_free(struct maildirs *maildirs);

/* To be called for each message. */
void maildirs_next(struct maildirs *maildirs);

/* From here on, until the next message, names bear this mark, by which
 * maildir_has() finds them.  False if it is not MAILDIR_ONCE_LEN digits. */
bool maildirs_once(struct maildirs *maildirs, struct span once);

/* Opens the Maildir at path, whose first base octets are the operator's.  It
 * stays valid until 30 others were opened.  NULL with errno: EPERM if a
 * directory is open to others or belongs to them, ENOTDIR for a symbolic link,
 * EINVAL for "." or "..", or the system call's. */
struct maildir *maildir_open(struct maildirs *maildirs, const char *path,
    size_t base, enum maildir_make make);

/* Forgets it; what a caller does whose work in it failed, since a part of it
 * may have gone. */
void maildir_close(struct maildir *maildir);

/* Makes a name that no other file has, in at least 200 octets. */
void maildir_name(struct maildirs *maildirs, char *name, size_t size);

/* Makes an empty file in tmp/, its sizes in its name.  Returns the
 * descriptor, or -1 with errno. */
int maildir_create(struct maildirs *maildirs, const struct maildir *maildir,
    uint64_t octets, uint64_t wire, struct maildir_file *file);

/* Closes a file, synced if writing it went well (wrote is 0).  0, or -1 with
 * errno; that of the write if it failed. */
int maildir_finish(const struct maildirs *maildirs, int fd, int wrote);

/* Moves it to new/.  0, or -1 with errno. */
int maildir_commit(const struct maildir *maildir, struct maildir_file *file);

/* Makes sure that what was moved stays there.  0, or -1 with errno. */
int maildir_sync(
    const struct maildirs *maildirs, const struct maildir *maildir);

/* Whether new/ or cur/, of the Maildir or of a folder in it, has a file with
 * the mark of the message.  1 or 0; -1 with errno. */
int maildir_has(const struct maildirs *maildirs, const struct maildir *maildir);

/* Takes it away again, wherever it is. */
void maildir_undo(const struct maildir *maildir, struct maildir_file *file);

#endif
