/*
 * hello: what a connection to a node begins with, see agamid(7), 7: whether it
 * is there, and has a newer manifest than we know.
 */
#ifndef PEER_HELLO_H
#define PEER_HELLO_H

#include "net/courier.h"
#include "peer/errand.h"

/* Asks, and takes the manifest that comes back, see import.h.  What knows no
 * hello defers it or passes it on, and that is all right.  0, or -1 with errno:
 * EREMOTE if it is rejected, for then another node is there, whose word on mail
 * would not be the owner's; else there is no answer. */
int hello_say(struct courier *courier, const struct errand_settings *how,
    const char *name, int64_t deadline);

#endif
