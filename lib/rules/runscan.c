#include <stdlib.h>

#include "base/err.h"
#include "rules/runscan.h"

#define WORDS_MAX 256

/* Words of 64 steps each.  A block is optional steps in a row.  They are lists
 * of one thing each, so that the compiler takes several words at a time. */
struct runscan {
	uint64_t first[WORDS_MAX]; /* steps that a run begins with */
	uint64_t last[WORDS_MAX];  /* and ends with */
	uint64_t loops[WORDS_MAX];
	uint64_t optional[WORDS_MAX];
	uint64_t before[WORDS_MAX];  /* the step before a block */
	uint64_t end[WORDS_MAX];     /* the last of a block */
	uint32_t ids[WORDS_MAX][64]; /* by the step that ends a run */
	size_t count;
	unsigned used; /* steps of the last word */
	/* which steps an octet fits: 256 times as many as there are words */
	uint64_t *fits;
	uint64_t (*steps)[256]; /* the same, while runs are added */
};

struct runscan *
runscan_new(void)
{
	struct runscan *scan = calloc(1, sizeof(*scan));

	if (scan == NULL)
		fatal("out of memory");
	scan->steps = calloc(WORDS_MAX, sizeof(*scan->steps));
	if (scan->steps == NULL)
		fatal("out of memory");
	return scan;
}

void
runscan_free(struct runscan *scan)
{
	if (scan == NULL)
		return;
	free(scan->steps);
	free(scan->fits);
	free(scan);
}

static void
add_step(struct runscan *scan, size_t number, const struct run_step *step,
    bool after_optional)
{
	uint64_t bit = 1ULL << scan->used;
	unsigned c;

	for (c = 0; c < 256; c++)
		if (octets_has(&step->octets, (unsigned char)c))
			scan->steps[number][c] |= bit;
	if (step->loops)
		scan->loops[number] |= bit;
	if (step->optional) {
		scan->optional[number] |= bit;
		if (after_optional)
			scan->end[number] &= ~(bit >> 1);
		else
			scan->before[number] |= bit >> 1;
		scan->end[number] |= bit;
	}
	scan->used++;
}

void
runscan_add(struct runscan *scan, struct run run, uint32_t id)
{
	bool optional = false;
	unsigned i;

	if (run.count == 0)
		fatal("a pattern of nothing");
	if (scan->count == 0 || scan->used + run.count > 64) {
		if (scan->count == WORDS_MAX)
			fatal("too many patterns");
		scan->count++;
		scan->used = 0;
	}
	scan->first[scan->count - 1] |= 1ULL << scan->used;
	for (i = 0; i < run.count; i++) {
		add_step(scan, scan->count - 1, &run.steps[i], optional);
		optional = run.steps[i].optional;
	}
	scan->last[scan->count - 1] |= 1ULL << (scan->used - 1);
	scan->ids[scan->count - 1][scan->used - 1] = id;
}

void
runscan_finish(struct runscan *scan)
{
	size_t i;
	unsigned c;

	scan->fits = calloc(256 * scan->count + 1, sizeof(*scan->fits));
	if (scan->fits == NULL)
		fatal("out of memory");
	for (c = 0; c < 256; c++)
		for (i = 0; i < scan->count; i++)
			scan->fits[c * scan->count + i] = scan->steps[i][c];
	free(scan->steps);
	scan->steps = NULL;
}

static void
report(const struct runscan *scan, const uint64_t *state, size_t end,
    void (*found)(void *arg, uint32_t id, size_t end), void *arg)
{
	uint64_t ends;
	size_t i;

	for (i = 0; i < scan->count; i++)
		for (ends = state[i] & scan->last[i]; ends != 0;
		     ends &= ends - 1)
			found(arg, scan->ids[i][__builtin_ctzll(ends)], end);
}

/* One octet further in all words.  Whether a run ends here. */
static uint64_t
advance(
    const struct runscan *scan, const uint64_t *fits, uint64_t *restrict state)
{
	uint64_t s, ended, ends = 0;
	size_t k;

	for (k = 0; k < scan->count; k++) {
		s = (state[k] << 1 | scan->first[k] |
			(state[k] & scan->loops[k])) &
		    fits[k];
		/* what may be missing is passed over */
		ended = s | scan->end[k];
		s |= scan->optional[k] & (~(ended - scan->before[k]) ^ ended);
		state[k] = s;
		ends |= s & scan->last[k];
	}
	return ends;
}

void
runscan_line(struct runscan *scan, struct span line,
    void (*found)(void *arg, uint32_t id, size_t end), void *arg)
{
	uint64_t state[WORDS_MAX] = {0};
	size_t i;

	for (i = 0; i < line.len && scan->count > 0; i++)
		if (advance(scan,
			scan->fits + (unsigned char)line.p[i] * scan->count,
			state) != 0)
			report(scan, state, i + 1, found, arg);
}
