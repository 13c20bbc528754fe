#include <stdlib.h>

#include "base/err.h"
#include "rules/prefilter.h"
#include "rules/runscan.h"

#define BITS_LOG 15 /* of the table of bits: 4 KB for each length */
#define BITS_MIN 10 /* that a run must tell */
#define LENGTHS 3   /* groups of 2, 3 and 4 octets */

/* A literal of a pattern, to be compared where its group was found. */
struct entry {
	struct span literal;
	uint32_t id;
	uint32_t key;   /* the group, as a number */
	uint8_t at;     /* where in the literal it begins */
	uint8_t length; /* of the group: 2, 3 or 4 */
	uint8_t times;  /* in a line, before that counts */
	uint32_t next;  /* in its bucket, plus 1 */
};

struct prefilter {
	struct arena arena;
	struct entry *entries;
	size_t count;
	size_t cap;
	uint32_t *buckets; /* the first of each, plus 1 */
	uint32_t bucket_mask;
	struct runscan *runs;

	uint64_t bits[LENGTHS][(1 << BITS_LOG) / 64];
};

static const unsigned char fold[256] = {
#define SAME4(n) (n), (n) + 1, (n) + 2, (n) + 3
#define SAME16(n) SAME4(n), SAME4((n) + 4), SAME4((n) + 8), SAME4((n) + 12)
    SAME16(0),
    SAME16(16),
    SAME16(32),
    SAME16(48),
    '@',
    'a',
    'b',
    'c',
    SAME4('d'),
    SAME4('h'),
    SAME4('l'),
    SAME4('p'),
    SAME4('t'),
    'x',
    'y',
    'z',
    SAME4('['),
    '_',
    SAME16(96),
    SAME16(112),
    SAME16(128),
    SAME16(144),
    SAME16(160),
    SAME16(176),
    SAME16(192),
    SAME16(208),
    SAME16(224),
    SAME16(240),
};

static const uint32_t masks[LENGTHS] = {0xffff, 0xffffff, 0xffffffff};

static uint32_t
hash(uint32_t key)
{
	return key * 2654435761u;
}

struct prefilter *
prefilter_new(void)
{
	struct prefilter *filter = calloc(1, sizeof(*filter));

	if (filter == NULL)
		fatal("out of memory");
	filter->runs = runscan_new();
	return filter;
}

void
prefilter_free(struct prefilter *filter)
{
	if (filter == NULL)
		return;
	arena_free(&filter->arena);
	runscan_free(filter->runs);
	free(filter->entries);
	free(filter->buckets);
	free(filter);
}

static void
add_literal(
    struct prefilter *filter, struct span literal, unsigned times, uint32_t id)
{
	struct entry *entry;
	uint32_t key = 0;
	size_t at, i;

	if (filter->count == filter->cap) {
		filter->cap = filter->cap == 0 ? 1024 : 2 * filter->cap;
		filter->entries = realloc(
		    filter->entries, filter->cap * sizeof(*filter->entries));
		if (filter->entries == NULL)
			fatal("out of memory");
	}
	entry = &filter->entries[filter->count++];
	literals_rarity(literal, &at);
	entry->literal = arena_copy(&filter->arena, literal);
	entry->id = id;
	entry->times = (uint8_t)(times < UINT8_MAX ? times : UINT8_MAX);
	entry->at = (uint8_t)at;
	entry->length = (uint8_t)(literal.len < 4 ? literal.len : 4);
	/* the octet that comes last is the lowest, as in the pass */
	for (i = 0; i < entry->length; i++)
		key = key << 8 | (unsigned char)literal.p[at + i];
	entry->key = key;
}

bool
prefilter_add(
    struct prefilter *filter, const struct literals *literals, uint32_t id)
{
	size_t i;

	for (i = 0; i < literals->count; i++)
		add_literal(filter, literals->list[i], literals->times, id);
	if (literals->count > 0)
		return true;
	if (literals->runs == NULL || literals->runs->bits < BITS_MIN)
		return false;
	for (i = 0; i < literals->runs->count; i++)
		runscan_add(filter->runs, literals->runs->list[i], id);
	return true;
}

/* Of the key and how long it is, for short groups begin as long ones do. */
static uint32_t
bucket_of(const struct prefilter *filter, uint32_t key, unsigned length)
{
	return (hash(key + length) >> 7) & filter->bucket_mask;
}

