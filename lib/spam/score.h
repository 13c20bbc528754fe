/*
 * score: what is known about a message, as points, and how it is said.
 */
#ifndef SPAM_SCORE_H
#define SPAM_SCORE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

#define SCORE_HITS_MAX 1000
#define SCORE_NAME_MAX 128        /* octets of a rule's name */
#define SCORE_TEXT_MAX 200        /* octets of another text, when written */
#define SCORE_SIZE_MAX (96 << 10) /* octets of one that is written */
#define SCORE_FIELDS_MAX (160 << 10)

/* One rule that is true of a message. */
struct score_hit {
	const char *name;
	double points;
	struct span describe; /* p NULL if there is none */
	struct span matched;  /* what of the message; p NULL if not known */
};

/* Its texts and hits are somebody else's, or lie in the arena that it was given
 * with each. */
struct score {
	double points;          /* sum, rounded to 0.001 */
	struct score_hit *hits; /* in the order of their names */
	size_t count;
	size_t cap;
	const char *cut; /* what something was left out for: "size", "steps" or
			    "time"; NULL if nothing was */
};

/* Adds a hit, as far as there is room. */
void score_add(
    struct score *score, struct arena *arena, const struct score_hit *hit);

/* Appends our header fields, see spam-score(1). */
void score_fields(const struct score *score, double required,
    const char *line_end, struct buf *fields);

/* Appends the table of spam-score -v. */
void score_table(const struct score *score, struct buf *table);

/* Appends all of it as lines of text, for another process; what does not fit
 * there is left out, first of all the texts of the last hits. */
void score_write(const struct score *score, struct buf *text);

/* Reads it, and trusts nothing of it.  0, or -1 if it is none. */
int score_read(struct score *score, struct arena *arena, struct span text);

#endif
