/* prefilter: a line in which a pattern matches is never left out. */
#include "rules/prefilter.h"
#include "base/regex.h"
#include "test.h"

#define PATTERNS_MAX 100

static const char *const patterns[] = {
    /* with literals */
    "Viagra", "\\bfree\\s+money\\b", "dear (?:friend|sir)", "a[bc]d?ef",
    "(?:name|address|phone){3}", "v[i1]agra",
    /* with runs */
    "[vu][i1!|l][a4\xe0-\xe6@]g[r\xae][a4@]", "[xq]_?[0-9]{2}_?[xz]",
    "[_\\W]{0,3}[s5][_\\W]{0,3}[o0][_\\W]{0,3}m[_\\W]{0,3}[a4]",
    "(?:[nN]|\xc3[\x91\xb1])(?:[oO0]|\xc3[\x92-\x96])[rR]t(?:[oO0])[nN]",
    "(?&v)(?&o)(?&v)(?&o)[0-9](?(DEFINE)(?<v>[vw]|\\\\/)(?<o>[o0]|\\(\\)))",
    "\\$[0-9]{1,3}[kmKM]\\b", "[qz][^a-z]+[qz][jx]", "[0-9]{3}-[0-9]{4}",
    "(?:[xX]|[yY][zZ])[qQ](?:[jJ]|[kK][kK][kK])[vV]",
    /* with neither */
    ".", "[a-z]+", "\\s\\s", "e"};

static const char *const words[] = {"Viagra", "free", " money", "dear ", "sir",
    "friend", "abef", "acdef", "name", "address", "phone", "v1agra", "u!agra",
    "VIAGRA", "v\xe4gra", "x_12_z", "q99x", " s.o-m_4 ", "S_0_M_A", "n0rt0n",
    "\xc3\x91\xc3\x96rton", "vov09", "\\/0w()7", "$12k", "$999M!", "q--zx",
    "Z12qj", "555-1234", "yzqkkkv", "XQJv", " ", "\n", "e", "lorem ipsum "};

static uint64_t seed = 1;

static unsigned
chance(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) +
	       UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % below;
}

struct filtered {
	struct arena arena;
	struct prefilter *filter;
	struct regex *regexes[PATTERNS_MAX];
	unsigned widths[PATTERNS_MAX];
	long ids[PATTERNS_MAX]; /* -1: nothing is said of it */
	size_t count;           /* of ids */
};

static void
make(struct filtered *all)
{
	static struct literals literals;
	struct buf why = BUF_INIT(256);
	size_t i;

	*all = (struct filtered){.filter = prefilter_new()};
	for (i = 0; i < nitems(patterns); i++) {
		all->regexes[i] =
		    regex_new(span_of(patterns[i]), REGEX_NOCASE, &why);
		CHECK(all->regexes[i] != NULL);
		literals_of(
		    &all->arena, span_of(patterns[i]), REGEX_NOCASE, &literals);
		all->widths[i] = literals.width;
		all->ids[i] = -1;
		if (prefilter_add(all->filter, &literals, (uint32_t)all->count))
			all->ids[i] = (long)all->count++;
	}
	prefilter_finish(all->filter);
	buf_free(&why);
}

static void
unmake(struct filtered *all)
{
	size_t i;

	for (i = 0; i < nitems(patterns); i++)
		regex_free(all->regexes[i]);
	prefilter_free(all->filter);
	arena_free(&all->arena);
}

/* Whether a match that begins there would be looked for. */
static bool
has_place(const struct prefilter_lines *lines, size_t line, size_t start,
    unsigned width)
{
	const struct prefilter_line *item;
	size_t i;

	for (i = 0; i < lines->count; i++) {
		item = &lines->list[i];
		if (item->line == line)
			return start <= item->last &&
			       (width == WIDTH_ANY ||
				   start + width >= item->first);
	}
	return false;
}

/* Text of words by chance. */
static struct text
make_text(struct arena *arena, size_t count)
{
	struct text text = {
	    arena_array(arena, count, sizeof(struct span)), count};
	struct buf line = BUF_INIT(4096);
	size_t i;
	unsigned k;

	for (i = 0; i < count; i++) {
		buf_reset(&line);
		for (k = chance(6); k > 0; k--)
			buf_adds(&line, words[chance(nitems(words))]);
		text.lines[i] = arena_copy(arena, buf_span(&line));
	}
	buf_free(&line);
	return text;
}

static void
test_no_line_with_a_match_is_left_out(void)
{
	struct prefilter_lines *lines;
	size_t i, k, matches = 0, said = 0;
	struct regex_match match = {0};
	struct filtered all;
	struct text text;
	bool held;

	make(&all);
	text = make_text(&all.arena, 3000);
	lines = arena_array(&all.arena, all.count, sizeof(*lines));
	CHECK(prefilter_scan(all.filter, &text, &all.arena, lines));
	for (i = 0; i < nitems(patterns); i++) {
		if (all.ids[i] < 0)
			continue;
		said += lines[all.ids[i]].count;
		for (k = 0; k < text.count; k++) {
			if (regex_find(
				all.regexes[i], text.lines[k], 0, &match) <= 0)
				continue;
			matches++;
			held = has_place(
			    &lines[all.ids[i]], k, match.start, all.widths[i]);
			if (!held)
				printf("# %s in '%.*s'\n", patterns[i],
				    SPAN_ARG(text.lines[k]));
			CHECK(held);
		}
	}
	CHECK(matches > 1000);
	CHECK(said < 4 * matches); /* it is of some use */
	unmake(&all);
}

static void
test_what_has_literals_or_a_run_is_filtered(void)
{
	struct filtered all;
	size_t i;

	make(&all);
	for (i = 0; i < nitems(patterns); i++)
		CHECK((all.ids[i] >= 0) == (i < nitems(patterns) - 4));
	unmake(&all);
}

static void
test_a_flood_is_given_up(void)
{
	struct prefilter_lines *lines;
	struct filtered all;
	struct text text;
	size_t i;

	make(&all);
	text.count = PREFILTER_FOUND_MAX + 1;
	text.lines = arena_array(&all.arena, text.count, sizeof(struct span));
	for (i = 0; i < text.count; i++)
		text.lines[i] = span_of("Viagra");
	lines = arena_array(&all.arena, all.count, sizeof(*lines));
	CHECK(!prefilter_scan(all.filter, &text, &all.arena, lines));
	unmake(&all);
}

int
main(void)
{
	TEST(no_line_with_a_match_is_left_out);
	TEST(what_has_literals_or_a_run_is_filtered);
	TEST(a_flood_is_given_up);
	return test_end();
}
