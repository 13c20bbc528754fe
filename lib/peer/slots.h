/*
 * slots: how many processes may do something at the same time.
 *
 * Each has the lock of one octet of a file.  The kernel lets go of it when the
 * process ends, however that is, so nothing is left to be put right.
 */
#ifndef PEER_SLOTS_H
#define PEER_SLOTS_H

#include <stdint.h>

/* Takes one of so many; the file is made.  Returns the descriptor that has it,
 * or -1 with errno, EAGAIN if all are taken. */
int slots_take(const char *path, uint64_t count);

#endif
