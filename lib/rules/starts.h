/*
 * starts: with which octets a pattern's matches can begin.
 *
 * A large pattern with many words to begin with is slow, since each of them is
 * tried at each place.  A look at the next three octets says for nearly all
 * places that there is none.
 */
#ifndef RULES_STARTS_H
#define RULES_STARTS_H

#include "base/buf.h"
#include "rules/runs.h"

#define STARTS_LENGTH 3 /* octets that are looked at */
#define STARTS_MAX 2000

struct start {
	unsigned char octets[STARTS_LENGTH]; /* in lower case, then zero */
	unsigned char length;
	bool open; /* more comes behind it, and nobody knows what */
};

struct starts {
	struct start *list;
	size_t count;
};

/* One that is only the empty string. */
extern const struct starts starts_empty;

/* One octet of these; NULL if there are too many. */
const struct starts *starts_of(
    struct arena *arena, const struct octets *octets);

/* One or the other; NULL if one is, for then nothing is known. */
const struct starts *starts_or(
    struct arena *arena, const struct starts *a, const struct starts *b);

/* What begins with one and goes on with the other, which may be NULL. */
const struct starts *starts_append(
    struct arena *arena, const struct starts *a, const struct starts *b);

/* The same as what comes min to max times. */
const struct starts *starts_times(
    struct arena *arena, const struct starts *a, unsigned min, unsigned max);

/* Appends a look ahead for them.  False if they say too little. */
bool starts_write(const struct starts *starts, struct buf *pattern);

#endif
