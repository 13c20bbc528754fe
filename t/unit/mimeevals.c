/* mime: what rules ask about the parts of a message. */
#include <stdio.h>

#include "asked.h"
#include "eval/families.h"
#include "test.h"

#define LONG "0123456789012345678901234567890123456789"

#define ALTERNATIVE                                         \
	"Content-Type: multipart/alternative; boundary=b\n" \
	"MIME-Version: 1.0\n"                               \
	"\n"                                                \
	"--b\n"

static void
read_text(const char *text)
{
	asked_read(span_of(text));
}

static void
test_parts_are_counted_by_what_they_are(void)
{
	asked_begin(&eval_mime, NULL);
	read_text(ALTERNATIVE "Content-Type: text/plain\n"
			      "\n"
			      "four\n"
			      "--b\n"
			      "Content-Type: text/html\n"
			      "Content-Transfer-Encoding: base64\n"
			      "\n"
			      "PGI+NDwvYj4K\n"
			      "--b--\n");
	CHECK(ask("check_for_mime", "mime_multipart_alternative", NULL));
	CHECK(ask("check_for_mime", "mime_body_html_count", NULL));
	CHECK(ask("check_for_mime", "mime_body_text_count", NULL));
	CHECK(ask("check_for_mime", "mime_base64_count", NULL));
	CHECK(ask("check_for_mime", "mime_base64_encoded_text", NULL));
	CHECK(!ask("check_for_mime", "mime_qp_count", NULL));
	CHECK(!ask("check_for_mime", "mime_missing_boundary", NULL));
	CHECK(!ask("check_for_mime", "mimepart_limit_exceeded", NULL));
	CHECK(ask("check_for_mime_html", NULL));
	CHECK(!ask("check_for_mime_html_only", NULL));
	/* 4 octets of text to 12 of HTML: the LF belongs to the boundary */
	CHECK(ask("check_mime_multipart_ratio", "0.33", "0.34", NULL));
	CHECK(!ask("check_mime_multipart_ratio", "0.34", "1", NULL));
	asked_end();
}

static void
test_html_alone_is_html_only(void)
{
	asked_begin(&eval_mime, NULL);
	read_text("Content-Type: text/html\n\n<p>all\n");
	CHECK(ask("check_for_mime_html_only", NULL));
	read_text("Content-Type: text/plain\n\nall\n");
	CHECK(!ask("check_for_mime_html", NULL));
	CHECK(!ask("check_for_mime_html_only", NULL));
	asked_end();
}

static void
test_what_need_not_be_encoded_is_counted(void)
{
	asked_begin(&eval_mime, NULL);
	read_text("Content-Transfer-Encoding: quoted-printable\n\n"
		  "=41=42=E9=3D=20\n"
		  "end=20=09 \n");
	/* =41 and =42 of 27 octets: white space at an end must be encoded */
	CHECK(ask("check_qp_ratio", "0.074", NULL));
	CHECK(!ask("check_qp_ratio", "0.075", NULL));
	CHECK(!ask("check_for_mime", "mime_qp_long_line", NULL));
	read_text(
	    "Content-Transfer-Encoding: quoted-printable\n\n" LONG LONG "\n");
	CHECK(ask("check_for_mime", "mime_qp_long_line", NULL));
	asked_end();
}

static void
test_plain_text_of_ascii_has_no_other_octets(void)
{
	static const char nul[] = "Subject: x\n\na\0b\n";

	asked_begin(&eval_mime, NULL);
	read_text("Subject: x\n\nplain\n");
	CHECK(!ask("check_for_ascii_text_illegal", NULL));
	read_text("Subject: x\n\ncaf\351\n");
	CHECK(ask("check_for_ascii_text_illegal", NULL));
	asked_read((struct span){nul, sizeof(nul) - 1});
	CHECK(ask("check_for_ascii_text_illegal", NULL));
	read_text("Content-Type: text/plain; charset=utf-8\n\ncaf\303\251\n");
	CHECK(!ask("check_for_ascii_text_illegal", NULL));
	asked_end();
}

static void
test_entities_in_plain_text_are_a_ratio(void)
{
	asked_begin(&eval_mime, NULL);
	/* one to 12 other octets; small letters are none */
	read_text("Subject: x\n\n&#x20AC;&#x20ac;678\n");
	CHECK(ask("check_abundant_unicode_ratio", "0.083", NULL));
	CHECK(!ask("check_abundant_unicode_ratio", "0.084", NULL));
	CHECK(!ask("check_abundant_unicode_ratio", "0", NULL));
	asked_end();
}

