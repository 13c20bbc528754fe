#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/channel.h"

/* Room for the control message, aligned. */
union control {
	struct cmsghdr header;
	char octets[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
};

int
channel_open(int ends[2])
{
	int size = 2 * CHANNEL_SIZE;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

int
channel_send(int fd, char kind, struct span payload, const int *fds,
    size_t fd_count, int nowait)
{
	struct iovec vec[2] = {
	    {&kind, 1}, {(void *)(uintptr_t)payload.p, payload.len}};
	struct msghdr message = {.msg_iov = vec, .msg_iovlen = 2};
	union control control;
	ssize_t n;

	if (fd_count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.octets;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	}
	do
		n = sendmsg(
		    fd, &message, MSG_NOSIGNAL | (nowait ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

ssize_t
channel_receive(int fd, char *buf, int fds[CHANNEL_FDS_MAX], int nowait)
{
	struct iovec vec = {buf, CHANNEL_SIZE};
	union control control;
	struct msghdr message = {.msg_iov = &vec,
	    .msg_iovlen = 1,
	    .msg_control = control.octets,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *header;
	ssize_t n;
	size_t i;

	for (i = 0; i < CHANNEL_FDS_MAX; i++)
		fds[i] = -1;
	n = recvmsg(
	    fd, &message, MSG_CMSG_CLOEXEC | (nowait ? MSG_DONTWAIT : 0));
	if (n <= 0)
		return n;
	header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return n;
}
