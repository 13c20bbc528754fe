/* captures: what named groups match, for other rules. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/captures.h"
#include "rules/judge.h"
#include "test.h"

#define CHECK_SAME(a, b) CHECK(strcmp(a, b) == 0)

static char path[] = "/tmp/pimail-captures-XXXXXX";
static struct arena arena;

/* The names that a template wants, with "," behind each. */
static const char *
names_of(const char *pattern)
{
	static struct buf list = BUF_INIT(1024);
	struct span name;
	size_t at = 0;

	buf_reset(&list);
	while (captures_next(span_of(pattern), &at, &name))
		buf_addf(&list, "%.*s,", SPAN_ARG(name));
	return buf_str(&list);
}

static void
test_a_template_has_names_of_tags(void)
{
	CHECK_SAME(names_of("a%{B}c%{DE_F1}"), "B,DE_F1,");
	CHECK_SAME(names_of("\\%{B}%{b}%{}%{1B}%{_B}%{B_}%{B__C}%{B"), "");
	CHECK_SAME(names_of("%{%{B}}"), "B,");
	CHECK_SAME(names_of("%{B(c:d)}%{B()}"), "B(c:d),B(),");
	CHECK_SAME(names_of("%{B(c}%{B(c)d}%{(c)}%{B("), "");
	CHECK(captures_named(span_of("a(?<B>c)")));
	CHECK(captures_named(span_of("(?P<B>c)")));
	CHECK(captures_named(span_of("(?:(?'B'c))")));
	CHECK(!captures_named(span_of("(?<=B)(?<!B)(?<b>c)(?:B)(B)(?")));
}

/* Keeps what a pattern's groups match in a text. */
static void
take(struct captures *captures, const char *pattern, struct span text)
{
	struct buf why = BUF_INIT(256);
	struct regex *regex = regex_new(span_of(pattern), 0, &why);
	struct regex_match match;

	CHECK(regex != NULL && regex_find(regex, text, 0, &match) == 1);
	captures_keep(captures, &arena, regex, &match);
	regex_free(regex);
	buf_free(&why);
}

static bool
fills(const struct captures *captures, const char *pattern, const char *want)
{
	struct buf filled = BUF_INIT(CAPTURES_PATTERN_MAX);
	bool same = captures_fill(captures, span_of(pattern), &filled) &&
		    strcmp(buf_str(&filled), want) == 0;

	buf_free(&filled);
	return same;
}

static void
test_what_was_matched_stands_for_itself(void)
{
	struct captures captures = {0};

	CHECK(fills(&captures, "plain", "plain"));
	CHECK(!fills(&captures, "x%{A}", "x"));
	take(&captures, "(?<A>.+)=(?<b>.)(?<C>)", span_of("a.b*=x"));
	CHECK(captures.count == 1);
	CHECK(fills(&captures, "^x%{A}%{A}$", "^x(?:a\\.b\\*)(?:a\\.b\\*)$"));
	CHECK(!fills(&captures, "%{C}", "(?:)"));
	take(&captures, "(?<A>.+)", span_of("a.b*"));
	take(&captures, "(?<A>.+)", span_of("\xe4 z"));
	CHECK(fills(&captures, "%{A}", "(?:a\\.b\\*|\\\xe4\\ z)"));
	arena_reset(&arena);
}

static void
test_captures_have_an_end(void)
{
	struct captures captures = {0};
	struct buf text = BUF_INIT(CAPTURES_TEXT_MAX + 1);
	struct buf filled = BUF_INIT(CAPTURES_PATTERN_MAX);
	size_t i;

	while (text.len < CAPTURES_TEXT_MAX)
		buf_adds(&text, "/");
	take(&captures, "(?<A>.+)", buf_span(&text));
	CHECK(captures.count == 1);
	buf_adds(&text, "/");
	take(&captures, "(?<A>.+)", buf_span(&text));
	CHECK(captures.count == 1);
	for (i = 0; i < 2 * CAPTURES_MAX; i++) {
		buf_reset(&text);
		buf_addf(&text, "%zu", i);
		take(&captures, "(?<A>.+)", buf_span(&text));
	}
	CHECK(captures.count == CAPTURES_MAX);
	CHECK(!captures_fill(&captures,
	    span_of("%{A}%{A}%{A}%{A}%{A}%{A}%{A}%{A}%{A}"), &filled));
	buf_free(&text);
	buf_free(&filled);
	arena_reset(&arena);
}

