/* partheaders: rules about headers of parts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/judge.h"
#include "test.h"

static char path[] = "/tmp/pimail-partheaders-XXXXXX";

#define MESSAGE                                         \
	"To: bob@b.example\n"                           \
	"X-One: a\n"                                    \
	"X-Two: a\n"                                    \
	"Content-Type: multipart/mixed; boundary=o\n\n" \
	"--o\n"                                         \
	"Content-Type: text/plain;\n\tcharset=x-a-a\n"  \
	"X-Part: a\n\n"                                 \
	"a\n"                                           \
	"--o\n"                                         \
	"Content-Type: text/html; charset=x-a\n\n"      \
	"a\n"                                           \
	"--o--\n"

/* How often a rule "mimeheader A" with these flags hits. */
static double
times(const char *rule, const char *flags)
{
	struct ruleset *set = ruleset_new();
	struct score score = {0};
	struct judge *judge;
	struct mail mail;
	FILE *file = fopen(path, "w");
	double hits;

	if (file == NULL)
		abort();
	fprintf(file, "mimeheader A %s\n", rule);
	if (flags[0] != '\0')
		fprintf(file, "tflags A %s\n", flags);
	fclose(file);
	CHECK(ruleset_read(set, path) == 0);
	ruleset_finish(set);
	CHECK(ruleset_note_count(set) == 0);
	judge = judge_new(set, 0);
	mail_init(&mail);
	judge_read(judge, &mail, span_of(MESSAGE), MAIL_DECODED_MAX);
	judge_run(judge, &mail, -1, INT64_MAX, &score);
	hits = judge_ask(judge, 0);
	mail_free(&mail);
	judge_free(judge);
	ruleset_free(set);
	return hits;
}

static void
test_a_field_is_looked_for_in_all_parts(void)
{
	CHECK(times("Content-Type =~ m{multipart/}", "") == 1);
	CHECK(times("content-type =~ /HTML/i", "") == 1);
	CHECK(times("Content-Type =~ /^plain/", "") == 0);
	CHECK(times("X-Part =~ /a/", "") == 1);
	CHECK(times("X-No =~ /^b$/ [if-unset: b]", "") == 1);
	CHECK(times("Content-Type =~ /plain; charset/", "") == 1);
	CHECK(times("Content-Type:raw =~ /plain;\\n\\tcharset/", "") == 1);
	CHECK(times("ALL =~ /^X-Part: a$/m", "") == 1);
	CHECK(times("ALL:raw =~ /plain; charset=x-a-a\\nX-Part: a\\n$/", "") ==
	      1);
	CHECK(times("X-No:raw =~ /^b$/ [if-unset: b]", "") == 0);
	CHECK(times("X-Part !~ /b/", "") == 1);
	CHECK(times("X-Part !~ /a/", "") == 0);
}

static void
test_matches_are_counted_in_the_first_part_that_has_any(void)
{
	CHECK(times("Content-Type =~ /-a/", "multiple") == 2);
	CHECK(times("Content-Type =~ /-a/", "multiple maxhits=1") == 1);
	CHECK(times("ALL =~ /^X-/m", "multiple") == 2);
}

static void
test_parts_of_a_range_are_looked_at(void)
{
	CHECK(times("Content-Type =~ /multipart/", "range=1") == 1);
	CHECK(times("Content-Type =~ /multipart/", "range=2-") == 0);
	CHECK(times("Content-Type =~ /html/", "range=2-3") == 1);
	CHECK(times("Content-Type =~ /html/", "range=-2") == 0);
	CHECK(times("Content-Type =~ /html/", "range=4") == 0);
}

static void
test_parts_may_be_one_text(void)
{
	CHECK(times("Content-Type =~ /-a/", "multiple concat") == 3);
	CHECK(times("Content-Type =~ /^text.plain.*\\ntext.html.*\\n$/",
		  "concat range=2-3") == 1);
	CHECK(
	    times("ALL =~ /\\nX-Two: a\\n.*\\nX-Part: a\\n/s", "concat") == 1);
	CHECK(times("X-No !~ /a/", "concat") == 1);
	CHECK(times("X-Part !~ /a/", "concat") == 0);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	close(fd);
	TEST(a_field_is_looked_for_in_all_parts);
	TEST(matches_are_counted_in_the_first_part_that_has_any);
	TEST(parts_of_a_range_are_looked_at);
	TEST(parts_may_be_one_text);
	unlink(path);
	return test_end();
}
