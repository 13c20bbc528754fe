/*
 * serial: the number of a manifest's version, for who signs it.
 */
#ifndef NODE_SERIAL_H
#define NODE_SERIAL_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* The next one after old: that of the day (UTC) with two zeros behind, or one
 * more if that is not more.  0 if there is none. */
uint64_t serial_next(uint64_t old, time_t now);

/* Appends the text of a good manifest with that serial in it, and all else as
 * it is, comments too.  Without one before, it becomes a line of its own, above
 * the node's first key.  0, or -1 if the place is not found, as a person may
 * write YAML in many ways. */
int serial_put(struct span text, uint64_t serial, struct buf *edited);

#endif
