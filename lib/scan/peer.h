/*
 * peer: a connection to what scans, over which descriptors go: one to a unix
 * socket, or to an av-scand that is started for it and ends with it.
 *
 * One question, one answer: an answer ends in NUL, and nothing may follow.
 * After an error the connection is of no use any more.
 */
#ifndef SCAN_PEER_H
#define SCAN_PEER_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/io.h"

#define PEER_PROGRAM "av-scand" /* beside our own program, or in PATH */

struct peer {
	struct io_in in; /* its fd is the connection, or -1 */
	pid_t pid;       /* of our own, or 0 */
};

void peer_init(struct peer *peer);

/* Connects to a socket, whose path fits.  0, or -1 with errno. */
int peer_reach(struct peer *peer, const char *path);

/* Starts an av-scand with that database (NULL: its default), whose standard
 * input the connection is; what it says goes to standard error.  0, or -1 with
 * errno. */
int peer_start(struct peer *peer, const char *database);

/* Sends a command, with a descriptor unless fd is -1, and reads the answer
 * without its NUL.  0, or -1 with errno: EPIPE if there is none or half of one,
 * EBADMSG if it is too long or more comes after it, ETIMEDOUT. */
int peer_ask(struct peer *peer, struct span command, int fd, int64_t deadline,
    struct buf *answer);

/* Ends the connection, and waits for the end of an av-scand of our own.  Keeps
 * errno. */
void peer_end(struct peer *peer);
void peer_free(struct peer *peer);

#endif
