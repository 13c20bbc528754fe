/*
 * gpgstart: where gpg is, and whether it answers at all.
 *
 * GPGME asks a program for its version before it uses it, and waits for that
 * answer without an end.  So gpg is asked here first, as a child of ours that
 * has a deadline and is killed with all that it started; and while GPGME asks,
 * an alarm is set that ends the program.
 */
#ifndef SEAL_GPGSTART_H
#define SEAL_GPGSTART_H

#include <stdint.h>

/* The program of that name in the directories of PATH, to be freed by the
 * caller; NULL if there is none. */
char *gpgstart_find(const char *name);

/* Asks the program for its version.  NULL if it said it and ended in time, else
 * why not. */
const char *gpgstart_ask(const char *gpg, int64_t wait_ms);

/* From one to the other the program ends with 111 when the time is up, with a
 * line on standard error. */
void gpgstart_watch(int64_t wait_ms);
void gpgstart_watched(void);

#endif
