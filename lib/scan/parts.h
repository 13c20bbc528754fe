/*
 * parts: the decoded parts of a message, as GMime sees them.
 *
 * A message with CRs that stand alone is walked twice, since some readers end a
 * line there and others do not: as it is, and with each of them as a line end.
 * So parts may come twice.
 */
#ifndef SCAN_PARTS_H
#define SCAN_PARTS_H

#include <stdbool.h>

#include "base/span.h"

#define PARTS_MAX 1000    /* parts of a message */
#define PARTS_NEST_MAX 16 /* messages in parts that are encoded, or look so */

/* Readies GMime and what the C library loads to convert the names of files.
 * After it, nothing here opens a file but for a character set that hardly
 * anybody uses, and can do without.  parts_walk() does it if nobody did. */
void parts_init(void);

/* Whether the octets begin as a message does: with a line that is a header
 * field, or with an mbox line; and with a field that messages have before the
 * header ends.  Empty lines in front do not matter. */
bool parts_is_message(struct span octets);

/* Calls each for every leaf part, decoded, in order, also of messages within
 * the message; a part that is or looks like a message by itself, and not only
 * its parts, too.  name is NULL if it has none; it is UTF-8 if its character
 * set is known.  False if there are more than PARTS_MAX, or they are nested
 * deeper than GMime or PARTS_NEST_MAX go, or there is more of something than
 * partview.h allows, for then nothing is parsed. */
bool parts_walk(struct span mail,
    void (*each)(struct span octets, const char *name, void *arg), void *arg);

#endif
