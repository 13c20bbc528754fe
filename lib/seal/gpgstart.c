/* pipe2() and setitimer() */
#define _GNU_SOURCE
#include "seal/gpgstart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/proc.h"

#define VERSION_LINE_MAX 1024
#define PROGRAM_PATH_MAX 4096

static struct sigaction action_before;

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

char *
gpgstart_find(const char *name)
{
	struct buf path = BUF_INIT(PROGRAM_PATH_MAX);
	const char *p = getenv("PATH");
	char *found = NULL;
	size_t len;

	for (; p != NULL && found == NULL;
	     p = p[len] == ':' ? p + len + 1 : NULL) {
		len = strcspn(p, ":");
		buf_reset(&path);
		/* an empty one would be where we happen to be */
		if (len > 0 && buf_addf(&path, "%.*s/%s", (int)len, p, name) &&
		    is_program(buf_str(&path)) &&
		    (found = strdup(buf_str(&path))) == NULL)
			fatal("out of memory");
	}
	buf_free(&path);
	return found;
}

/* Whether it says something and comes to its end. */
static const char *
listen_to(int fd, int64_t deadline)
{
	struct io_in in;
	struct span line;
	const char *why = NULL;
	size_t lines = 0;
	int got;

	io_in_init(&in, fd);
	in.deadline = deadline;
	while ((got = io_in_line(&in, VERSION_LINE_MAX, &line)) > 0)
		lines++;
	if (got < 0 && errno == ETIMEDOUT)
		why = "gpg hangs";
	else if (got < 0 || lines == 0)
		why = "gpg does not tell its version";
	io_in_free(&in);
	return why;
}

const char *
gpgstart_ask(const char *gpg, int64_t wait_ms)
{
	char *argv[] = {
	    (char *)(uintptr_t)gpg, (char *)(uintptr_t) "--version", NULL};
	const char *why = "gpg cannot be run";
	int out[2], in;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return why;
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid = in < 0 ? -1 : proc_spawn(argv, in, out[1], 0, NULL);
	close(out[1]);
	if (pid > 0) {
		why = listen_to(out[0], clock_ms() + wait_ms);
		/* all of its group; what is wanted of it has come */
		kill(-pid, SIGKILL);
		proc_wait(pid);
	}
	if (in >= 0)
		close(in);
	close(out[0]);
	return why;
}

/* Nothing but what may be done in the middle of anything. */
static void
end_program(int sig)
{
	static const char text[] = "pimail: fatal: gpg hangs\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(err_status(STATUS_DEFER));
	_exit(err_status(STATUS_DEFER));
}

static void
set_alarm(int64_t ms)
{
	const struct itimerval timer = {
	    .it_value = {ms / 1000, ms % 1000 * 1000}};

	if (setitimer(ITIMER_REAL, &timer, NULL) < 0)
		fatal("cannot set an alarm: %s", strerror(errno));
}

void
gpgstart_watch(int64_t wait_ms)
{
	struct sigaction action = {.sa_handler = end_program};

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, &action_before);
	set_alarm(wait_ms);
}

void
gpgstart_watched(void)
{
	set_alarm(0);
	sigaction(SIGALRM, &action_before, NULL);
}
