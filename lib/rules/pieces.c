#include "rules/pieces.h"
#include "rules/literals.h"

#define CROSS_MAX 64  /* strings of what is exact */
#define RARITY_MIN 9  /* bits; what is more common is of no use */
#define REPEATS_MAX 8 /* times that a piece is written out */
#define CLASS_MAX 5   /* octets of a class that are strings */
#define OFTEN_MAX 4   /* times that a piece may come, each with its steps */

unsigned
literals_rarity(struct span string, size_t *at)
{
	size_t i, k, len = string.len < 4 ? string.len : 4;
	unsigned bits, best = 0;

	*at = 0;
	for (i = 0; i + len <= string.len; i++) {
		for (bits = 0, k = 0; k < len; k++)
			bits += octets_rarity((unsigned char)string.p[i + k]);
		if (bits > best) {
			best = bits;
			*at = i;
		}
	}
	return best;
}

/* That of its most common string; 0 if that is of no use. */
static unsigned
set_rarity(const struct set *set)
{
	unsigned bits, least = 1000;
	size_t i, at;

	for (i = 0; i < set->count; i++) {
		bits = set->list[i].len < 2
			   ? 0
			   : literals_rarity(set->list[i], &at);
		least = bits < least ? bits : least;
	}
	if (set->count == 0 || least < RARITY_MIN)
		return 0;
	/* many strings are found more often than one */
	for (i = set->count; i > 1 && least > 1; i /= 4)
		least--;
	return least;
}

static bool
set_has(const struct set *set, struct span string)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (set->list[i].len == string.len &&
		    (string.len == 0 ||
			(set->list[i].p[0] == string.p[0] &&
			    memcmp(set->list[i].p, string.p, string.len) == 0)))
			return true;
	return false;
}

static struct set
set_of(struct arena *arena, struct span string)
{
	struct set set = {arena_alloc(arena, sizeof(struct span)), 1};

	set.list[0] = arena_copy(arena, string);
	return set;
}

/* Both together. */
static struct set
set_both(struct arena *arena, struct set a, struct set b)
{
	struct set set = {
	    arena_array(arena, a.count + b.count, sizeof(struct span)), 0};
	bool large = a.count + b.count > CROSS_MAX;
	struct span string;
	size_t i;

	for (i = 0; i < a.count + b.count; i++) {
		string = i < a.count ? a.list[i] : b.list[i - a.count];
		if (large || !set_has(&set, string))
			set.list[set.count++] = string;
	}
	return set;
}

/* Each of a before each of b; empty if that is too many or too long. */
static struct set
set_product(struct arena *arena, struct set a, struct set b)
{
	struct set set = {NULL, 0};
	char text[LITERALS_LENGTH];
	size_t i, k, len;

	if (a.count * b.count > CROSS_MAX)
		return set;
	set.list = arena_array(arena, a.count * b.count, sizeof(struct span));
	for (i = 0; i < a.count; i++)
		for (k = 0; k < b.count; k++) {
			len = a.list[i].len + b.list[k].len;
			if (len > sizeof(text))
				return (struct set){NULL, 0};
			memcpy(text, a.list[i].p, a.list[i].len);
			memcpy(
			    text + a.list[i].len, b.list[k].p, b.list[k].len);
			set.list[set.count++] =
			    arena_copy(arena, (struct span){text, len});
		}
	return set;
}

struct piece
piece_unknown(void)
{
	return (struct piece){.width = WIDTH_ANY};
}

struct piece
piece_empty(struct arena *arena)
{
	return (struct piece){.exact = true,
	    .set = set_of(arena, span_of("")),
	    .times = 1,
	    .shaped = true,
	    .starts = &starts_empty};
}

