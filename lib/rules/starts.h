/*
 * starts: with which octets a pattern's matches can begin.
 *
 * A large pattern with many words to begin with is slow, since each of them is
 * tried at each place.  The next three octets, in a table of bits, say for
 * nearly all places that there is none.
 */
#ifndef RULES_STARTS_H
#define RULES_STARTS_H

#include "rules/runs.h"

#define STARTS_LENGTH 3 /* octets that are looked at */
#define STARTS_MAX 1500

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

/* The same, for finding where a match can begin. */
struct starts_table;

/* NULL if they say too little: if many places of a text go on so. */
struct starts_table *starts_table_new(const struct starts *starts);
void starts_table_free(struct starts_table *table);

/* The first place at or behind from where a match can begin; the length of the
 * text if there is none. */
size_t starts_next(
    const struct starts_table *table, struct span text, size_t from);

#endif
