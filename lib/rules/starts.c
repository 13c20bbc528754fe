#include <stdlib.h>

#include "base/err.h"
#include "rules/starts.h"

#define CLASS_MAX 200 /* octets */
#define SHARE_MAX 16  /* percent of the places of a text that may be left */

static struct start nothing;
const struct starts starts_empty = {&nothing, 1};

static int
compare(const void *a, const void *b)
{
	const struct start *x = a, *y = b;
	int order = memcmp(x->octets, y->octets, STARTS_LENGTH);

	return order != 0 ? order : x->length - y->length;
}

/* Each once, and nothing that begins with another one that is open. */
static const struct starts *
tidy(struct starts *starts)
{
	struct start *last = NULL, *start;
	size_t i, kept = 0;

	qsort(starts->list, starts->count, sizeof(*starts->list), compare);
	for (i = 0; i < starts->count; i++) {
		start = &starts->list[i];
		if (last != NULL && last->open &&
		    start->length >= last->length &&
		    memcmp(start->octets, last->octets, last->length) == 0)
			continue;
		if (last != NULL && compare(last, start) == 0) {
			last->open |= start->open;
			continue;
		}
		last = &starts->list[kept++];
		*last = *start;
	}
	starts->count = kept;
	return kept <= STARTS_MAX ? starts : NULL;
}

static struct starts *
new_starts(struct arena *arena, size_t max)
{
	struct starts *starts = arena_alloc(arena, sizeof(*starts));

	starts->list = arena_array(arena, max, sizeof(*starts->list));
	return starts;
}

const struct starts *
starts_of(struct arena *arena, const struct octets *octets)
{
	struct starts *starts;
	struct start *start;
	int c;

	if (octets_count(octets) > CLASS_MAX)
		return NULL;
	starts = new_starts(arena, CLASS_MAX);
	for (c = octets_next(octets, 0); c >= 0;
	     c = octets_next(octets, (unsigned)c + 1)) {
		start = &starts->list[starts->count++];
		start->octets[0] = (unsigned char)c;
		start->length = 1;
	}
	return starts;
}

const struct starts *
starts_or(struct arena *arena, const struct starts *a, const struct starts *b)
{
	struct starts *starts;

	if (a == NULL || b == NULL)
		return NULL;
	starts = new_starts(arena, a->count + b->count);
	memcpy(starts->list, a->list, a->count * sizeof(*a->list));
	memcpy(starts->list + a->count, b->list, b->count * sizeof(*b->list));
	starts->count = a->count + b->count;
	return tidy(starts);
}

static void
join(struct start *to, const struct start *a, const struct start *b)
{
	size_t i;

	*to = *a;
	for (i = 0; i < b->length && to->length < STARTS_LENGTH; i++)
		to->octets[to->length++] = b->octets[i];
	to->open = b->open || i < b->length || to->length == STARTS_LENGTH;
}

const struct starts *
starts_append(
    struct arena *arena, const struct starts *a, const struct starts *b)
{
	struct starts *starts;
	size_t i, k, closed = 0;

	for (i = 0; a != NULL && i < a->count; i++)
		closed += !a->list[i].open;
	if (a == NULL || closed == 0)
		return a;
	if (b != NULL && a->count + closed * b->count > STARTS_MAX)
		b = NULL; /* what there is must do */
	starts =
	    new_starts(arena, a->count + closed * (b != NULL ? b->count : 1));
	for (i = 0; i < a->count; i++) {
		if (a->list[i].open || b == NULL) {
			starts->list[starts->count] = a->list[i];
			starts->list[starts->count++].open = true;
			continue;
		}
		for (k = 0; k < b->count; k++)
			join(&starts->list[starts->count++], &a->list[i],
			    &b->list[k]);
	}
	return tidy(starts);
}

const struct starts *
starts_times(
    struct arena *arena, const struct starts *a, unsigned min, unsigned max)
{
	const struct starts *starts = &starts_empty, *maybe;
	unsigned i;

	if (a == NULL)
		return NULL;
	maybe = starts_or(arena, a, &starts_empty);
	for (i = 0; i < max && i < STARTS_LENGTH; i++)
		starts = starts_append(arena, starts, i < min ? a : maybe);
	/* one that may come often is as if more came behind it */
	return starts;
}

/* Whether few places of a text go on so. */
static bool
is_seldom(const struct starts *starts)
{
	double share = 0, one;
	size_t i, k;

	for (i = 0; i < starts->count; i++) {
		if (starts->list[i].length == 0)
			return false;
		for (one = 1, k = 0; k < starts->list[i].length; k++)
			one /= 1 << octets_rarity(starts->list[i].octets[k]);
		share += one;
	}
	return share * 100 < SHARE_MAX;
}

/* Bits for one octet, for two, and hashed for three. */
struct starts_table {
	uint64_t one[256 / 64];
	uint64_t two[65536 / 64];
	uint64_t three[65536 / 64];
};

static unsigned
hash(unsigned a, unsigned b, unsigned c)
{
	return (a << 8 ^ b << 4 ^ c) & 0xffff;
}

static void
set_bit(uint64_t *bits, unsigned i)
{
	bits[i / 64] |= 1ULL << i % 64;
}

static bool
has_bit(const uint64_t *bits, unsigned i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

struct starts_table *
starts_table_new(const struct starts *starts)
{
	struct starts_table *table;
	const unsigned char *octets;
	size_t i;

	if (starts == NULL || starts->count == 0 || !is_seldom(starts))
		return NULL;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		fatal("out of memory");
	for (i = 0; i < starts->count; i++) {
		octets = starts->list[i].octets;
		if (starts->list[i].length == 1)
			set_bit(table->one, octets[0]);
		else if (starts->list[i].length == 2)
			set_bit(
			    table->two, (unsigned)octets[0] << 8 | octets[1]);
		else
			set_bit(table->three,
			    hash(octets[0], octets[1], octets[2]));
	}
	return table;
}

void
starts_table_free(struct starts_table *table)
{
	free(table);
}

static unsigned
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned)c + 32 : (unsigned char)c;
}

size_t
starts_next(const struct starts_table *table, struct span text, size_t from)
{
	unsigned a, b, c;

	if (from >= text.len)
		return text.len;
	b = lower(text.p[from]);
	c = from + 1 < text.len ? lower(text.p[from + 1]) : 0;
	for (; from < text.len; from++) {
		a = b;
		b = c;
		c = from + 2 < text.len ? lower(text.p[from + 2]) : 0;
		if (has_bit(table->three, hash(a, b, c)) ||
		    has_bit(table->two, a << 8 | b) || has_bit(table->one, a))
			return from;
	}
	return from;
}
