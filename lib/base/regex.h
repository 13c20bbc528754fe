/*
 * regex: regular expressions of Perl, by PCRE2 with JIT.
 *
 * Subjects are octets; 8-bit octets are no letters, and case is that of ASCII.
 * A match has a bounded number of steps and a bounded stack, so a pattern that
 * explodes ends as an error and not as a hang.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define REGEX_GROUPS_MAX 16 /* that a match tells, the whole included */

enum {
	REGEX_NOCASE = 1,    /* /i */
	REGEX_MULTILINE = 2, /* /m */
	REGEX_DOTALL = 4,    /* /s */
	REGEX_EXTENDED = 8,  /* /x */
	REGEX_ANCHORED = 16, /* only where the search begins */
	REGEX_UNGREEDY = 32, /* PCRE2's */
	REGEX_LIMITED = 64   /* for regex_find_from() */
};

struct regex;

/* Where a match is.  A group that took no part has p NULL. */
struct regex_match {
	size_t start; /* of the whole, in the subject */
	size_t end;
	struct span groups[REGEX_GROUPS_MAX];
};

/* Compiles.  NULL if it is not one, and why says so in words. */
struct regex *regex_new(struct span pattern, unsigned flags, struct buf *why);
void regex_free(struct regex *regex);

/* Looks for the first match that begins at or behind from.  1; 0 if there is
 * none; -1 if it was given up: after 300,000 steps, and in a subject of more
 * than 2048 octets after less.  match may be NULL. */
int regex_find(const struct regex *regex, struct span subject, size_t from,
    struct regex_match *match);

/* The same for a match that begins at or before last, too.  The regex is one
 * with REGEX_LIMITED, unless last is SIZE_MAX. */
int regex_find_from(const struct regex *regex, struct span subject, size_t from,
    size_t last, struct regex_match *match);

/* The i-th named group: its name, which lives as long as the regex, and its
 * number.  false behind the last. */
bool regex_name(
    const struct regex *regex, size_t i, struct span *name, size_t *group);

/* A pattern of the program itself, compiled when it is first used:
 *
 *	static struct regex_fixed digits = {"^\\d+$", 0, NULL};
 *	if (regex_has(&digits, subject)) ...
 *
 * A mistake in it ends the program. */
struct regex_fixed {
	const char *pattern;
	unsigned flags;
	struct regex *regex;
};

bool regex_has(struct regex_fixed *fixed, struct span subject);

/* As regex_find(), and giving up is no match. */
bool regex_take(struct regex_fixed *fixed, struct span subject, size_t from,
    struct regex_match *match);

#endif
