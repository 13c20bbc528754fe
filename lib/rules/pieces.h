/*
 * pieces: what is known of the pieces of a pattern, while it is read for what a
 * text must hold.
 *
 * As strings, it is either exact (the piece matches these and nothing else) or
 * a need (each match of the piece holds one of them).  As a run (rules/runs.h),
 * it is either all that the piece matches, or one that each match holds.
 * Pieces in a row are joined as long as the result is exact and small; where
 * that ends, what there is becomes a need, and the rarest need of the row wins.
 */
#ifndef RULES_PIECES_H
#define RULES_PIECES_H

#include <stdbool.h>

#include "rules/runs.h"
#include "rules/starts.h"

struct set {
	struct span *list;
	size_t count;
};

struct piece {
	bool exact;
	unsigned width; /* octets of the longest match; WIDTH_ANY: no end */
	struct set set; /* of a need: empty if nothing is known */
	unsigned times; /* so many of them, one behind the other */
	bool shaped;    /* it matches nothing but the run */
	struct run run;
	const struct choice
	    *windows;                /* each match holds one; NULL: not known */
	const struct starts *starts; /* NULL: not known, or not wanted */
};

/* Nothing is known; it matches only the empty string; it is that octet. */
struct piece piece_unknown(void);
struct piece piece_empty(struct arena *arena);
struct piece piece_octet(struct arena *arena, char c);

/* Takes out strings that hold another one of the set. */
void set_thin(struct set *set);

/* One or the other. */
struct piece piece_or(
    struct arena *arena, struct piece one, struct piece other);

/* The same as a need; an empty one if it is of no use as such. */
struct piece piece_need(struct arena *arena, struct piece piece);

/* One octet of these. */
struct piece piece_class(struct arena *arena, const struct octets *octets);

/* A row of pieces while it is read. */
struct row {
	struct set now;  /* what is exact since the last break */
	struct set best; /* need so far */
	unsigned times;  /* of best */
	unsigned rarity; /* of best */
	bool broken;     /* the whole is not exact */
	struct run run;  /* since the last that has no run, or was too long */
	const struct choice *windows;
	const struct starts *starts;
	bool whole; /* run is all of the row */
	unsigned width;
};

/* starts: whether it is asked how it begins. */
struct row row_begin(struct arena *arena, bool starts);

/* A piece that comes min to max times. */
void row_add(struct arena *arena, struct row *row, struct piece piece,
    unsigned min, unsigned max);
struct piece row_end(struct arena *arena, struct row *row);

#endif