static void
test_names_of_character_sets_are_looked_at(void)
{
	asked_begin(&eval_mime, "ok_locales en ja\n");
	read_text("Content-Type: text/plain; charset=iso-8859-15\n\nx\n");
	CHECK(!ask("check_for_mime", "mime_bad_iso_charset", NULL));
	CHECK(!ask("check_for_mime", "mime_faraway_charset", NULL));
	read_text("Content-Type: text/plain; charset=\"iso-1234-567\"\n\nx\n");
	CHECK(ask("check_for_mime", "mime_bad_iso_charset", NULL));
	read_text("Content-Type: text/plain; charset=Shift_JIS\n\nx\n");
	CHECK(!ask("check_for_mime", "mime_faraway_charset", NULL));
	read_text("Content-Type: text/plain; charset=koi8-r\n\n\301\301\301\n");
	CHECK(ask("check_for_mime", "mime_faraway_charset", NULL));
	CHECK(ask("check_for_faraway_charset", NULL));
	read_text("Content-Type: text/plain; charset=koi8-r\n\nonly ascii\n");
	CHECK(!ask("check_for_faraway_charset", NULL));
	asked_end();
	asked_begin(&eval_mime, NULL);
	read_text("Content-Type: text/plain; charset=koi8-r\n\n\301\301\301\n");
	CHECK(!ask("check_for_mime", "mime_faraway_charset", NULL));
	CHECK(!ask("check_for_faraway_charset", NULL));
	asked_end();
}

static void
test_shouting_is_measured_in_long_texts(void)
{
	static char text[4096];
	int i, n;

	asked_begin(&eval_mime, NULL);
	n = snprintf(text, sizeof(text), "Subject: low er\n\n");
	for (i = 0; i < 20; i++)
		n += snprintf(
		    text + n, sizeof(text) - (size_t)n, "ABC def 12 !\n");
	read_text(text);
	/* 60 capitals of 160 letters and digits, and 5 of the subject */
	CHECK(ask("check_for_uppercase", "36", "37", NULL));
	CHECK(!ask("check_for_uppercase", "37", "100", NULL));
	read_text("Subject: x\n\nSHORT TEXT\n");
	CHECK(!ask("check_for_uppercase", "0", "100", NULL));
	asked_end();
}

static void
test_characters_that_look_like_capitals_do_not_shout(void)
{
	static char text[4096];
	int i, n;

	asked_begin(&eval_mime, NULL);
	n = snprintf(
	    text, sizeof(text), "Content-Type: text/plain; charset=big5\n\n");
	for (i = 0; i < 20; i++)
		n += snprintf(
		    text + n, sizeof(text) - (size_t)n, "ABC DEF GHI JKL\n");
	read_text(text);
	CHECK(!ask("check_for_uppercase", "0", "100", NULL));
	asked_end();
}

static void
test_an_alternative_to_text_is_text(void)
{
	asked_begin(&eval_mime, NULL);
	read_text(ALTERNATIVE "\nx\n--b\nContent-Type: text/html\n\nx\n--b\n"
			      "Content-Type: application/rtf\n\nx\n--b--\n");
	CHECK(!ask("check_ma_non_text", NULL));
	read_text(
	    ALTERNATIVE "\nx\n--b\nContent-Type: image/png\n\nx\n--b--\n");
	CHECK(ask("check_ma_non_text", NULL));
	asked_end();
}

static void
test_the_longest_line_of_base64_counts(void)
{
	asked_begin(&eval_mime, NULL);
	read_text(
	    "Content-Transfer-Encoding: base64\n\nQUJD\n" LONG LONG "\nQUJD\n");
	CHECK(ask("check_base64_length", "81", "81", NULL));
	CHECK(ask("check_base64_length", "79", NULL));
	CHECK(!ask("check_base64_length", "82", NULL));
	CHECK(!ask("check_base64_length", "78", "79", NULL));
	read_text("Content-Transfer-Encoding: base64\n"
		  "Content-Type: application/ics\n\n" LONG "\n");
	CHECK(!ask("check_base64_length", "1", NULL));
	asked_end();
}

static void
test_what_is_wrong_with_a_message_has_a_name(void)
{
	asked_begin(&eval_mime, NULL);
	read_text("Subject: x\n\nx\n");
	CHECK(
	    !ask("check_msg_parse_flags", "missing_head_body_separator", NULL));
	CHECK(!ask("check_msg_parse_flags", "no_such_flag", NULL));
	read_text("Subject: x\n");
	CHECK(
	    ask("check_msg_parse_flags", "missing_head_body_separator", NULL));
	read_text(ALTERNATIVE "Content-Type: text/plain\nx\n--b--\nmore\n");
	CHECK(ask(
	    "check_msg_parse_flags", "missing_mime_head_body_separator", NULL));
	CHECK(ask("check_msg_parse_flags", "mime_epilogue_exists", NULL));
	read_text(ALTERNATIVE "\nx\n--b\n\nno end\n");
	CHECK(ask("check_for_mime", "mime_missing_boundary", NULL));
	asked_end();
}

int
main(void)
{
	TEST(parts_are_counted_by_what_they_are);
	TEST(html_alone_is_html_only);
	TEST(what_need_not_be_encoded_is_counted);
	TEST(plain_text_of_ascii_has_no_other_octets);
	TEST(entities_in_plain_text_are_a_ratio);
	TEST(names_of_character_sets_are_looked_at);
	TEST(shouting_is_measured_in_long_texts);
	TEST(characters_that_look_like_capitals_do_not_shout);
	TEST(an_alternative_to_text_is_text);
	TEST(the_longest_line_of_base64_counts);
	TEST(what_is_wrong_with_a_message_has_a_name);
	return test_end();
}
