#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "scan/peer.h"

#define END_MAX 2000 /* ms for our own to clean up and end */
#define END_LOOK 10  /* ms between two looks whether it has */

void
peer_init(struct peer *peer)
{
	io_in_init(&peer->in, -1);
	peer->pid = 0;
}

/* Waits for the end of our own, which comes when its connection ends. */
static void
reap(pid_t pid)
{
	int64_t end = clock_ms() + END_MAX;

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (clock_left(end) == 0) {
			kill(pid, SIGKILL);
			proc_wait(pid);
			return;
		}
		poll(NULL, 0, END_LOOK);
	}
}

void
peer_end(struct peer *peer)
{
	int saved = errno;

	if (peer->in.fd >= 0)
		close(peer->in.fd);
	peer->in.fd = -1;
	peer->in.pos = peer->in.len = 0;
	if (peer->pid > 0)
		reap(peer->pid);
	peer->pid = 0;
	errno = saved;
}

void
peer_free(struct peer *peer)
{
	peer_end(peer);
	io_in_free(&peer->in);
}

/* The program beside our own, if it is there; else it is looked for in PATH. */
static void
find_program(char *path, size_t size)
{
	ssize_t n;

	n = readlink("/proc/self/exe", path, size);
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n > 0 && (size_t)n + sizeof(PEER_PROGRAM) <= size) {
		memcpy(path + n, PEER_PROGRAM, sizeof(PEER_PROGRAM));
		if (access(path, X_OK) == 0)
			return;
	}
	snprintf(path, size, "%s", PEER_PROGRAM);
}

int
peer_start(struct peer *peer, const char *database)
{
	char program[4096], option[] = "-d";
	char *argv[4] = {program, NULL, NULL, NULL};
	int ends[2];

	find_program(program, sizeof(program));
	if (database != NULL) {
		argv[1] = option;
		argv[2] = (char *)(uintptr_t)database;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	peer->pid = proc_spawn(argv, ends[1], STDERR_FILENO, -1, NULL);
	close(ends[1]);
	peer->in.fd = ends[0];
	if (peer->pid > 0)
		return fcntl(ends[0], F_SETFL, O_NONBLOCK);
	peer->pid = 0;
	peer_end(peer);
	return -1;
}

int
peer_reach(struct peer *peer, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path, strlen(path));
	peer->in.fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (peer->in.fd >= 0 &&
	    connect(
		peer->in.fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	peer_end(peer);
	return -1;
}

/* Sends an octet that carries a descriptor.  0, or -1 with errno. */
static int
send_descriptor(int to, int fd, int64_t deadline)
{
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vec = {&(char){'\0'}, 1};
	struct msghdr message = {.msg_iov = &vec,
	    .msg_iovlen = 1,
	    .msg_control = control.octets,
	    .msg_controllen = sizeof(control.octets)};
	struct pollfd pfd = {.fd = to, .events = POLLOUT};

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	while (sendmsg(to, &message, MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (poll(&pfd, 1, clock_left(deadline)) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

/* Reads an answer, which ends in NUL.  0, or -1 with errno: EPIPE if the
 * connection ends before. */
static int
read_answer(struct io_in *in, struct buf *answer)
{
	const char *p, *nul;
	ssize_t have;

	for (;;) {
		have = io_in_fill(in, 1);
		if (have <= 0) {
			if (have == 0 || errno == ECONNRESET)
				errno = EPIPE;
			return -1;
		}
		p = in->buf + in->pos;
		nul = memchr(p, '\0', (size_t)have);
		if (nul != NULL)
			have = nul - p;
		errno = EBADMSG;
		if (!buf_add(answer, p, (size_t)have))
			return -1;
		in->pos += (size_t)have + (nul != NULL);
		if (nul != NULL) /* one question, one answer */
			return in->pos == in->len ? 0 : -1;
	}
}

/* Who does not know the command may have closed the connection before the
 * descriptor came; the answer is there all the same. */
int
peer_ask(struct peer *peer, struct span command, int fd, int64_t deadline,
    struct buf *answer)
{
	peer->in.deadline = deadline;
	if ((io_write(peer->in.fd, command.p, command.len, deadline) < 0 ||
		(fd >= 0 && send_descriptor(peer->in.fd, fd, deadline) < 0)) &&
	    errno != EPIPE && errno != ECONNRESET)
		return -1;
	return read_answer(&peer->in, answer);
}
