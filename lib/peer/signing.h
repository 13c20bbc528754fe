/*
 * signing: our own manifest, made one that others can believe.  What is wrong
 * ends the program: a person is there and reads it.
 */
#ifndef PEER_SIGNING_H
#define PEER_SIGNING_H

#include "peer/papers.h"

/* Reads our own manifest, which self.yaml must be a link to: NAME.yaml is where
 * peers are told of it from. */
void signing_read_own(struct papers *own, const char *nodes);

/* Signs it, and puts signature and key beside it.  raise: its serial is raised
 * first, in its text. */
void signing_sign(struct papers *own, struct openpgp *openpgp, bool raise);

#endif
