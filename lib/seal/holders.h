/*
 * holders: the processes at the other end of a pipe.
 */
#ifndef SEAL_HOLDERS_H
#define SEAL_HOLDERS_H

/* Kills every other process of ours that has that pipe open too.  For the one
 * that was started by a library and whose number nobody knows. */
void holders_kill(int pipe);

#endif
