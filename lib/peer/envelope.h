/*
 * envelope: who wrote to whom, kept for a bounce by the node that took the mail
 * from outside, and sealed to itself; see selfseal.h and agamid(7).
 */
#ifndef PEER_ENVELOPE_H
#define PEER_ENVELOPE_H

#include "mail/frame.h"
#include "seal/selfseal.h"

/* Adds the fields "envelope" to kept, from id, sender, recipients and time of
 * frame.  0, or -1 with errno. */
int envelope_keep(const struct selfseal *selfseal, const struct frame *frame,
    struct frame *kept);

/* Whether there is one, which says that we are responsible. */
bool envelope_is_there(const struct frame *kept);

/* Opens it into an empty frame: fields only.  0, or -1 with errno EBADMSG. */
int envelope_take(const struct selfseal *selfseal, const struct frame *kept,
    struct frame *frame);

#endif
