/*
 * overview: a line for each node that we know, for people and for awk(1).
 */
#ifndef PEER_OVERVIEW_H
#define PEER_OVERVIEW_H

#include "seal/openpgp.h"

/* Prints to standard output, with a TAB between them: name, serial (0: none),
 * domains, key, how it is trusted (own, pinned, by-hand), its signature
 * (signed, unsigned, bad, unchecked), days since the manifest was written, and
 * the day its key ends.  openpgp may be NULL.  STATUS_OK, or STATUS_DEFER if
 * one is broken, which was told. */
int overview_print(const char *nodes, struct openpgp *openpgp);

#endif
