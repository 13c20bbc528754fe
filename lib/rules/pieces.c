#include <stdint.h>

#include "rules/literals.h"
#include "rules/pieces.h"

#define CROSS_MAX 64  /* strings of what is exact */
#define RARITY_MIN 9  /* bits; what is more common is of no use */
#define REPEATS_MAX 8 /* times that a piece is written out */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Bits that an octet tells in mail, about. */
static unsigned
octet_rarity(char c)
{
	if (c == ' ' || c == 'e' || c == 't' || c == 'a' || c == 'o')
		return 3;
	if (strchr("inshrdl", c) != NULL && c != '\0')
		return 4;
	if (strchr("ucmfpgwyb", c) != NULL && c != '\0')
		return 5;
	return c >= 'a' && c <= 'z' ? 7 : 6;
}

unsigned
literals_rarity(struct span string, size_t *at)
{
	size_t i, k, len = string.len < 4 ? string.len : 4;
	unsigned bits, best = 0;

	*at = 0;
	for (i = 0; i + len <= string.len; i++) {
		for (bits = 0, k = 0; k < len; k++)
			bits += octet_rarity(string.p[i + k]);
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
	/* many strings are found more often than one */
	for (i = set->count; i > 1 && least > 0; i /= 4)
		least--;
	return set->count == 0 || least < RARITY_MIN ? 0 : least;
}

static bool
set_has(const struct set *set, struct span string)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (span_eq(set->list[i], string))
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

void
set_add_octet(struct arena *arena, struct set *set, char c)
{
	char octet = lower(c);
	struct span string = {&octet, 1};

	if (!set_has(set, string))
		set->list[set->count++] = arena_copy(arena, string);
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
	return (struct piece){.exact = false};
}

struct piece
piece_empty(struct arena *arena)
{
	return (struct piece){true, set_of(arena, span_of(""))};
}

struct piece
piece_octet(struct arena *arena, char c)
{
	c = lower(c);
	return (struct piece){true, set_of(arena, (struct span){&c, 1})};
}

struct set
piece_need(struct piece piece)
{
	return set_rarity(&piece.set) > 0 ? piece.set : (struct set){NULL, 0};
}

struct piece
piece_or(struct arena *arena, struct piece one, struct piece other)
{
	struct set a = one.set, b = other.set;

	if (one.exact && other.exact && a.count + b.count <= LITERALS_MAX)
		return (struct piece){true, set_both(arena, a, b)};
	a = piece_need(one);
	b = piece_need(other);
	if (a.count == 0 || b.count == 0 || a.count + b.count > LITERALS_MAX)
		return piece_unknown();
	return (struct piece){false, set_both(arena, a, b)};
}

struct row
row_begin(struct arena *arena)
{
	return (struct row){.now = piece_empty(arena).set};
}

static void
row_need(struct row *row, struct set set)
{
	unsigned bits = set_rarity(&set);

	if (bits > row->rarity) {
		row->best = set;
		row->rarity = bits;
	}
}

/* What was exact ends here, and becomes a need. */
static void
row_break(struct row *row, struct set next)
{
	row_need(row, row->now);
	row->now = next;
	row->broken = true;
}

static void
row_add_one(struct arena *arena, struct row *row, struct piece piece)
{
	struct set set;

	if (!piece.exact) {
		row_need(row, piece.set);
		row_break(row, piece_empty(arena).set);
		return;
	}
	set = set_product(arena, row->now, piece.set);
	if (set.count > 0)
		row->now = set;
	else
		row_break(row, piece.set);
}

void
row_add(struct arena *arena, struct row *row, struct piece piece, unsigned min,
    unsigned max)
{
	unsigned i;

	if (min == 0) {
		if (max == 1 && piece.exact && piece.set.count < CROSS_MAX / 4)
			piece = piece_or(arena, piece, piece_empty(arena));
		else
			piece = piece_unknown();
		row_add_one(arena, row, piece);
		return;
	}
	if (min > REPEATS_MAX) {
		min = REPEATS_MAX;
		max = UINT32_MAX;
	}
	for (i = 0; i < min; i++)
		row_add_one(arena, row, piece);
	if (max > min) /* what follows stands behind the last of them */
		row_break(
		    row, piece.exact ? piece.set : piece_empty(arena).set);
}

struct piece
row_end(struct row *row)
{
	if (!row->broken)
		return (struct piece){true, row->now};
	row_need(row, row->now);
	return (struct piece){false, row->best};
}
