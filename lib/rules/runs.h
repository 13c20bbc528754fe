/*
 * runs: what a text must hold for a pattern to match, where there are no
 * literals: a row of sets of octets.
 *
 * "v[i1!\xef]a" is a run of three steps.  A step may be missing (optional) or
 * come any number of times (loops).  What a run matches is at least what the
 * piece of pattern does that it was made of, never less; it is read in lower
 * case.
 */
#ifndef RULES_RUNS_H
#define RULES_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define RUN_MAX 24        /* steps */
#define RUN_CHOICE_MAX 24 /* runs of which one must be there */

struct octets {
	uint64_t bits[4];
};

struct run_step {
	struct octets octets;
	bool optional;
	bool loops;
};

struct run {
	const struct run_step *steps;
	unsigned count;
};

static inline bool
octets_has(const struct octets *octets, unsigned char c)
{
	return (octets->bits[c / 64] >> c % 64 & 1) != 0;
}

static inline void
octets_add(struct octets *octets, unsigned char c)
{
	octets->bits[c / 64] |= 1ULL << c % 64;
}

/* The same in lower case. */
struct octets octets_lower(const struct octets *octets);

/* How many there are, and the first of at least from (at most 256); -1: none.
 */
unsigned octets_count(const struct octets *octets);
int octets_next(const struct octets *octets, unsigned from);

/* Bits that an octet tells in mail, about: few for letters that are often
 * there. */
unsigned octets_rarity(unsigned char c);

/* One step of these octets, which are in lower case. */
struct run run_of(struct arena *arena, const struct octets *octets);

/* What follows what.  Nothing (count 0) if that is too long. */
struct run run_append(struct arena *arena, struct run a, struct run b);

/* One or the other. */
struct run run_or(struct arena *arena, struct run a, struct run b);

/* May be missing; may come any number of times, in one step. */
struct run run_optional(struct arena *arena, struct run run);
struct run run_loop(struct arena *arena, struct run run, bool optional);

/* The part of a run that says most in few steps; it begins and ends with a step
 * that is there.  *bits: how seldom it is, about. */
struct run run_window(struct run run, unsigned *bits);

/* Runs of which each match holds at least one. */
struct choice {
	const struct run *list;
	unsigned count; /* 0: nothing is known */
	unsigned bits;  /* how seldom any of them is, about */
};

/* Both together; NULL if one is, or that is too many. */
const struct choice *choice_or(
    struct arena *arena, const struct choice *a, const struct choice *b);

/* The window of a run; NULL if it says nothing. */
const struct choice *choice_of(struct arena *arena, struct run run);

#endif
