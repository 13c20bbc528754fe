#include <stdlib.h>

#include "base/err.h"
#include "rules/starts.h"

#define CLASS_MAX 200 /* octets */
#define THREE_LOG 18  /* of the bits for three octets */
#define SHARE_MAX 25  /* percent of the places of a text that may be left */

static struct start nothing;
const struct starts starts_empty = {&nothing, 1};

static uint32_t
key_of(const struct start *start)
{
	return (uint32_t)start->octets[0] << 24 | start->octets[1] << 16 |
	       start->octets[2] << 8 | start->length;
}

static int
compare(const void *a, const void *b)
{
	const struct start *x = a, *y = b;
	uint32_t k = key_of(x), l = key_of(y);

	return k < l ? -1 : k > l;
}

/* Each once, and nothing that begins with another one that is open. */
static void
sort(struct starts *starts)
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
}

/* Leaves only so many first octets of each. */
static void
cut(struct starts *starts, size_t length)
{
	struct start *start;
	size_t i;

	for (i = 0; i < starts->count; i++) {
		start = &starts->list[i];
		if (start->length <= length)
			continue;
		memset(start->octets + length, 0, STARTS_LENGTH - length);
		start->length = (unsigned char)length;
		start->open = true;
	}
}

/* Puts it in order; shorter ones if there are too many; NULL if that is not
 * enough. */
static const struct starts *
tidy(struct starts *starts)
{
	sort(starts);
	if (starts->count > STARTS_MAX) {
		cut(starts, STARTS_LENGTH - 1);
		sort(starts);
	}
	return starts->count <= STARTS_MAX ? starts : NULL;
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

/* Only their first octets; NULL if there are none. */
static const struct starts *
shorten(struct arena *arena, const struct starts *a, size_t length)
{
	struct starts *starts;

	if (a == NULL)
		return NULL;
	starts = new_starts(arena, a->count);
	memcpy(starts->list, a->list, a->count * sizeof(*a->list));
	starts->count = a->count;
	cut(starts, length);
	return tidy(starts);
}

const struct starts *
starts_append(
    struct arena *arena, const struct starts *a, const struct starts *b)
{
	const struct starts *rest[STARTS_LENGTH + 1] = {NULL};
	struct starts *starts;
	size_t i, k, count = 0, closed = 0;

	for (i = 0; a != NULL && i < a->count; i++)
		closed += !a->list[i].open;
	if (a == NULL || closed == 0)
		return a;
	for (i = 1; i <= STARTS_LENGTH; i++)
		rest[i] = i == STARTS_LENGTH ? b : shorten(arena, b, i);
	for (i = 0; i < a->count; i++) {
		k = STARTS_LENGTH - a->list[i].length;
		count +=
		    a->list[i].open || rest[k] == NULL ? 1 : rest[k]->count;
	}
	if (count > 20 * STARTS_MAX)
		return NULL;
	starts = new_starts(arena, count);
	for (i = 0; i < a->count; i++) {
		b = rest[STARTS_LENGTH - a->list[i].length];
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
	uint64_t three[(1 << THREE_LOG) / 64];
};

static unsigned
hash(unsigned a, unsigned b, unsigned c)
{
	return (a << 10 ^ b << 5 ^ c) & ((1 << THREE_LOG) - 1);
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