void
prefilter_finish(struct prefilter *filter)
{
	uint32_t size = 1024, h, *bucket;
	struct entry *entry;
	size_t i;

	while (size < 2 * filter->count)
		size *= 2;
	runscan_finish(filter->runs);
	filter->bucket_mask = size - 1;
	filter->buckets = calloc(size, sizeof(*filter->buckets));
	if (filter->buckets == NULL)
		fatal("out of memory");
	for (i = 0; i < filter->count; i++) {
		entry = &filter->entries[i];
		h = hash(entry->key) >> (32 - BITS_LOG);
		filter->bits[entry->length - 2][h / 64] |= 1ULL << h % 64;

		bucket = &filter->buckets[bucket_of(
		    filter, entry->key, entry->length)];
		entry->next = *bucket;
		*bucket = (uint32_t)i + 1;
	}
}

struct pass {
	const struct prefilter *filter;
	struct arena *arena;
	struct prefilter_lines *lines;
	struct span line;
	uint32_t number; /* of the line */
	char *lower;     /* the line, in lower case */
	size_t found;
};

static void
add_line(struct pass *pass, struct prefilter_lines *lines)
{
	struct prefilter_line *list;

	if (lines->count == lines->cap) {
		lines->cap = lines->cap == 0 ? 8 : 4 * lines->cap;
		list = arena_array(pass->arena, lines->cap, sizeof(*list));
		if (lines->count > 0)
			memcpy(list, lines->list, lines->count * sizeof(*list));
		lines->list = list;
	}
	lines->list[lines->count] = lines->now;
	lines->list[lines->count++].line = pass->number;
	pass->found++;
}

/* What a pattern needs so and so often stands from start to end. */
static void
found(struct pass *pass, uint32_t id, unsigned times, size_t start, size_t end)
{
	struct prefilter_lines *lines = &pass->lines[id];

	if (lines->now.line != pass->number + 1) {
		lines->now.line = pass->number + 1;
		lines->now.first = (uint32_t)end;
		lines->times = 0;
	}
	lines->now.last = (uint32_t)start;
	if (++lines->times == times)
		add_line(pass, lines);
	else if (lines->times > times)
		lines->list[lines->count - 1].last = (uint32_t)start;
}

static bool
is_literal(struct span literal, const char *p)
{
	size_t i;

	for (i = 0; i < literal.len; i++)
		if ((char)fold[(unsigned char)p[i]] != literal.p[i])
			return false;
	return true;
}

/* A group that may be one of ours ends before `end`. */
static void
look(struct pass *pass, uint32_t key, unsigned length, size_t end)
{
	const struct prefilter *filter = pass->filter;
	const struct entry *entry;
	uint32_t i = filter->buckets[bucket_of(filter, key, length)];
	size_t start = end - length;

	for (; i != 0; i = entry->next) {
		entry = &filter->entries[i - 1];
		if (entry->key == key && entry->length == length &&
		    start >= entry->at &&
		    pass->line.len - (start - entry->at) >=
			entry->literal.len &&
		    is_literal(
			entry->literal, pass->line.p + start - entry->at))
			found(pass, entry->id, entry->times, start - entry->at,
			    start - entry->at + entry->literal.len);
	}
}

static void
found_run(void *arg, uint32_t id, size_t end)
{
	found(arg, id, 1, end - 1, end);
}

static void
scan_line(struct pass *pass)
{
	const struct prefilter *filter = pass->filter;
	uint32_t window = 0, key, h;
	unsigned char c;
	unsigned k;
	size_t i;

	for (i = 0; i < pass->line.len; i++) {
		c = fold[(unsigned char)pass->line.p[i]];
		pass->lower[i] = (char)c;
		window = window << 8 | c;
		for (k = 0; k < LENGTHS; k++) {
			key = window & masks[k];
			h = hash(key) >> (32 - BITS_LOG);
			if ((filter->bits[k][h / 64] >> h % 64 & 1) != 0 &&
			    i + 1 >= k + 2)
				look(pass, key, k + 2, i + 1);
		}
	}
	runscan_line(filter->runs, (struct span){pass->lower, pass->line.len},
	    found_run, pass);
}

bool
prefilter_scan(const struct prefilter *filter, const struct text *text,
    struct arena *arena, struct prefilter_lines *lines)
{
	struct pass pass = {.filter = filter, .arena = arena, .lines = lines};
	size_t i, longest = 0;

	for (i = 0; i < text->count; i++)
		if (text->lines[i].len > longest)
			longest = text->lines[i].len;
	pass.lower = arena_alloc(arena, longest);

	for (i = 0; i < text->count; i++) {
		pass.line = text->lines[i];
		pass.number = (uint32_t)i;
		scan_line(&pass);
		if (pass.found > PREFILTER_FOUND_MAX)
			return false;
	}
	return true;
}
