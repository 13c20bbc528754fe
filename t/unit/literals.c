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

/* The look ahead of a pattern, "" if there is none. */
static const char *
starts(const char *pattern)
{
	static struct buf written = BUF_INIT(65536);
	static struct arena arena;

	arena_reset(&arena);
	buf_reset(&written);
	return starts_write(
		   literals_starts(&arena, span_of(pattern), 0), &written)
		   ? buf_str(&written)
		   : "";
}

#define STARTS(pattern, ahead) CHECK(strcmp(starts(pattern), ahead) == 0)

static void
test_a_look_ahead_is_for_how_matches_begin(void)
{
	STARTS("bank|cash", "(?i:(?=(?:\\x62(?:\\x61[\\x6e])|"
			    "\\x63(?:\\x61[\\x73]))))");
	STARTS("x?yz", "(?i:(?=(?:\\x78(?:\\x79[\\x7a])|"
		       "\\x79(?:\\x7a))))");
	STARTS("", "");
	STARTS("x*", "");
	STARTS(".*", "");
	STARTS("[a-z]", "");
	STARTS("(?x) bank", "");
}

static void
test_a_look_ahead_changes_no_match(void)
{
	static const char *const patterns[] = {"(?:ab|b+c)[de]{1,3}f",
	    "(?:f|e?d)(?:a|bc){2}", "^b?[cd]e|f+a", "\\bfa|(?=c)cd*e|dd",
	    "(?:(?&x)e|d(?&x)f)(?(DEFINE)(?<x>ab?|c))"};
	struct buf why = BUF_INIT(256), written = BUF_INIT(65536);
	struct regex *plain, *ahead;
	struct regex_match a, b;
	char text[9] = "";
	size_t i, k, n, rest;
	int matches = 0;

	for (i = 0; i < nitems(patterns); i++) {
		buf_reset(&written);
		buf_addf(
		    &written, "%s(?:%s)", starts(patterns[i]), patterns[i]);
		plain = regex_new(span_of(patterns[i]), 0, &why);
		ahead = regex_new(buf_span(&written), 0, &why);
		CHECK(plain != NULL && ahead != NULL && written.p[0] == '(' &&
		      written.p[2] == 'i');
		for (n = 0; n < 1679616; n += 7) {
			for (rest = n, k = 0; k < 8; k++, rest /= 6)
				text[k] = (char)('a' + rest % 6);
			if (regex_find(plain, span_of(text), 0, &a) <= 0)
				continue;
			matches++;
			CHECK(regex_find(ahead, span_of(text), 0, &b) > 0 &&
			      a.start == b.start && a.end == b.end);
		}
		regex_free(plain);
		regex_free(ahead);
	}
	CHECK(matches > 1000);
	buf_free(&why);
	buf_free(&written);
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
	TEST(a_look_ahead_is_for_how_matches_begin);
	TEST(a_look_ahead_changes_no_match);
	return test_end();
}
