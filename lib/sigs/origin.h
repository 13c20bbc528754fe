/*
 * origin: where signatures come from: directories, files, and the official
 * containers among them, unpacked.
 *
 * A container is verified by libclamav: of a .cvd the signature in its header;
 * of a .cld, which freshclam makes of a .cvd and differences, that in its list
 * of contents.  A .cud has none.  All files of a set are open: freshclam may
 * replace them meanwhile.
 */
#ifndef SIGS_ORIGIN_H
#define SIGS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "sigs/snapshot.h"

#define ORIGIN_SETS_MAX 100

/* The files of a directory or a container, or one that was named. */
struct origin_set {
	char *path;
	bool is_file;
	const struct snapshot_file *of; /* the container, or NULL */
	struct snapshot files;
	bool official; /* a container that was verified */
};

struct origin {
	struct origin_set sets[ORIGIN_SETS_MAX];
	size_t count;
	const char *temp; /* a private directory, in which containers go */
	bool verify;      /* false: those that fail are taken, but not as
			     official */
	/* the header of the newest daily container, or 0 */
	unsigned version;
	unsigned built; /* seconds since 1970 */
};

/* Each of these ends the program with 111 if something is not to be had. */
void origin_init(struct origin *origin, const char *temp, bool verify);
void origin_free(struct origin *origin);
void origin_add(struct origin *origin, const char *path);

/* Once all is added: unpacks the containers, each into a set of its own. */
void origin_unpack(struct origin *origin);

/* How messages name a file of a set. */
void origin_label(const struct origin_set *set,
    const struct snapshot_file *file, struct buf *label);

/* Whether a container of the set is made up for by another one in it: of
 * NAME.cvd and NAME.cld only the newer one counts. */
bool origin_is_outdated(
    const struct origin_set *set, const struct snapshot_file *file);

#endif
