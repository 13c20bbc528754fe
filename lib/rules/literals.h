/*
 * literals: what a text must hold for a pattern to match at all.
 *
 * From a pattern comes a set of short strings of which every match holds at
 * least one, in any case.  A text without any of them need not be searched.
 * Where no such set is known there is none: a set is never a guess.
 */
#ifndef RULES_LITERALS_H
#define RULES_LITERALS_H

#include <stdbool.h>

#include "rules/runs.h"
#include "rules/starts.h"

#define LITERALS_MAX 512   /* strings of a set */
#define WIDTH_ANY 100000   /* octets of a match: so many, or no end */
#define LITERALS_LENGTH 24 /* octets of one; the rest is cut off */

struct literals {
	unsigned width; /* octets of the longest match, or WIDTH_ANY */
	unsigned times; /* so many of them are in every match, one behind
			   the other's beginning */
	struct span list[LITERALS_MAX]; /* in lower case */
	size_t count;                   /* 0: nothing is known */
	const struct choice *runs; /* each match holds one; NULL: none known */
};

/* The strings lie in the arena. */
void literals_of(struct arena *arena, struct span pattern, unsigned flags,
    struct literals *literals);

/* With what its matches begin; NULL if that is not known. */
const struct starts *literals_starts(
    struct arena *arena, struct span pattern, unsigned flags);

/* How seldom the rarest group of at most four octets of a string is in mail:
 * bits, about.  *at is where that group begins. */
unsigned literals_rarity(struct span string, size_t *at);

#endif
