/*
 * bundle: several files in one descriptor, for a process that may not open any.
 *
 * One process opens the files and adds each; it never looks into them: the
 * kernel copies the octets, so that a private key does not get into its memory.
 * The descriptor is handed over, and the other process walks the records.
 *
 * It is memory (memfd_create(2)) in the order of the machine's octets, so it
 * is for two processes of one program, not for a disk.  A record is a header, a
 * name with its NUL and the text, with nothing between them.
 *
 * Life of a writer: bundle_create(), bundle_add()..., close(2).  Of a reader:
 * bundle_open(), bundle_next() or bundle_find()..., bundle_close().
 */
#ifndef BASE_BUNDLE_H
#define BASE_BUNDLE_H

#include <sys/types.h>

#include "base/span.h"

#define BUNDLE_MAX (512 << 20) /* octets of all */
#define BUNDLE_NAME_MAX 1000   /* octets of a name */

/* One of the files; what it points to is good until bundle_close(). */
struct bundle_file {
	const char *name; /* that it was added with */
	int error;        /* why there is no text: errno, or 0 */
	dev_t device;     /* which file it was; both 0 if there was none */
	ino_t inode;
	struct span text;
};

struct bundle {
	const char *p; /* NULL if it is empty */
	size_t len;
	size_t pos; /* of the next record */
};

/* An empty one.  Returns the descriptor (close-on-exec), or -1 with errno. */
int bundle_create(void);

/* Adds a file under a name.  One that cannot be read is added, too, with the
 * reason in place of a text: errno, EINVAL if it is no regular file (a fifo
 * does not hold us up), EMSGSIZE if it is larger than max octets.  0, or -1
 * with errno if the bundle cannot take it; then it is as it was before. */
int bundle_add(int fd, const char *name, const char *path, size_t max);

/* Seals the bundle, so that nobody can write to it or cut it off any more, and
 * maps it.  fd stays the caller's, and may be closed.  0, or -1 with errno:
 * EINVAL or EPERM if it is something that cannot be sealed, EBUSY if somebody
 * still can write to it, EBADMSG if it is too large. */
int bundle_open(struct bundle *bundle, int fd);

/* The next file: 1; 0 if there is none; -1 with errno EBADMSG if what comes is
 * no record. */
int bundle_next(struct bundle *bundle, struct bundle_file *file);

/* Begins again with the first. */
void bundle_rewind(struct bundle *bundle);

/* The first file of that name; as bundle_next(), which goes on after it. */
int bundle_find(
    struct bundle *bundle, const char *name, struct bundle_file *file);

/* Gives it back.  It cannot be overwritten, since it is sealed; when the last
 * descriptor and mapping are gone the kernel frees the pages, which it clears
 * before anybody gets them. */
void bundle_close(struct bundle *bundle);

/* The error of a file in words. */
const char *bundle_reason(int error);

#endif
