/*
 * holders: the processes at the other end of a pipe.
 */
#ifndef SEAL_HOLDERS_H
#define SEAL_HOLDERS_H

#include <sys/types.h>

/* Which pipe it is; 0 if it is none. */
ino_t holders_pipe(int fd);

/* Kills every other process of ours that has that pipe, which is still open
 * here, open too.  For the one that was started by a library and whose number
 * nobody knows. */
void holders_kill(ino_t pipe);

#endif
