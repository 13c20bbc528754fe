/*
 * place: where the mail of a recipient goes below DIR.
 *
 * DIR is a path with %m (mailbox), %d (domain of the address), %n (node) and
 * %% in it; one without the first three gets "/%m".  What stands before the
 * first of them up to a slash is the operator's word and must exist; what is
 * behind is made when it is needed.  No value can name anything but one entry
 * of one directory: it has no slash and does not begin with a dot.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "base/buf.h"

#define PLACE_PATH_MAX 4095
#define PLACE_FOLDER_MAX 64 /* octets of a folder's name */

struct place {
	struct buf base;     /* what must exist, its %% undone */
	const char *pattern; /* what goes below it; points into DIR */
	bool plain;          /* DIR has none of %m, %d, %n */
};

/* Takes DIR, which must outlive it.  0, or -1 with errno EINVAL: it is empty,
 * has another letter behind a %, or a component "." or ".." behind the base. */
int place_init(struct place *place, const char *dir);
void place_free(struct place *place);

/* Appends the Maildir of a recipient to path.  0, or -1 with errno EINVAL: a
 * value that is needed is missing or cannot stand in a path; ENAMETOOLONG. */
int place_path(const struct place *place, struct span mailbox,
    struct span address, struct span node, struct buf *path);

/* Appends DIR itself as a Maildir, for a message without recipient; *base is
 * how much of it must exist: all, or all but the last component if it is not
 * there yet.  0, or -1 with errno EINVAL: it has values; ENAMETOOLONG. */
int place_raw(const struct place *place, struct buf *path, size_t *base);

/* Whether that may be the name of a folder: [0-9A-Za-z_-]+. */
bool place_is_folder(struct span name);

/* The folder that an address asks for: what stands behind the first '+' of
 * its local part.  Returns false if there is none, or if it is not a stranger's
 * to choose: a suffix must not file mail among what the owner has sent, has
 * not sent yet or has thrown away. */
bool place_folder(struct span address, char folder[PLACE_FOLDER_MAX + 1]);

#endif
