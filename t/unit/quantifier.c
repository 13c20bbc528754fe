/* quantifier: "$?" as Perl understands it. */
#include <string.h>

#include "base/regex.h"
#include "rules/quantifier.h"
#include "test.h"

/* What a pattern becomes; "" if it stays. */
static const char *
mended(const char *pattern)
{
	static struct buf buf = BUF_INIT(1024);

	buf_reset(&buf);
	return quantifier_mend(span_of(pattern), &buf) ? buf_str(&buf) : "";
}

#define IS(pattern, text) CHECK(strcmp(mended(pattern), text) == 0)

static void
test_a_quantifier_stands_behind_a_group(void)
{
	IS("only $?[\\d.]+", "only (?:$)?[\\d.]+");
	IS("^*a^+$?", "(?:^)*a(?:^)+(?:$)?");
	IS("a${2}b$", "a(?:$){2}b$");
}

static void
test_what_is_no_assertion_stays(void)
{
	IS("", "");
	IS("^a$", "");
	IS("\\$?\\^*", "");
	IS("[$?^*][^^?]*[]$?]", "");
	IS("a${b}$", "");
	IS("[$?", "");
	IS("a\\", "");
	IS("[\\", "");
}

static void
test_it_finds_what_perl_finds(void)
{
	struct buf why = BUF_INIT(256);
	struct regex *regex =
	    regex_new(span_of(mended("save $?[\\d.]+ per")), 0, &why);

	CHECK(regex != NULL);
	CHECK(regex_find(regex, span_of("save 5.0 per day"), 0, NULL) == 1);
	CHECK(regex_find(regex, span_of("save $5 per day"), 0, NULL) == 0);
	regex_free(regex);
	buf_free(&why);
}

static void
test_a_pattern_that_is_too_long_stays(void)
{
	struct buf buf = BUF_INIT(8);

	CHECK(!quantifier_mend(span_of("$?1234567890"), &buf));
	buf_free(&buf);
}

int
main(void)
{
	TEST(a_quantifier_stands_behind_a_group);
	TEST(what_is_no_assertion_stays);
	TEST(it_finds_what_perl_finds);
	TEST(a_pattern_that_is_too_long_stays);
	return test_end();
}
