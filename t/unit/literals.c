/* literals: what a text must hold for a pattern to match. */
#include "rules/literals.h"
#include "base/regex.h"
#include "test.h"

/* The strings of a pattern, with '|' between, in the order they come. */
static const char *
of(const char *pattern, unsigned flags)
{
	static char text[8192];
	static struct arena arena;
	struct literals literals;
	size_t i, len = 0;

	arena_reset(&arena);
	literals_of(&arena, span_of(pattern), flags, &literals);
	text[0] = '\0';
	for (i = 0; i < literals.count; i++) {
		if (i > 0)
			text[len++] = '|';
		memcpy(text + len, literals.list[i].p, literals.list[i].len);
		len += literals.list[i].len;
		text[len] = '\0';
	}
	return text;
}

#define IS(pattern, strings) CHECK(strcmp(of(pattern, 0), strings) == 0)

static void
test_plain_text_is_its_own_literal_in_lower_case(void)
{
	IS("Viagra", "viagra");
	IS("\\bfree\\s+viagra\\b", "viagra");
	IS("^Dear \\w+,", "dear ");
	IS("http\\:\\/\\/", "http://");
	IS("\\x56iagra\\x{21}", "viagra!");
}

static void
test_choices_are_all_needed(void)
{
	IS("(?:cheap|generic) pills", "cheap pills|generic pills");
	IS("bank|casino", "bank|casino");
	IS("lottery|.*", "");
	IS("lottery|a", "");
	IS("lottery|(?:jackpot)+", "lottery|jackpot");
	IS("colou?rful", "colourful|colorful");
	IS("(?i:winner)s?", "winner");
}

static void
test_a_small_class_is_its_octets(void)
{
	IS("v[i1]agra", "v1agra|viagra");
	IS("[Vv]iagra", "viagra");
	IS("[a-z]iagra", "iagra");
	IS("[^v]iagra", "iagra");
	IS("[[:alpha:]]iagra", "iagra");
	IS("x[]]yzzy", "x]yzzy");
}

static void
test_what_may_be_missing_is_not_needed(void)
{
	IS("(?:lottery)?", "");
	IS("(?:lottery)*winner", "winner");
	IS("(?:lottery){0,3}", "");
	IS("(?=lottery)winner", "winner");
	IS("(?!lottery)winner", "winner");
	IS("winner(?#lottery)", "winner");
	IS("(?(DEFINE)(?<a>lottery))winner", "winner");
}

static void
test_what_is_repeated_is_there_at_least_once(void)
{
	IS("(?:winner)+", "winner");
	IS("(?:xyz){2}", "xyzxyz");
	IS("(?:winner){2,}", "winnerwinner");
	IS("wow+ler", "wler");
}

static void
test_what_is_not_understood_has_none(void)
{
	IS("(?(1)winner)", "");
	IS("(?x) winner", "");
	IS("\\Qwinner\\E", "");
	IS("(*ACCEPT)winner", "");
	IS("\\p{L}winner", "");
	CHECK(strcmp(of("w i n n e r", REGEX_EXTENDED), "") == 0);
}

static void
test_nothing_is_too_deep_or_too_long(void)
{
	struct buf pattern = BUF_INIT(1 << 20);
	int i;

	for (i = 0; i < 50000; i++)
		buf_adds(&pattern, "(?:a|");
	CHECK(strcmp(of(buf_str(&pattern), 0), "") == 0);
	buf_reset(&pattern);
	for (i = 0; i < 5000; i++)
		buf_adds(&pattern, "[ab][cd]");
	CHECK(of(buf_str(&pattern), 0) != NULL);
	buf_free(&pattern);
}