struct piece
piece_class(struct arena *arena, const struct octets *octets)
{
	struct octets lower = octets_lower(octets);
	struct piece piece = {.width = 1,
	    .times = 1,
	    .shaped = true,
	    .run = run_of(arena, &lower)};
	unsigned count = octets_count(&lower);
	char octet;
	int c;

	if (count > CLASS_MAX)
		return piece;
	piece.exact = true;
	piece.set.list = arena_array(arena, count, sizeof(struct span));
	for (c = octets_next(&lower, 0); c >= 0;
	     c = octets_next(&lower, (unsigned)c + 1)) {
		octet = (char)c;
		piece.set.list[piece.set.count++] =
		    arena_copy(arena, (struct span){&octet, 1});
	}
	return piece;
}

struct piece
piece_octet(struct arena *arena, char c)
{
	struct octets octets = {{0}};

	octets_add(&octets, (unsigned char)c);
	return piece_class(arena, &octets);
}

void
set_thin(struct set *set)
{
	size_t i, k, kept = 0;
	bool holds;

	for (i = 0; i < set->count; i++) {
		for (holds = false, k = 0; k < set->count && !holds; k++)
			holds = k != i &&
				(set->list[k].len < set->list[i].len ||
				    (k < i && set->list[k].len ==
						  set->list[i].len)) &&
				span_find(set->list[i], set->list[k]) != NULL;
		if (!holds)
			set->list[kept++] = set->list[i];
	}
	set->count = kept;
}

/* The one that says more. */
static const struct choice *
better(const struct choice *a, const struct choice *b)
{
	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	return b->bits > a->bits ? b : a;
}

struct piece
piece_need(struct arena *arena, struct piece piece)
{
	piece.exact = false;
	if (set_rarity(&piece.set) == 0)
		piece.set = (struct set){NULL, 0};
	if (piece.shaped)
		piece.windows =
		    better(choice_of(arena, piece.run), piece.windows);
	piece.shaped = false;
	return piece;
}

/* The strings of one or the other. */
static void
or_strings(struct arena *arena, struct piece *both, struct piece one,
    struct piece other)
{
	both->times = 1;
	both->exact = one.exact && other.exact &&
		      one.set.count + other.set.count <= LITERALS_MAX;
	if (!both->exact) {
		one = piece_need(arena, one);
		other = piece_need(arena, other);
		if (one.set.count == 0 || other.set.count == 0)
			return;
		both->times = one.times < other.times ? one.times : other.times;
	}
	both->set = set_both(arena, one.set, other.set);
	if (!both->exact && both->set.count > LITERALS_MAX)
		set_thin(&both->set);
	if (both->set.count > LITERALS_MAX)
		both->set = (struct set){NULL, 0};
}

static void
or_runs(struct arena *arena, struct piece *both, struct piece one,
    struct piece other)
{
	both->shaped = one.shaped && other.shaped;
	if (both->shaped)
		both->run = run_or(arena, one.run, other.run);
	/* side by side they say more than as one */
	both->windows = choice_or(arena, piece_need(arena, one).windows,
	    piece_need(arena, other).windows);
}

struct piece
piece_or(struct arena *arena, struct piece one, struct piece other)
{
	struct piece both = {.exact = false};

	or_strings(arena, &both, one, other);
	or_runs(arena, &both, one, other);
	both.width = one.width > other.width ? one.width : other.width;
	both.starts = starts_or(arena, one.starts, other.starts);
	return both;
}

struct row
row_begin(struct arena *arena, bool starts)
{
	return (struct row){.now = piece_empty(arena).set,
	    .whole = true,
	    .starts = starts ? &starts_empty : NULL};
}

static void
row_need(struct row *row, struct set set, unsigned times)
{
	unsigned bits = set_rarity(&set);

	if (bits == 0 || bits * times <= row->rarity)
		return;
	row->best = set;
	row->times = times;
	row->rarity = bits * times;
}

/* What was exact ends here, and becomes a need. */
static void
row_break(struct row *row, struct set next)
{
	row_need(row, row->now, 1);
	row->now = next;
	row->broken = true;
}

