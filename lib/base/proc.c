#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
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

pid_t
proc_spawn(char *const argv[], int in, int out, pid_t pgid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	pid_t pid;
	int rc;

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
