/*
 * channel: short messages between processes of one program, with descriptors.
 *
 * A channel is a pair of sockets that keep message boundaries
 * (SOCK_SEQPACKET), so a message is there as a whole or not at all.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/span.h"

#define CHANNEL_FDS_MAX 2
#define CHANNEL_SIZE (128 << 10) /* octets of a message */

/* Both ends are close-on-exec and blocking.  0, or -1 with errno. */
int channel_open(int ends[2]);

/* Sends a message of a kind octet and a payload, with descriptors.  0, or -1
 * with errno (EAGAIN if nowait and the other end is slow). */
int channel_send(int fd, char kind, struct span payload, const int *fds,
    size_t fd_count, int nowait);

/* Receives one into buf (CHANNEL_SIZE octets): its length with the kind, which
 * stands in buf[0]; 0 if the other end is closed; -1 with errno.  fds, of
 * CHANNEL_FDS_MAX, gets the descriptors (close-on-exec), or -1. */
ssize_t channel_receive(
    int fd, char *buf, int fds[CHANNEL_FDS_MAX], int nowait);

#endif
