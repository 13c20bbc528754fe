/* render: what a reader of a message sees, in lines. */
#include <string.h>

#include "base/buf.h"
#include "html/html.h"
#include "test.h"
#include "text/render.h"

static struct mail mail;

static void
take(const char *text, size_t max)
{
	mail_reset(&mail);
	mail_read(&mail, span_of(text));
	render(&mail, max);
}

/* Whether these are the lines, "|" between them. */
static bool
are(const struct text *text, const char *want)
{
	struct buf all = BUF_INIT(1 << 20);
	size_t i;
	bool same;

	for (i = 0; i < text->count; i++) {
		if (i > 0)
			buf_adds(&all, "|");
		buf_addspan(&all, text->lines[i]);
	}
	same = span_is(buf_span(&all), want);
	if (!same)
		printf("# '%s'\n", buf_str(&all));
	buf_free(&all);
	return same;
}

static void
test_paragraphs_are_lines(void)
{
	take("Subject: a  b\n\none\ntwo \t three\n\n \nfour\n", 0);
	CHECK(are(&mail.body, "a  b\n|one two three\n|four "));
	CHECK(are(&mail.visible, "a  b\n|one two three\n|four "));
	CHECK(are(&mail.invisible, ""));
	CHECK(are(&mail.rawbody, "one\ntwo \t three\n\n \nfour\n"));
	take("A: b\n\n one \n\n two\n", 0);
	CHECK(are(&mail.body, "\n| one \n| two "));
	take("A: b\n\n", 0);
	CHECK(are(&mail.body, "\n") && are(&mail.rawbody, ""));
}

static void
test_white_space_of_unicode_is_a_blank(void)
{
	take("A: b\nContent-Type: text/plain; charset=utf-8\n\n"
	     "a\xc2\xa0\xe2\x80\x83"
	     "b\xe3\x80\x80\xe2\x80\x8b"
	     "c\n",
	    0);
	CHECK(are(&mail.body, "\n|a b \xe2\x80\x8b"
			      "c "));
}

static void
test_a_nul_ends_a_line(void)
{
	static const char text[] = "A: b\n\none\0two\n";

	mail_reset(&mail);
	mail_read(&mail, (struct span){text, sizeof(text) - 1});
	render(&mail, 0);
	CHECK(are(&mail.body, "\n|one\n|two "));
}

#define MULTI "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"

static void
test_parts_are_joined(void)
{
	take(MULTI "--b\nA: b\n\none\n--b\nContent-Type: image/png\n\nx\n"
		   "--b\nContent-Type: text/plain\n\ntwo\n--b--\n",
	    0);
	CHECK(are(&mail.body, "s\n|one\n|two"));
	CHECK(are(&mail.rawbody, "one|two"));
	CHECK(mail.leaves[0]->is_rendered && !mail.leaves[1]->is_rendered);
	CHECK(span_is(mail.leaves[2]->rendered, "two") && mail.html == NULL);
	/* a line goes on in the next part */
	take(MULTI "--b\nA: b\n\none\n--b\nA: b\n\ntwo\n--b--\n", 0);
	CHECK(are(&mail.body, "s\n|one two"));
}

static void
test_html_is_told_apart(void)
{
	take("Subject: s\nContent-Type: text/html; charset=utf-8\n\n"
	     "<html><body>seen <font size=1 style=\"display:none\">hid"
	     "</font>\xc3\xa9</body></html>\n",
	    0);
	CHECK(mail.html != NULL && mail.html == mail.leaves[0]->html);
	CHECK(mail.body.count == 2 && mail.visible.count == 2);
	CHECK(span_find(mail.body.lines[1], span_of("hid")) != NULL);
	CHECK(span_find(mail.visible.lines[1], span_of("hid")) == NULL);
	CHECK(mail.invisible.count == 1);
	CHECK(span_find(mail.invisible.lines[0], span_of("hid")) != NULL);
	/* by the name of the file */
	take("Content-Type: application/x; name=\"x.SHTML\"\n\n<b>b</b>\n", 0);
	CHECK(mail.html != NULL && are(&mail.body, "\n|b "));
}

static void
test_references_in_ascii_are_single_octets(void)
{
	take("Content-Type: text/html\n\n<p>\n&eacute;&#160;&#160;x</p>\n", 0);
	CHECK(mail.body.count > 0 &&
	      span_find(mail.body.lines[mail.body.count - 1],
		  span_of("\xe9\xa0\xa0x")) != NULL);
	take("Content-Type: text/html\n\n<p>\n&eacute;&#160;&euro;</p>\n", 0);
	CHECK(span_find(mail.body.lines[mail.body.count - 1],
		  span_of("\xc3\xa9 \xe2\x82\xac")) != NULL);
}

static void
test_long_lines_are_cut_at_blanks(void)
{
	static char text[10000] = "A: b\n\n";
	size_t i;

	for (i = 0; i < 700; i++)
		strcat(text, "abc ");
	take(text, 0);
	CHECK(mail.body.count == 3);
	CHECK(mail.body.lines[1].len == MAIL_LINE_MAX);
	CHECK(mail.body.lines[2].len == 700 * 4 - MAIL_LINE_MAX);
	memset(text + 6, 'x', 2 * MAIL_LINE_MAX + 1);
	text[6 + 2 * MAIL_LINE_MAX + 1] = '\0';
	take(text, 0);
	CHECK(mail.body.count == 4 && mail.body.lines[3].len == 1);
	/* the raw body in larger pieces */
	CHECK(mail.rawbody.count == 2);
	CHECK(mail.rawbody.lines[0].len == MAIL_LINE_MAX + 1);
	text[6 + MAIL_LINE_MAX + 100] = ' ';
	text[6 + MAIL_LINE_MAX + 200] = '>';
	take(text, 0);
	CHECK(mail.rawbody.lines[0].len == MAIL_LINE_MAX + 201);
	text[6 + MAIL_LINE_MAX + 300] = '\n';
	take(text, 0);
	CHECK(mail.rawbody.lines[0].len == MAIL_LINE_MAX + 301);
}

static void
test_texts_have_a_limit_in_characters(void)
{
	const char *text = "A: b\n\n\xc3\xa9\xc3\xa9\xc3\xa9 x\ny z\n";

	take(text, 3);
	CHECK(are(&mail.body, "\n|\xc3\xa9\xc3\xa9\xc3\xa9 x "));
	take(text, 100);
	CHECK(are(&mail.body, "\n|\xc3\xa9\xc3\xa9\xc3\xa9 x y z "));
	take("A: b\n\nabc defghi", 2);
	CHECK(are(&mail.body, "\n|abc "));
	take("A: b\n\nabcdefghi", 2);
	CHECK(are(&mail.body, "\n|ab"));
	CHECK(are(&mail.rawbody, "abcdefghi"));
}

int
main(void)
{
	mail_init(&mail);
	TEST(paragraphs_are_lines);
	TEST(white_space_of_unicode_is_a_blank);
	TEST(a_nul_ends_a_line);
	TEST(parts_are_joined);
	TEST(html_is_told_apart);
	TEST(references_in_ascii_are_single_octets);
	TEST(long_lines_are_cut_at_blanks);
	TEST(texts_have_a_limit_in_characters);
	mail_free(&mail);
	return test_end();
}
