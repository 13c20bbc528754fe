/*
 * ignore: the names of signatures that do not count, from .ign and .ign2 files.
 *
 * A name stands as it is in the signature's file, without the ".UNOFFICIAL"
 * that libclamav puts behind it.  With an MD5 it is meant only as long as the
 * signature's line has it, so that one that was corrected counts again.
 */
#ifndef SIGS_IGNORE_H
#define SIGS_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "sigs/sigline.h"

#define IGNORE_MAX 1000000 /* names */

struct ignore_entry; /* sorted by name */

struct ignore {
	struct ignore_entry *entries;
	size_t count;
	size_t room;
	struct buf names;
};

void ignore_init(struct ignore *ignore);
void ignore_free(struct ignore *ignore);

/* Adds a line that was taken apart; false if there are IGNORE_MAX. */
bool ignore_add(struct ignore *ignore, const struct sigline *sig);

/* After the last one was added. */
void ignore_sort(struct ignore *ignore);

/* Whether the signature of that name, with that line, does not count. */
bool ignore_has(
    const struct ignore *ignore, struct span name, struct span line);

#endif
