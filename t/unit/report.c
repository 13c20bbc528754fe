/* report: what is put in comes out again, and nothing else. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "scan/report.h"
#include "test.h"

static bool
text_is(const struct report *report, const char *want)
{
	struct buf text = BUF_INIT(REPORT_SIZE_MAX);
	bool same;

	report_write(report, &text);
	same = strcmp(buf_str(&text), want) == 0;
	if (!same)
		printf("# is: %s\n", buf_str(&text));
	buf_free(&text);
	return same;
}

static bool
reads(struct report *report, const char *text)
{
	int rc;

	errno = 0;
	rc = report_read(report, span_of(text));
	return rc == 0 || errno != EBADMSG;
}

static void
test_the_worst_result_stays_and_of_two_the_first(void)
{
	struct report report;

	report_init(&report);
	report_result(&report, REPORT_CLEAN, "x");
	CHECK(report.result == REPORT_CLEAN && report.name[0] == '\0');
	report_result(&report, REPORT_LIMIT, "Heuristics.Limits.Exceeded.A");
	report_result(&report, REPORT_LIMIT, "Heuristics.Limits.Exceeded.B");
	CHECK(text_is(&report, "result: limit Heuristics.Limits.Exceeded.A\n"));
	report_result(&report, REPORT_ERROR, "broken");
	CHECK(text_is(&report, "result: error broken\n"));
	report_result(&report, REPORT_INFECTED, "Eicar");
	report_result(&report, REPORT_ERROR, "later");
	report_result(&report, REPORT_INFECTED, "Other");
	CHECK(text_is(&report, "result: infected Eicar\n"));
	report_reset(&report);
	CHECK(text_is(&report, "result: clean\n"));
	report_free(&report);
}

static void
test_a_virus_without_a_name_has_one(void)
{
	struct report report;

	report_init(&report);
	report_result(&report, REPORT_INFECTED, NULL);
	CHECK(text_is(&report, "result: infected unknown\n"));
	report_reset(&report);
	report_result(&report, REPORT_ERROR, "");
	CHECK(text_is(&report, "result: error unknown\n"));
	report_free(&report);
}

static void
test_names_are_printable_and_end_somewhere(void)
{
	char longer[3 * REPORT_NAME_MAX];
	struct report report;
	struct span name;
	enum report_kind kind;
	size_t at = 0;

	report_init(&report);
	report_result(
	    &report, REPORT_INFECTED, "a\nresult: clean\t\x1b[1m\xff");
	CHECK(text_is(&report, "result: infected a?result: clean??[1m?\n"));
	report_reset(&report);
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	report_result(&report, REPORT_INFECTED, longer);
	CHECK(strlen(report.name) == REPORT_NAME_MAX);
	memcpy(longer + sizeof(longer) - 5, ".exe", 4);
	report_object(
	    &report, REPORT_OTHER, (struct span){longer, sizeof(longer) - 1});
	CHECK(report_next(&report, &at, &kind, &name));
	CHECK(name.len <= REPORT_FILE_MAX && name.len > REPORT_FILE_MAX - 3);
	CHECK(memcmp(name.p + name.len - 5, "a.exe", 5) == 0);
	CHECK(memmem(name.p, name.len, "a...a", 5) != NULL);
	CHECK(!report_next(&report, &at, &kind, &name));
	report_free(&report);
}

static void
test_objects_are_walked_in_order_and_doubles_noted_once(void)
{
	struct report report;
	enum report_kind kind;
	struct span name;
	size_t at = 0;

	report_init(&report);
	CHECK(!report_next(&report, &at, &kind, &name));
	report_object(&report, REPORT_OTHER, span_of(""));
	CHECK(report.object_count == 0);
	report_object(&report, REPORT_OTHER, span_of("a.txt"));
	report_object(&report, REPORT_OTHER, span_of("a.txt"));
	report_object(&report, REPORT_MACRO, span_of("a.txt"));
	report_object(&report, REPORT_EXECUTABLE, span_of(""));
	report_object(&report, REPORT_EXECUTABLE, (struct span){NULL, 0});
	report_object(&report, REPORT_OTHER, span_of("a.txt"));
	report_object(&report, REPORT_SCRIPT, span_of("b\tc\nother\td"));
	CHECK(report.object_count == 5);
	CHECK(report_next(&report, &at, &kind, &name));
	CHECK(kind == REPORT_OTHER && span_eq(name, span_of("a.txt")));
	CHECK(report_next(&report, &at, &kind, &name));
	CHECK(kind == REPORT_MACRO && span_eq(name, span_of("a.txt")));
	CHECK(report_next(&report, &at, &kind, &name));
	CHECK(kind == REPORT_EXECUTABLE && name.len == 0);
	CHECK(report_next(&report, &at, &kind, &name));
	CHECK(report_next(&report, &at, &kind, &name));
	CHECK(kind == REPORT_SCRIPT && span_eq(name, span_of("b?c?other?d")));
	CHECK(!report_next(&report, &at, &kind, &name));
	report_free(&report);
}

static void
test_more_objects_than_fit_are_a_limit_and_the_text_fits(void)
{
	struct buf text = BUF_INIT(REPORT_SIZE_MAX);
	char name[REPORT_FILE_MAX + 1];
	struct report report, copy;
	int i;

	report_init(&report);
	report_init(&copy);
	memset(report.engine, 'e', REPORT_NAME_MAX);
	memset(name, 'x', REPORT_FILE_MAX);
	for (i = 0; i < REPORT_OBJECTS_MAX; i++) {
		snprintf(name, 4, "%03d", i);
		name[3] = 'x';
		report_object(&report, REPORT_EXECUTABLE,
		    (struct span){name, REPORT_FILE_MAX});
	}
	CHECK(report.result == REPORT_CLEAN);
	report_object(&report, REPORT_OTHER, span_of("one more"));
	CHECK(report.result == REPORT_LIMIT);
	CHECK(report.object_count == REPORT_OBJECTS_MAX);
	memset(report.name, 'n', REPORT_NAME_MAX);
	report_write(&report, &text);
	CHECK(!text.full);
	CHECK(report_read(&copy, buf_span(&text)) == 0);
	CHECK(copy.object_count == REPORT_OBJECTS_MAX);
	CHECK(text_is(&copy, buf_str(&text)));
	buf_free(&text);
	report_free(&report);
	report_free(&copy);
}

static void
test_a_text_that_is_read_is_written_the_same(void)
{
	static const char text[] =
	    "result: infected Win.Test.EICAR_HDB-1\n"
	    "engine: ClamAV 1.4.6/27000/Fri Nov 20 2026\n"
	    "profile: mail\n"
	    "object: executable \n"
	    "object: other a.txt\n"
	    "object: encrypted b  c.zip\n";
	struct report report;

	report_init(&report);
	CHECK(report_read(&report, span_of(text)) == 0);
	CHECK(report.mail_profile);
	CHECK(text_is(&report, text));
	/* nothing of it is left in the next */
	CHECK(report_read(&report, span_of("result: clean\n")) == 0);
	CHECK(text_is(&report, "result: clean\n"));
	report_free(&report);
}

