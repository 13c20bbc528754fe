/*
 * child: tests of what cannot be undone, each in a child of its own.
 *
 * A body says what it wants by WANT() and FAILS(), and ends well by returning.
 * As root it runs twice, the second time as nobody, since root passes checks
 * that others do not.
 */
#ifndef UNIT_CHILD_H
#define UNIT_CHILD_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_NOBODY 65534

/* What the last child wrote to standard error. */
static char child_said[8192];

#define WANT(condition)                                             \
	do {                                                        \
		if (!(condition))                                   \
			child_fail(__FILE__, __LINE__, #condition); \
	} while (0)

/* The call returns -1 with that errno. */
#define FAILS(call, error)                                                 \
	do {                                                               \
		errno = 0;                                                 \
		if ((call) >= 0 || errno != (error))                       \
			child_fail(__FILE__, __LINE__, #call ": " #error); \
	} while (0)

_Noreturn static inline void
child_fail(const char *file, int line, const char *what)
{
	dprintf(STDOUT_FILENO, "# %s:%d: %s (%s)\n", file, line, what,
	    strerror(errno));
	_exit(1);
}

/* Runs a body; its wait status. */
static inline int
child_run(void (*body)(void), bool as_nobody)
{
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe(ends) < 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (as_nobody &&
		    setresuid(CHILD_NOBODY, CHILD_NOBODY, CHILD_NOBODY) < 0)
			abort();
		body();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		abort();
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	n = read(ends[0], child_said, sizeof(child_said) - 1);
	child_said[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
	return status;
}

/* Whether a body ends well, also as nobody, and says nothing. */
static inline bool
child_passes(void (*body)(void))
{
	bool as_nobody;
	int status;

	for (as_nobody = false;; as_nobody = true) {
		status = child_run(body, as_nobody);
		if (status != 0)
			printf("# as %s: wait status %d\n",
			    as_nobody ? "nobody" : "ourselves", status);
		if (child_said[0] != '\0')
			printf("# %s", child_said);
		if (status != 0 || child_said[0] != '\0')
			return false;
		if (as_nobody || geteuid() != 0)
			return true;
	}
}

#endif
