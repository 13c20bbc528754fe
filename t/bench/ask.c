/*
 * ask [-mr] [-k PID]... [-p PID] [-w SECONDS] SOCKET FILE...: has clamd or
 * av-scand scan files, one after the other, and prints for each the
 * milliseconds that it took, from connect to the answer.  An answer other than
 * "clean" is an error.
 *
 * Descriptors are passed with FILDES, each on a connection of its own, as
 * clamav-milter does it; with -m as av-scan does it, all with MESSAGE on one.
 * -k: kills that process first; the time runs from then on.
 * -p: waits no longer if that process has ended.
 * -r: has it load its database again first.
 * -w: waits that long for the first good answer, whatever comes before it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 1000000 /* before it is tried again */
#define PIDS_MAX 16

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char answer[65536];
static char process[64] = "/";
static bool kept;
static int connection = -1;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The command, and an octet with the descriptor. */
static bool
send_file(const char *command, int fd)
{
	struct iovec octet = {.iov_base = (char[]){0}, .iov_len = 1};
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &octet,
	    .msg_iovlen = 1,
	    .msg_control = control.octets,
	    .msg_controllen = sizeof(control.octets)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	size_t len = strlen(command) + 1;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return send(connection, command, len, MSG_NOSIGNAL) == (ssize_t)len &&
	       sendmsg(connection, &message, MSG_NOSIGNAL) == 1;
}

/* Up to its NUL. */
static bool
take_answer(void)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(connection, answer + len, sizeof(answer) - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		answer[len] = '\0';
	} while (strlen(answer) == len && len < sizeof(answer) - 1);
	return true;
}

static void
hang_up(void)
{
	close(connection);
	connection = -1;
}

static bool
dial(void)
{
	connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(connection, (struct sockaddr *)&address, sizeof(address)) ==
	    0)
		return true;
	hang_up();
	return false;
}

/* Whether the file was scanned and is clean. */
static bool
scan(int fd)
{
	bool good;

	snprintf(answer, sizeof(answer), "no answer");
	if (connection < 0 && !dial())
		return false;
	good = send_file(kept ? "zMESSAGE" : "zFILDES", fd) && take_answer() &&
	       strstr(answer, kept ? "result: clean" : ": OK") != NULL;
	if (!kept || !good)
		hang_up();
	return good;
}

static void
ask(const char *path, double start, double patience)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	while (!scan(fd)) {
		if (now() - start >= patience || access(process, F_OK) < 0)
			errx(1, "%s: %s", path, answer);
		nanosleep(&pause, NULL);
	}
	printf("%.3f\n", (now() - start) * 1000);
	close(fd);
}

static void
reload(void)
{
	static const char command[] = "nRELOAD\n";
	ssize_t n = -1;

	if (dial() &&
	    send(connection, command, strlen(command), MSG_NOSIGNAL) > 0)
		n = read(connection, answer, sizeof(answer) - 1);
	if (n <= 0)
		errx(1, "no answer to RELOAD");
	hang_up();
}

static _Noreturn void
usage(void)
{
	errx(1, "usage: ask [-mr] [-k pid]... [-p pid] [-w seconds] "
		"socket file...");
}

int
main(int argc, char **argv)
{
	pid_t pids[PIDS_MAX];
	size_t count = 0, i;
	bool again = false;
	double patience = 0, start;
	int c;

	while ((c = getopt(argc, argv, "k:mp:rw:")) != -1) {
		if (c == 'k' && count < PIDS_MAX)
			pids[count++] = (pid_t)strtol(optarg, NULL, 10);
		else if (c == 'm')
			kept = true;
		else if (c == 'p') /* what has ended has none */
			snprintf(
			    process, sizeof(process), "/proc/%s/exe", optarg);
		else if (c == 'r')
			again = true;
		else if (c == 'w')
			patience = strtod(optarg, NULL);
		else
			usage();
	}
	argv += optind;
	if (argc - optind < 2 || strlen(*argv) >= sizeof(address.sun_path))
		usage();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", *argv);
	if (again)
		reload();
	start = now();
	for (i = 0; i < count; i++)
		if (kill(pids[i], SIGKILL) < 0)
			err(1, "%ld", (long)pids[i]);
	while (*++argv != NULL) {
		ask(*argv, start, patience);
		start = now();
		patience = 0;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
