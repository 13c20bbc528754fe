/* partview: what GMime is shown of a message. */
#include <string.h>

#include "base/buf.h"
#include "scan/partview.h"
#include "test.h"

/* The view of a mail is this; '\n' stands for itself. */
static bool
view_is(const char *mail, const char *want)
{
	size_t len = strlen(mail) + PARTVIEW_SHIFT;
	char *view = partview_make(span_of(mail));
	bool same;

	if (view == NULL)
		return false;
	same = span_eq((struct span){view, len}, span_of(want));
	if (!same)
		printf("# '%.*s'\n", (int)len, view);
	free(view);
	return same;
}

static void
test_three_fields_and_no_others_are_shown(void)
{
	CHECK(view_is("", "x:\n"));
	CHECK(view_is("To: a\nFrom: b\n\ntext\nmore\n",
	    "x:xxxxxxxxxxxxxx\n\nx:xxxxxxx\n"));
	CHECK(view_is("To: a\nContent-TYPE: t/p;\n\tname=b\nX-A: c\n",
	    "x:xxxxxx\nContent-TYPE: t/p;\n\tname=b\nx:xxxx\n"));
	CHECK(view_is("content-disposition: a\nContent-ID: b\n"
		      "Content-Transfer-Encoding : c\n",
	    "x:\ncontent-disposition: a\nx:xxxxxxxxxxx\n"
	    "Content-Transfer-Encoding : c\n"));
	CHECK(view_is("To: a\r\nCc: b\r\n\r\nx\r\n\r\n",
	    "x:xxxxxxxxxxxxx\r\n\r\nx\r\n\r\n"));
}

static void
test_lines_that_may_be_boundaries_are_shown(void)
{
	CHECK(view_is("a\n--b c\na\n--\nFrom d\n>From e\n-a\n",
	    "x:xx\n--b c\nx\n--\nFrom d\n>From e\nx:\n"));
}

static void
test_what_GMime_stumbles_over_is_mended(void)
{
	CHECK(view_is("no field\nTo: a\n", "x:xxxxxxxxxxxxxxx\n"));
	CHECK(view_is(" folded\nTo: a\n", "x:xxxxxxxxxxxxxx\n"));
	CHECK(
	    view_is("Content-Type (a): b/c\n", "x:\nContent-Type    : b/c\n"));
}

/* Whether a mail with so many of that line has a view. */
static bool
has_view(size_t times, const char *line)
{
	struct buf mail = BUF_INIT(10 << 20);
	char *view;

	while (times-- > 0)
		buf_adds(&mail, line);
	view = partview_make(buf_span(&mail));
	buf_free(&mail);
	free(view);
	return view != NULL;
}

static bool
has_view_of_field(size_t times, const char *more)
{
	struct buf mail = BUF_INIT(1 << 20);
	char *view;

	buf_adds(&mail, "Content-Type:\n");
	while (times-- > 0)
		buf_adds(&mail, more);
	buf_adds(&mail, "\n\nbody\n");
	view = partview_make(buf_span(&mail));
	buf_free(&mail);
	free(view);
	return view != NULL;
}

static void
test_the_limits_hold(void)
{
	CHECK(has_view(PARTVIEW_DASHES_MAX, "--\n"));
	CHECK(!has_view(PARTVIEW_DASHES_MAX + 1, "--\n"));
	CHECK(has_view(PARTVIEW_FIELDS_MAX, "Content-Type: a/b\n"));
	CHECK(!has_view(PARTVIEW_FIELDS_MAX + 1, "Content-Type: a/b\n"));
	CHECK(has_view_of_field(PARTVIEW_FIELD_MAX / 8 - 2, " 1234567\n"));
	CHECK(!has_view_of_field(PARTVIEW_FIELD_MAX / 8 - 1, " 1234567\n"));
	CHECK(has_view_of_field(PARTVIEW_WORDS_MAX, " =?x\n"));
	CHECK(!has_view_of_field(PARTVIEW_WORDS_MAX + 1, " =?x\n"));
	/* each field is counted by itself, and text is not */
	CHECK(has_view(1000, "Content-Type: =?\n =?\n"));
	CHECK(has_view(100000, "=?=?=?=?=?=?=?=?=?=?\n"));
}

static void
test_names_of_fields_are_read(void)
{
	CHECK(span_eq(partview_field(span_of("To: a")), span_of("To")));
	CHECK(span_eq(partview_field(span_of("To \t:a")), span_of("To")));
	CHECK(span_eq(partview_field(span_of("To (b) : a")), span_of("To")));
	CHECK(partview_field(span_of("To a: b")).len == 0);
	CHECK(partview_field(span_of(" To: b")).len == 0);
	CHECK(partview_field(span_of("To")).len == 0);
	CHECK(partview_field(span_of("To (")).len == 0);
	CHECK(partview_field(span_of("T\xc3\xb6: b")).len == 0);
	CHECK(partview_field(span_of("")).len == 0);
}

static void
test_lines_end_in_LF_CR_or_both(void)
{
	struct span text = span_of("a\nb\r\nc\r\rd");

	CHECK(span_eq(partview_line(&text), span_of("a")));
	CHECK(span_eq(partview_line(&text), span_of("b")));
	CHECK(span_eq(partview_line(&text), span_of("c")));
	CHECK(span_eq(partview_line(&text), span_of("")));
	CHECK(span_eq(partview_line(&text), span_of("d")));
	CHECK(text.len == 0);
}

int
main(void)
{
	TEST(three_fields_and_no_others_are_shown);
	TEST(lines_that_may_be_boundaries_are_shown);
	TEST(what_GMime_stumbles_over_is_mended);
	TEST(the_limits_hold);
	TEST(names_of_fields_are_read);
	TEST(lines_end_in_LF_CR_or_both);
	return test_end();
}
