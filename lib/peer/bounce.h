/*
 * bounce: the report to the sender of mail that did not get home (RFC 3464,
 * RFC 6522).
 */
#ifndef PEER_BOUNCE_H
#define PEER_BOUNCE_H

#include "mail/frame.h"

/* Makes the frame: direction bounce, the null reverse-path, one recipient, who
 * is the sender of envelope, see envelope_take().  entry: its content id, of
 * which the bounce's id is made, so that it is the same if it is made twice.
 * reply: "550 5.1.1 text" of who refused it; NULL: it was too old, after so
 * many days.  0; 1 if nobody is to get one (the null reverse-path, no such
 * address); -1 with errno. */
int bounce_make(const struct frame *envelope, const char *entry,
    const char *host, const char *reply, uint64_t days, struct frame *bounce);

#endif