static void
row_add_one(struct arena *arena, struct row *row, struct piece piece)
{
	struct set set;

	if (!piece.exact) {
		row_need(row, piece.set, piece.times);
		row_break(row, piece_empty(arena).set);
		return;
	}
	set = set_product(arena, row->now, piece.set);
	if (set.count > 0)
		row->now = set;
	else
		row_break(row, piece.set);
}

/* The strings of a piece that comes so many times. */
static void
row_add_strings(struct arena *arena, struct row *row, struct piece piece,
    unsigned min, unsigned max)
{
	unsigned i;

	if (min == 0 && max == 1 && piece.exact &&
	    piece.set.count < CROSS_MAX / 4) {
		piece = piece_or(arena, piece, piece_empty(arena));
		min = 1;
	} else if (min == 0) {
		piece = piece_unknown();
		min = max;
	}
	if (!piece.exact)
		piece.times *= min < REPEATS_MAX ? min : REPEATS_MAX;
	if (min > REPEATS_MAX) {
		min = REPEATS_MAX;
		max = UINT32_MAX;
	}
	for (i = 0; i < (piece.exact ? min : 1); i++)
		row_add_one(arena, row, piece);
	if (max > min) /* what follows stands behind the last of them */
		row_break(
		    row, piece.exact ? piece.set : piece_empty(arena).set);
}

static void
row_window(struct arena *arena, struct row *row, struct run run)
{
	row->windows = better(row->windows, choice_of(arena, run));
}

static void
row_append(struct arena *arena, struct row *row, struct run run)
{
	struct run both = run_append(arena, row->run, run);

	if (both.count == 0 && row->run.count + run.count > 0) {
		row_window(arena, row, row->run);
		row->whole = false;
		both = run;
	}
	row->run = both;
}

/* The run of a piece that comes so many times. */
static void
row_add_runs(struct arena *arena, struct row *row, struct piece piece,
    unsigned min, unsigned max)
{
	struct run optional;
	unsigned i;

	if (min > 0)
		row->windows = better(row->windows, piece.windows);
	if (!piece.shaped || min > RUN_MAX) {
		row_window(arena, row, row->run);
		row->run = (struct run){NULL, 0};
		row->whole = false;
		return;
	}
	if (piece.run.count == 0)
		return;
	for (i = 0; i < min; i++)
		row_append(arena, row, piece.run);
	if (max - min > OFTEN_MAX) {
		row_append(arena, row, run_loop(arena, piece.run, true));
		return;
	}
	optional = run_optional(arena, piece.run);
	for (; i < max; i++)
		row_append(arena, row, optional);
}

static unsigned
width_times(unsigned width, unsigned times)
{
	uint64_t all = (uint64_t)width * times;

	if (width == 0)
		return 0;
	return times == UINT32_MAX || all >= WIDTH_ANY ? WIDTH_ANY
						       : (unsigned)all;
}

static unsigned
width_add(unsigned a, unsigned b)
{
	return b >= WIDTH_ANY - a ? WIDTH_ANY : a + b;
}

void
row_add(struct arena *arena, struct row *row, struct piece piece, unsigned min,
    unsigned max)
{
	row->width = width_add(row->width, width_times(piece.width, max));
	if (row->starts != NULL)
		row->starts = starts_append(arena, row->starts,
		    starts_times(arena, piece.starts, min, max));
	row_add_strings(arena, row, piece, min, max);
	row_add_runs(arena, row, piece, min, max);
}

struct piece
row_end(struct arena *arena, struct row *row)
{
	struct piece piece = {.times = 1, .width = row->width};

	if (row->broken) {
		row_need(row, row->now, 1);
		piece.set = row->best;
		piece.times = row->times;
	} else {
		piece.exact = true;
		piece.set = row->now;
	}
	piece.shaped = row->whole;
	if (row->whole)
		piece.run = row->run;
	else
		row_window(arena, row, row->run);
	piece.windows = row->windows;
	piece.starts = row->starts;
	return piece;
}