/* The names of the rules that hit, each with ",". */
static const char *
hits(const char *rules, const char *message)
{
	static struct buf list = BUF_INIT(4096);
	struct ruleset *set = ruleset_new();
	struct score score = {0};
	struct judge *judge;
	struct mail mail;
	FILE *file = fopen(path, "w");
	size_t i;

	if (file == NULL)
		abort();
	fputs(rules, file);
	fclose(file);
	CHECK(ruleset_read(set, path) == 0);
	ruleset_finish(set);
	judge = judge_new(set, 0);
	judge_compile(judge, true);
	mail_init(&mail);
	judge_read(judge, &mail, span_of(message), MAIL_DECODED_MAX);
	judge_run(judge, &mail, -1, INT64_MAX, &score);
	buf_reset(&list);
	for (i = 0; i < score.count; i++)
		buf_addf(&list, "%s,", score.hits[i].name);
	mail_free(&mail);
	judge_free(judge);
	ruleset_free(set);
	return buf_str(&list);
}

#define MESSAGE                                      \
	"To: Alice <alice+x@b.example>\n"            \
	"Subject: a word of alice\n\n"               \
	"https://c.example/path#alice+x@b.example\n" \
	"Dear alice, dear bob\n"

static void
test_rules_use_what_others_have_matched(void)
{
	CHECK_SAME(hits("util_rb_tld example\n"
			"uri IN_URI m|^https?://.{3,20}\\#%{TO}|i\n"
			"header __TO To:addr =~ /(?<TO>.*)/\n",
		       MESSAGE),
	    "IN_URI,");
	CHECK_SAME(hits("header IN_SUBJECT Subject =~ /\\b%{NAME}$/i\n"
			"header NOT_IN Subject !~ /%{NAME}/\n"
			"body __NAME /dear (?<NAME>\\w+)/i\n",
		       MESSAGE),
	    "IN_SUBJECT,");
	CHECK_SAME(hits("body A /%{HEADER(To:addr:user)}/\n"
			"body B /%{HEADER(Cc:addr)}/\n",
		       MESSAGE),
	    "A,");
	/* all that one with "multiple" has matched */
	CHECK_SAME(hits("full BOB /dear %{NAME}$/\n"
			"body __NAME /dear (?<NAME>\\w+)/i\n"
			"tflags __NAME multiple\n",
		       MESSAGE),
	    "BOB,");
}

static void
test_a_rule_without_what_it_wants_does_not_run(void)
{
	CHECK_SAME(hits("body A /%{NOBODY}/\nbody B /%{NONE}|Dear/\n"
			"header C Subject !~ /%{NONE}/\n"
			"header __NONE Cc =~ /(?<NONE>.*)/\n"
			"body D /Dear/\n",
		       MESSAGE),
	    "D,");
}

static void
test_rules_that_wait_for_each_other_end(void)
{
	CHECK_SAME(hits("body A /%{B}(?<A>Dear)/\nbody B /%{A}(?<B>alice)/\n"
			"body C /%{C}(?<C>Dear)/\n",
		       MESSAGE),
	    "");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	close(fd);
	TEST(a_template_has_names_of_tags);
	TEST(what_was_matched_stands_for_itself);
	TEST(captures_have_an_end);
	TEST(rules_use_what_others_have_matched);
	TEST(a_rule_without_what_it_wants_does_not_run);
	TEST(rules_that_wait_for_each_other_end);
	unlink(path);
	arena_free(&arena);
	return test_end();
}
