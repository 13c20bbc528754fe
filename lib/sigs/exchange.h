/*
 * exchange: a new directory takes the place of an old one at once: whoever
 * reads sees all of the old or all of the new.
 *
 * A process fills a directory beside the old one, and another one, its parent,
 * waits and removes what is left over, however the first one ended.  Nothing is
 * left over but after a power cut or a kill of both; the next run removes that.
 */
#ifndef SIGS_EXCHANGE_H
#define SIGS_EXCHANGE_H

#include <signal.h>

#define EXCHANGE_PATH_MAX 4000

struct exchange {
	char target[EXCHANGE_PATH_MAX + 1]; /* without slashes at its end */
	char fresh[EXCHANGE_PATH_MAX + 16]; /* target.new-XXXXXX */
	char temp[EXCHANGE_PATH_MAX + 16];  /* private, for whatever */
	int beside;       /* the directory that both are in; locked */
	int directory;    /* fresh; in the child only */
	sigset_t signals; /* that end a program; blocked in the parent */
};

/* Makes the directory beside target, and one for temporary files.  Ends the
 * program with 111 if that cannot be, or if there is something at target that
 * has no file `mark` in it, or a file that is not named like one of the
 * prefixes, which end with NULL. */
void exchange_open(struct exchange *exchange, const char *target,
    const char *mark, const char *const *prefixes);

/* Runs work() in a child, and returns its status when it has ended and all that
 * it left is removed.  A signal that ends programs ends it. */
int exchange_run(
    struct exchange *exchange, void (*work)(struct exchange *exchange));

/* In the child, once all is filled: puts it into its place, for good when this
 * returns.  Ends the program with 111 if that cannot be. */
void exchange_swap(struct exchange *exchange);

#endif
