/* meta: expressions over rules, and that no rule is asked in vain. */
#include "rules/meta.h"
#include "test.h"

/* Rules A to Z; which were asked. */
static double values[26];
static char asked[64];

static long
find(void *arg, struct span name)
{
	(void)arg;
	return name.len == 1 && name.p[0] >= 'A' && name.p[0] <= 'Z'
		   ? name.p[0] - 'A'
		   : -1;
}

static void
match(void *arg, struct span glob, void (*found)(void *to, long rule), void *to)
{
	(void)arg;
	if (span_is(glob, "*"))
		for (long rule = 0; rule < 26; rule++)
			found(to, rule);
}

static double
value(void *arg, long rule, bool truth)
{
	size_t len = strlen(asked);

	(void)arg;
	(void)truth;
	if (len + 1 < sizeof(asked)) {
		asked[len] = (char)('A' + rule);
		asked[len + 1] = '\0';
	}
	return values[rule];
}

/* Z is dear, Y a little. */
static unsigned
cost(void *arg, long rule)
{
	(void)arg;
	return rule == 25 ? 100 : rule == 24 ? 10 : 1;
}

static double
compute(const char *text, bool truth)
{
	const struct meta_names names = {find, match, false, NULL};
	struct buf why = BUF_INIT(256);
	struct arena arena = {0};
	struct meta *meta;
	double result = -1000;

	asked[0] = '\0';
	meta = meta_parse(&arena, span_of(text), &names, &why);
	if (meta != NULL) {
		meta_order(meta, cost, NULL);
		result = meta_value(meta, truth, value, NULL);
	}
	buf_free(&why);
	arena_free(&arena);
	return result;
}

#define IS(text, number) CHECK(compute(text, false) == (number))
#define WRONG(text) CHECK(compute(text, false) == -1000)

static void
set(const char *names, double number)
{
	memset(values, 0, sizeof(values));
	for (; *names != '\0'; names++)
		values[*names - 'A'] = number;
}

static void
test_operators_bind_as_in_perl(void)
{
	set("", 0);
	IS("1 + 2 * 3", 7);
	IS("(1 + 2) * 3", 9);
	IS("7 - 2 - 1", 4);
	IS("8 / 2 / 2", 2);
	IS("1 + 1 == 2 && 3 > 2", 1);
	IS("!1 + 1", 1);
	IS("1 || 0 && 0", 1);
	IS("-3 + 5", 2);
	IS("5 != 5", 0);
	IS("2 >= 2", 1);
	IS("1 <= 0", 0);
	IS("1 ^ 3", 2);
	IS("99999999999999999999999 ^ 3", 3);
	IS("1 ? 5 : 6", 5);
	IS("0 ? 5 : 1 ? 7 : 8", 7);
	IS("1.5 + .5", 2);
	IS("1/0", 0);
	IS("()", 0);
}

static void
test_and_and_or_give_the_value_that_decided(void)
{
	set("A", 3);
	values[1] = 5;
	IS("A && B", 5);
	IS("B && A", 3);
	IS("A || B", 3);
	IS("C || B", 5);
	IS("(C || B) + (A && B)", 10);
	IS("C && A", 0);
}

static void
test_rules_that_are_not_there_are_zero(void)
{
	set("A", 1);
	IS("NOSUCH", 0);
	IS("!NOSUCH && A", 1);
	IS("rules_matching(*)", 1);
	IS("rules_matching(__NONE_*) + A", 1);
	IS("local_tests_only", 1);
}

static void
test_only_what_still_matters_is_asked(void)
{
	set("A", 1);
	CHECK(compute("Z && Y && B", true) == 0);
	CHECK(strcmp(asked, "B") == 0);
	CHECK(compute("Z || Y || A", true) != 0);
	CHECK(strcmp(asked, "A") == 0);
	CHECK(compute("(Z && B) || A", true) != 0);
	CHECK(strcmp(asked, "A") == 0);
	CHECK(compute("(Z + Y > 0) && B", true) == 0);
	CHECK(strcmp(asked, "B") == 0);
	CHECK(compute("A && Y", true) == 0);
	CHECK(strcmp(asked, "AY") == 0);
}

static void
test_what_is_none_is_refused(void)
{
	WRONG("");
	WRONG("A &&");
	WRONG("A B");
	WRONG("(A");
	WRONG("A)");
	WRONG("A ? B");
	WRONG("A; B");
	WRONG("$A");
	WRONG("rules_matching(A");
}

static void
test_depth_and_length_are_bounded(void)
{
	static char text[400000];
	int i;

	memset(text, '(', sizeof(text) - 1);
	WRONG(text);
	memset(text, '!', sizeof(text) - 1);
	WRONG(text);
	for (i = 0; i + 2 < (int)sizeof(text); i += 2)
		memcpy(text + i, "A+", 2);
	WRONG(text);
}

int
main(void)
{
	TEST(operators_bind_as_in_perl);
	TEST(and_and_or_give_the_value_that_decided);
	TEST(rules_that_are_not_there_are_zero);
	TEST(only_what_still_matters_is_asked);
	TEST(what_is_none_is_refused);
	TEST(depth_and_length_are_bounded);
	return test_end();
}