static void
test_unknown_lines_and_kinds_are_no_error(void)
{
	struct report report;

	report_init(&report);
	CHECK(report_read(&report,
		  span_of("new: thing\nresult: clean\n\nobject: hologram a\n"
			  "profile: full\n")) == 0);
	CHECK(text_is(&report, "result: clean\nobject: other a\n"));
	report_free(&report);
}

static void
test_what_is_no_report_is_none(void)
{
	struct buf text = BUF_INIT(10 * REPORT_SIZE_MAX);
	struct report report;
	size_t i;

	report_init(&report);
	CHECK(!reads(&report, ""));
	CHECK(!reads(&report, "\n"));
	CHECK(!reads(&report, "result: clean"));
	CHECK(!reads(&report, "result:\n"));
	CHECK(!reads(&report, "result: \n"));
	CHECK(!reads(&report, "result: fine\n"));
	CHECK(!reads(&report, "result: cleanx\n"));
	CHECK(!reads(&report, "result: clean:\n"));
	CHECK(!reads(&report, "result: clean\nresult: clean\n"));
	CHECK(!reads(&report, "result: infected A\nresult: clean\n"));
	CHECK(!reads(&report, "result: clean\nobject: \n"));
	CHECK(!reads(&report, "result: clean\nobject: macro/a\n"));
	CHECK(!reads(&report, "result: clean\nengine: x"));
	CHECK(!reads(&report, "engine: x\n"));
	CHECK(!reads(&report, "UNKNOWN COMMAND"));
	buf_adds(&text, "result: clean\n");
	for (i = 0; i <= REPORT_OBJECTS_MAX; i++)
		buf_addf(&text, "object: other %zu\n", i);
	CHECK(!reads(&report, buf_str(&text)));
	buf_reset(&text);
	buf_adds(&text, "result: clean\n");
	while (text.len <= REPORT_SIZE_MAX)
		buf_adds(&text, "a: b\n");
	CHECK(!reads(&report, buf_str(&text)));
	buf_free(&text);
	report_free(&report);
}

int
main(void)
{
	TEST(the_worst_result_stays_and_of_two_the_first);
	TEST(a_virus_without_a_name_has_one);
	TEST(names_are_printable_and_end_somewhere);
	TEST(objects_are_walked_in_order_and_doubles_noted_once);
	TEST(more_objects_than_fit_are_a_limit_and_the_text_fits);
	TEST(a_text_that_is_read_is_written_the_same);
	TEST(unknown_lines_and_kinds_are_no_error);
	TEST(what_is_no_report_is_none);
	return test_end();
}
