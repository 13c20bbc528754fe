#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/proc.h"

extern char **environ;

static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_./:=,+@%- \t|";

/* Splits line->copy in place.  0, or -1. */
static int
split_words(struct proc_line *line)
{
	size_t used = 0, words = 0;
	char *p = line->copy;
	char end;

	line->stage[line->stages++] = line->word;
	for (;;) {
		p += strspn(p, " \t");
		if (*p != '|' && *p != '\0') {
			if (used == PROC_WORDS_MAX)
				return -1;
			line->word[used++] = p;
			words++;
			p += strcspn(p, " \t|");
			if (*p == ' ' || *p == '\t')
				*p++ = '\0';
			continue;
		}
		end = *p;
		*p++ = '\0';
		if (words == 0)
			return -1;
		line->word[used++] = NULL;
		words = 0;
		if (end == '\0')
			return 0;
		if (line->stages == PROC_STAGES_MAX || used >= PROC_WORDS_MAX)
			return -1;
		line->stage[line->stages++] = line->word + used;
	}
}

int
proc_line_parse(struct proc_line *line, const char *text)
{
	memset(line, 0, sizeof(*line));
	if (text[strspn(text, " \t")] == '\0')
		return -1;
	if (text[strspn(text, plain)] != '\0') {
		line->shell = text;
		line->stages = 1;
		line->stage[0] = line->word;
		line->word[0] = (char *)(uintptr_t) "sh";
		line->word[1] = (char *)(uintptr_t) "-c";
		line->word[2] = (char *)(uintptr_t)text;
		return 0;
	}
	line->copy = strdup(text);
	if (line->copy == NULL)
		fatal("out of memory");
	return split_words(line);
}

void
proc_line_free(struct proc_line *line)
{
	free(line->copy);
	memset(line, 0, sizeof(*line));
}

/* In the child: becomes the command, or tells the parent why not. */
_Noreturn static void
become_command(char *const argv[], int in, int out, pid_t pgid,
    const struct user *user, int report)
{
	sigset_t none;
	int i, failure;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	if ((pgid < 0 || setpgid(0, pgid) == 0) &&
	    dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    sigprocmask(SIG_SETMASK, &none, NULL) == 0 &&
	    user_become(user) == 0)
		execvp(argv[0], argv);
	failure = errno;
	io_write(report, &failure, sizeof(failure), CLOCK_NEVER);
	_exit(STATUS_DEFER);
}

/* posix_spawn() cannot change the user. */
static pid_t
spawn_as(
    char *const argv[], int in, int out, pid_t pgid, const struct user *user)
{
	int report[2], failure = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		become_command(argv, in, out, pgid, user, report[1]);
	failure = pid < 0 ? errno : 0;
	close(report[1]);
	if (pid > 0 &&
	    read(report[0], &failure, sizeof(failure)) == sizeof(failure)) {
		proc_wait(pid);
		pid = -1;
	}
	close(report[0]);
	errno = failure;
	return pid;
}

pid_t
proc_spawn(
    char *const argv[], int in, int out, pid_t pgid, const struct user *user)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	pid_t pid;
	int rc;

	if (user != NULL)
		return spawn_as(argv, in, out, pgid, user);
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	if (pgid >= 0) {
		flags |= POSIX_SPAWN_SETPGROUP;
		posix_spawnattr_setpgroup(&attr, pgid);
	}
	posix_spawnattr_setflags(&attr, flags);
	rc = posix_spawnp(&pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (rc == 0)
		return pid;
	errno = rc;
	return -1;
}

int
proc_status(int wait_status)
{
	if (!WIFEXITED(wait_status))
		return STATUS_DEFER;
	switch (WEXITSTATUS(wait_status)) {
	case STATUS_OK:
	case STATUS_STOP:
	case STATUS_REJECT:
		return WEXITSTATUS(wait_status);
	default:
		return STATUS_DEFER;
	}
}

int
proc_status_sysexits(int wait_status)
{
	if (!WIFEXITED(wait_status))
		return STATUS_DEFER;
	switch (WEXITSTATUS(wait_status)) {
	case EX_OK:
		return STATUS_OK;
	case EX_DATAERR:
	case EX_NOUSER:
	case EX_NOHOST:
	case EX_UNAVAILABLE:
		return STATUS_REJECT;
	default:
		return STATUS_DEFER;
	}
}

int
proc_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fatal("cannot wait for a child: %s", strerror(errno));
	return status;
}
