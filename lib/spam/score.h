/*
 * score: all that is known about a message, as points, and what is done with
 * them.
 */
#ifndef SPAM_SCORE_H
#define SPAM_SCORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

#define SCORE_HITS_MAX 1000

/* One rule that is true of a message. */
struct score_hit {
	const char *name;
	double points;
	struct span describe; /* p NULL if there is none */
	struct span matched;  /* what of the message; p NULL if not known */
};

/* All lies in the arena of the message. */
struct score {
	double points;          /* sum, rounded to 0.001 */
	struct score_hit *hits; /* in the order of their names */
	size_t count;
	size_t cap;
	bool cut; /* something was left out, why says what: "size", "time" */
	const char *why;
};

/* Adds a hit, as far as there is room. */
void score_add(
    struct score *score, struct arena *arena, const struct score_hit *hit);

/* Appends our header fields, see spam-score(1). */
void score_fields(const struct score *score, double required,
    const char *line_end, struct buf *fields);

#endif
