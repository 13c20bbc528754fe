/*
 * parts: the decoded parts of a message, as GMime sees them.
 */
#ifndef SCAN_PARTS_H
#define SCAN_PARTS_H

#include <stdbool.h>

#include "base/span.h"

#define PARTS_MAX 1000 /* parts of a message */

/* Whether the octets begin as a message does: with a line that is a header
 * field, or with an mbox line. */
bool parts_is_message(struct span octets);

/* Calls each for every leaf part, decoded, in order, also of messages within
 * the message.  name is NULL if it has none.  False if there are more than
 * PARTS_MAX or the message could not be taken apart for lack of memory. */
bool parts_walk(struct span mail,
    void (*each)(struct span octets, const char *name, void *arg), void *arg);

#endif