/* The point of it all: no match without one of the strings. */
static void
test_no_match_is_without_a_literal(void)
{
	static const char *const patterns[] = {"(?:ab|a?b+c)[de]{1,3}f",
	    "a(?:b|cd){2,3}e", "(?:a|b)(?:c|d)(?:e|f)", "[abc]{2}d?e+f",
	    "a(?:bc)?(?:de)*f{2}", "(?:abc|de+f)(?:a|b?)c"};
	static struct arena arena;
	struct buf why = BUF_INIT(256);
	struct literals literals;
	struct regex *regex;
	char text[9] = "";
	size_t i, k, n;
	int matches = 0;
	bool held;

	for (i = 0; i < nitems(patterns); i++) {
		regex = regex_new(span_of(patterns[i]), 0, &why);
		literals_of(&arena, span_of(patterns[i]), 0, &literals);
		for (n = 0; n < 1679616; n++) { /* 6 to the power of 8 */
			size_t rest = n;

			for (k = 0; k < 8; k++, rest /= 6)
				text[k] = (char)('a' + rest % 6);
			if (n % 7 != 0 ||
			    regex_find(regex, span_of(text), 0, NULL) <= 0)
				continue;
			matches++;
			held = literals.count == 0;
			for (k = 0; k < literals.count && !held; k++)
				held = span_find(span_of(text),
					   literals.list[k]) != NULL;
			if (!held)
				printf("# %s in %s\n", patterns[i], text);
			CHECK(held);
		}
		regex_free(regex);
	}
	CHECK(matches > 1000);
	buf_free(&why);
	arena_free(&arena);
}

/* The places of a text where a pattern's matches can begin, as "0 4 7"; "-" if
 * nothing is known. */
static const char *
starts(const char *pattern, const char *text)
{
	static struct buf places = BUF_INIT(65536);
	struct starts_table *table;
	struct arena arena = {0};
	size_t at = 0, len = strlen(text);

	buf_reset(&places);
	table = starts_table_new(literals_starts(&arena, span_of(pattern), 0));
	if (table == NULL)
		buf_adds(&places, "-");
	while (
	    table != NULL && (at = starts_next(table, span_of(text), at)) < len)
		buf_addf(&places, "%s%zu", places.len > 0 ? " " : "", at++);
	starts_table_free(table);
	arena_free(&arena);
	return buf_str(&places);
}

#define STARTS(pattern, text, places) \
	CHECK(strcmp(starts(pattern, text), places) == 0)

static void
test_matches_begin_at_few_places(void)
{
	STARTS("bank|cash", "a bank, CASH, ba", "2 8");
	STARTS("x?yz", "yz xyz xy", "0 3 4");
	STARTS("(?&a)k(?(DEFINE)(?<a>[xz]|j\\.))", "zk j.k xj zl", "0 3");
	STARTS("k", "a k", "2");
	STARTS("kz", "k kz", "2");
	STARTS("", "a", "-");
	STARTS("x*", "x", "-");
	STARTS(".*", "x", "-");
	STARTS("[a-z]", "x", "-");
	STARTS("(?x) bank", "bank", "-");
}

static void
test_every_match_begins_at_one_of_them(void)
{
	static const char *const patterns[] = {"(?:ab|b+c)[de]{1,3}f",
	    "(?:f|e?d)(?:a|bc){2}", "b?[cd]ef|fa+b", "\\bfab|(?=c)cd*e|dd",
	    "(?:(?&x)ec|d(?&x)f)(?(DEFINE)(?<x>ab?|cf))"};
	struct buf why = BUF_INIT(256);
	struct starts_table *table;
	struct arena arena = {0};
	struct regex *regex;
	struct regex_match match;
	char text[9] = "";
	size_t i, k, n, rest;
	int matches = 0;

	for (i = 0; i < nitems(patterns); i++) {
		regex = regex_new(span_of(patterns[i]), 0, &why);
		table = starts_table_new(
		    literals_starts(&arena, span_of(patterns[i]), 0));
		CHECK(table != NULL);
		for (n = 0; table != NULL && n < 1679616; n += 7) {
			for (rest = n, k = 0; k < 8; k++, rest /= 6)
				text[k] = (char)('a' + rest % 6);
			if (regex_find(regex, span_of(text), 0, &match) <= 0)
				continue;
			matches++;
			CHECK(starts_next(table, span_of(text), match.start) ==
			      match.start);
		}
		regex_free(regex);
		starts_table_free(table);
	}
	CHECK(matches > 1000);
	buf_free(&why);
	arena_free(&arena);
}

int
main(void)
{
	TEST(plain_text_is_its_own_literal_in_lower_case);
	TEST(choices_are_all_needed);
	TEST(a_small_class_is_its_octets);
	TEST(what_may_be_missing_is_not_needed);
	TEST(what_is_repeated_is_there_at_least_once);
	TEST(what_is_not_understood_has_none);
	TEST(nothing_is_too_deep_or_too_long);
	TEST(no_match_is_without_a_literal);
	TEST(matches_begin_at_few_places);
	TEST(every_match_begins_at_one_of_them);
	return test_end();
}
