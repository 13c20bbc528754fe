#include "rules/runs.h"

#define BITS_ENOUGH 18 /* of a window; more makes it longer than it need be */
#define BITS_STEP_MAX 8
#define BITS_OCTETS_MAX 100 /* of a step that tells anything */

struct octets
octets_lower(const struct octets *octets)
{
	/* A to Z are the bits 1 to 26 of the second word, a to z 32 higher */
	const uint64_t capitals = 0x7fffffeULL;
	struct octets lower = *octets;

	lower.bits[1] &= ~capitals;
	lower.bits[1] |= (octets->bits[1] & capitals) << 32;
	return lower;
}

unsigned
octets_count(const struct octets *octets)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < nitems(octets->bits); i++)
		count += (unsigned)__builtin_popcountll(octets->bits[i]);
	return count;
}

int
octets_next(const struct octets *octets, unsigned from)
{
	uint64_t word;
	size_t i;

	for (i = from / 64; i < nitems(octets->bits); i++) {
		word = octets->bits[i];
		if (i == from / 64)
			word &= UINT64_MAX << from % 64;
		if (word != 0)
			return (int)(64 * i) + __builtin_ctzll(word);
	}
	return -1;
}

struct run
run_of(struct arena *arena, const struct octets *octets)
{
	struct run_step *step = arena_alloc(arena, sizeof(*step));

	step->octets = *octets;
	return (struct run){step, 1};
}

struct run
run_append(struct arena *arena, struct run a, struct run b)
{
	struct run_step *steps;

	if (b.count == 0)
		return a;
	if (a.count == 0)
		return b;
	if (a.count + b.count > RUN_MAX)
		return (struct run){NULL, 0};
	steps = arena_array(arena, a.count + b.count, sizeof(*steps));
	memcpy(steps, a.steps, a.count * sizeof(*steps));
	memcpy(steps + a.count, b.steps, b.count * sizeof(*steps));
	return (struct run){steps, a.count + b.count};
}

static void
step_join(struct run_step *step, const struct run_step *other)
{
	size_t i;

	for (i = 0; i < nitems(step->octets.bits); i++)
		step->octets.bits[i] |= other->octets.bits[i];
	step->optional |= other->optional;
	step->loops |= other->loops;
}

/* Steps side by side, as far as both go.  If one is longer, all behind the
 * first step become one that may be missing and may come often: so letters that
 * are written in one octet or in several do not grow. */
struct run
run_or(struct arena *arena, struct run a, struct run b)
{
	unsigned i, count = a.count > b.count ? a.count : b.count;
	bool even = a.count == b.count;
	struct run_step *steps = arena_array(arena, count + 1, sizeof(*steps));

	for (i = 0; i < count; i++) {
		if (i < a.count)
			step_join(&steps[i], &a.steps[i]);
		else
			steps[i].optional = true;
		if (i < b.count)
			step_join(&steps[i], &b.steps[i]);
		else
			steps[i].optional = true;
	}
	if (even || count <= 2)
		return (struct run){steps, count};
	for (i = 2; i < count; i++)
		step_join(&steps[1], &steps[i]);
	steps[1].optional = true;
	steps[1].loops = true;
	return (struct run){steps, 2};
}

struct run
run_optional(struct arena *arena, struct run run)
{
	struct run_step *steps = arena_array(arena, run.count, sizeof(*steps));
	unsigned i;

	for (i = 0; i < run.count; i++) {
		steps[i] = run.steps[i];
		steps[i].optional = true;
	}
	return (struct run){steps, run.count};
}

struct run
run_loop(struct arena *arena, struct run run, bool optional)
{
	struct run_step *step = arena_alloc(arena, sizeof(*step));
	unsigned i;

	*step = (struct run_step){.optional = optional, .loops = true};
	for (i = 0; i < run.count; i++) {
		step_join(step, &run.steps[i]);
		step->optional = optional;
	}
	return (struct run){step, 1};
}

unsigned
octets_rarity(unsigned char c)
{
	static const unsigned char letters[26] = {3, 5, 5, 4, 3, 5, 5, 4, 4, 7,
	    7, 4, 5, 4, 3, 5, 7, 4, 4, 3, 5, 7, 5, 7, 5, 7};

	if (c >= 'a' && c <= 'z')
		return letters[c - 'a'];
	if (c == ' ')
		return 3;
	return c < 0x80 ? 6 : 8;
}

/* Bits that a step tells: of how much of a text it fits. */
static unsigned
step_bits(const struct run_step *step)
{
	unsigned share = 0, bits = 0; /* share in parts of 256 */
	int c;

	if (step->optional || octets_count(&step->octets) > BITS_OCTETS_MAX)
		return 0;
	for (c = octets_next(&step->octets, 0); c >= 0;
	     c = octets_next(&step->octets, (unsigned)c + 1))
		share += 256 >> octets_rarity((unsigned char)c);
	for (; share < 128 && bits < BITS_STEP_MAX; bits++)
		share *= 2;
	return bits;
}

struct run
run_window(struct run run, unsigned *bits)
{
	unsigned step[RUN_MAX], from, to, sum, best = 0;
	struct run window = {NULL, 0};

	for (from = 0; from < run.count; from++)
		step[from] = step_bits(&run.steps[from]);
	*bits = 0;
	for (from = 0; from < run.count; from++)
		for (sum = 0, to = from; to < run.count && step[from] > 0;
		     to++) {
			sum += step[to];
			if (step[to] == 0)
				continue;
			/* the most, and of enough the shortest */
			if (sum >= BITS_ENOUGH
				? best < BITS_ENOUGH ||
				      to - from + 1 < window.count
				: sum > best) {
				best = sum;
				window.steps = run.steps + from;
				window.count = to - from + 1;
			}
			if (sum >= BITS_ENOUGH)
				break;
		}
	*bits = best;
	return window;
}

const struct choice *
choice_of(struct arena *arena, struct run run)
{
	struct choice *choice;
	struct run *list;
	unsigned bits;

	run = run_window(run, &bits);
	if (run.count == 0)
		return NULL;
	choice = arena_alloc(arena, sizeof(*choice));
	list = arena_alloc(arena, sizeof(*list));
	*list = run;
	*choice = (struct choice){list, 1, bits};
	return choice;
}

const struct choice *
choice_or(struct arena *arena, const struct choice *a, const struct choice *b)
{
	struct choice *choice;
	struct run *list;

	if (a == NULL || b == NULL || a->count + b->count > RUN_CHOICE_MAX)
		return NULL;
	choice = arena_alloc(arena, sizeof(*choice));
	list = arena_array(arena, a->count + b->count, sizeof(*list));
	memcpy(list, a->list, a->count * sizeof(*list));
	memcpy(list + a->count, b->list, b->count * sizeof(*list));
	*choice = (struct choice){
	    list, a->count + b->count, a->bits < b->bits ? a->bits : b->bits};
	return choice;
}
