/*
 * proc: child processes and what their end means.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stddef.h>
#include <sys/types.h>

#include "base/user.h"

#define PROC_STAGES_MAX 16 /* commands in a pipeline */
#define PROC_WORDS_MAX 128 /* words in a pipeline, all commands together */

/* A pipeline as one shell line, taken apart if it is plain. */
struct proc_line {
	const char *shell; /* the line, for sh -c; NULL if it is plain */
	char *copy;        /* holds the words */
	size_t stages;     /* 1 if it is for the shell */
	char **stage[PROC_STAGES_MAX]; /* argv of each */
	char *word[PROC_WORDS_MAX + PROC_STAGES_MAX];
};

/* Parses "cmd a b | cmd c".  A line of nothing but words of letters, digits
 * and the characters "_./:=,+@%-" with '|' between them is plain and needs no
 * shell; every other one goes to /bin/sh.  The line must outlive it.  0, or
 * -1 if it is empty, has an empty stage, or is too long. */
int proc_line_parse(struct proc_line *line, const char *text);
void proc_line_free(struct proc_line *line);

/* Starts a command with fds in and out as its standard input and output, with
 * default signals and an empty mask.  pgid: process group to join, 0 to lead a
 * new one, -1 to stay in ours.  user: whom it becomes first, NULL for nobody.
 * Every other descriptor must be close-on-exec.  Returns the pid, or -1 with
 * errno (ENOENT if there is no such command). */
pid_t proc_spawn(
    char *const argv[], int in, int out, pid_t pgid, const struct user *user);

/* The status of a child as waitpid() gives it, as one of STATUS_*: 0, 99 and
 * 100 stay, everything else, signals too, is STATUS_DEFER. */
int proc_status(int wait_status);

/* The same for a program that speaks sysexits: 0 is 0; EX_DATAERR, EX_NOUSER,
 * EX_NOHOST and EX_UNAVAILABLE are STATUS_REJECT; the rest defers. */
int proc_status_sysexits(int wait_status);

/* waitpid() for one pid, through EINTR.  Returns the wait status. */
int proc_wait(pid_t pid);

#endif
