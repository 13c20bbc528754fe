/*
 * prefilter: which patterns may match which lines, by one pass over the text.
 *
 * Every pattern with literals (rules/literals.h) is told of the lines that hold
 * one of them.  The rarest group of octets of each literal is hashed; for each
 * place of the text one look into a table of bits, small enough for the first
 * cache, says that nothing begins there.  Patterns without literals may have a
 * run, and runs are looked for all at once (rules/runscan.h).
 */
#ifndef RULES_PREFILTER_H
#define RULES_PREFILTER_H

#include "rules/literals.h"
#include "text/mail.h"

#define PREFILTER_FOUND_MAX (256 << 10) /* pairs of a pattern and a line */

struct prefilter;

struct prefilter *prefilter_new(void);
void prefilter_free(struct prefilter *filter);

/* Adds what pattern number id (0, 1, ...) needs: its literals, or else its run.
 * False if there is nothing of use: then nothing is ever said of it. */
bool prefilter_add(
    struct prefilter *filter, const struct literals *literals, uint32_t id);

/* After the last one. */
void prefilter_finish(struct prefilter *filter);

/* A line in which a pattern may match: what it needs is there for the first
 * time before `first`, and for the last time at or behind `last`. */
struct prefilter_line {
	uint32_t line;
	uint32_t first;
	uint32_t last;
};

/* The lines in which a pattern may match, in their order. */
struct prefilter_lines {
	struct prefilter_line *list;
	uint32_t count;
	uint32_t cap;
	struct prefilter_line now; /* line plus 1, while it is passed over */
	uint32_t times;            /* that something was found in it */
};

/* Passes over the text.  lines has an item, zeroed, for each id that was added;
 * all is taken from the arena.  False if there is so much that it was given up:
 * then lines says nothing. */
bool prefilter_scan(const struct prefilter *filter, const struct text *text,
    struct arena *arena, struct prefilter_lines *lines);

#endif
