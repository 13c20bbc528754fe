/*
 * loadbook: what becomes of each message of a run.
 *
 * Times are microseconds of a clock that does not jump.
 */
#ifndef LOAD_LOADBOOK_H
#define LOAD_LOADBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/loadstat.h"

struct loadbook_message {
	uint64_t start;
	bool accepted;
	bool delivered;
};

struct loadbook {
	struct loadstat *stat; /* stat->messages have been begun */
	struct loadbook_message *message;
	size_t cap;
	uint64_t invalid;     /* percent */
	uint64_t start;       /* of the run; 0: not yet */
	uint64_t last;        /* reply or file */
	uint64_t undelivered; /* accepted and not yet seen */
	unsigned failures;    /* in a row */
	bool told[3];         /* refused, deferred, failed: the first is */
};

uint64_t loadbook_now(void);

void loadbook_init(
    struct loadbook *book, struct loadstat *stat, uint64_t invalid);
void loadbook_free(struct loadbook *book);

/* Whether a message is for a recipient that ought to be refused: always the
 * same ones, evenly spread. */
bool loadbook_is_invalid(const struct loadbook *book, uint64_t serial);

/* Starts the clock of the next message; returns its number. */
uint64_t loadbook_begin(struct loadbook *book);

/* The connection on which this is the first message has been greeted. */
void loadbook_greeted(struct loadbook *book, uint64_t serial);

/* Takes down a reply: its code, or 0 if there was none; the code that RCPT
 * got; the text. */
void loadbook_decide(struct loadbook *book, uint64_t serial, int code,
    int rcpt_code, const char *text);

/* A file with this number is in a Maildir; may be told more than once. */
void loadbook_found(struct loadbook *book, uint64_t serial);

#endif
