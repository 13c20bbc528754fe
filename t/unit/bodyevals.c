/* body: what rules ask about the text of a message as a whole. */
#include <stdio.h>

#include "asked.h"
#include "eval/families.h"
#include "test.h"

#define HEAD "Content-Type: multipart/alternative; boundary=b\n\n--b\n"
#define HTML "\n--b\nContent-Type: text/html\n\n"

static void
read_text(const char *text)
{
	asked_read(span_of(text));
}

static void
test_words_of_html_that_the_text_has_not_are_a_difference(void)
{
	asked_begin(&eval_body, NULL);
	read_text(HEAD "\none two -- three" HTML
		       "<p>one <b>two</b> four * five</p>\n--b--\n");
	/* "four" and "five" of four words; what has no letter is no word */
	CHECK(ask("multipart_alternative_difference", "49", "50", NULL));
	CHECK(ask("multipart_alternative_difference", "49", "undef", NULL));
	CHECK(!ask("multipart_alternative_difference", "50", "100", NULL));
	read_text(HEAD "\none one two" HTML "<p>two one\n--b--\n");
	CHECK(!ask("multipart_alternative_difference", "0.1", "100", NULL));
	read_text(HEAD "\none two" HTML "<p>one one two\n--b--\n");
	CHECK(ask("multipart_alternative_difference", "49", "51", NULL));
	asked_end();
}

static void
test_a_picture_instead_of_words_is_a_difference(void)
{
	asked_begin(&eval_body, NULL);
	read_text(HEAD "\nmany words" HTML "<img src=x.png>\n--b--\n");
	CHECK(ask("multipart_alternative_difference", "99", "100", NULL));
	asked_end();
}

static void
test_an_invitation_to_a_meeting_is_no_difference(void)
{
	asked_begin(&eval_body, NULL);
	read_text("Content-Type: multipart/alternative; boundary=b\n\n--b\n"
		  "Content-Type: text/html\n\nhello\n--b\n"
		  "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n--b--\n");
	CHECK(!ask("multipart_alternative_difference", "0.1", "100", NULL));
	asked_end();
}

static void
test_more_words_of_text_than_of_html_are_a_ratio(void)
{
	asked_begin(&eval_body, NULL);
	read_text(HEAD "\na b c d e f g" HTML "<p>a b\n--b--\n");
	CHECK(ask("multipart_alternative_difference_count", "3", "1", NULL));
	CHECK(!ask("multipart_alternative_difference_count", "3.5", "1", NULL));
	CHECK(!ask("multipart_alternative_difference_count", "3", "2", NULL));
	asked_end();
}

static void
test_blanks_of_unicode_part_words(void)
{
	asked_begin(&eval_body, NULL);
	read_text("Content-Type: multipart/alternative; boundary=b\n\n--b\n"
		  "Content-Type: text/plain; charset=utf-8\n\n"
		  "\303\251t\303\251\302\240grand \342\202\254"
		  "\n--b\nContent-Type: text/html; charset=utf-8\n\n"
		  "<p>\303\251t\303\251 grand \342\200\224\n--b--\n");
	CHECK(!ask("multipart_alternative_difference", "0.1", "100", NULL));
	asked_end();
}

static void
test_blank_lines_are_a_ratio(void)
{
	asked_begin(&eval_body, NULL);
	read_text("Subject: x\n\none\n\n \t\ntwo\nthree\n");
	CHECK(ask("check_blank_line_ratio", "39", "40", "5", NULL));
	CHECK(!ask("check_blank_line_ratio", "39", "40", "6", NULL));
	CHECK(!ask("check_blank_line_ratio", "40", "100", "1", NULL));
	/* too few lines are less than any ratio */
	CHECK(ask("check_blank_line_ratio", "0", "10", "6", NULL));
	asked_end();
}

static void
test_spaces_are_counted_in_the_line_that_has_most(void)
{
	asked_begin(&eval_body, NULL);
	read_text("Subject: nospacehere\n\nabcdefghi k\n");
	/* two to 10: the last end of a line is one */
	CHECK(ask("tvd_vertical_words", "20", "21", NULL));
	CHECK(!ask("tvd_vertical_words", "21", "100", NULL));
	read_text("Subject: v e r t i c a l\n\nx\n");
	CHECK(ask("tvd_vertical_words", "77", "100", NULL));
	asked_end();
}

static void
test_labels_of_shares_are_counted_once(void)
{
	asked_begin(&eval_body, NULL);
	read_text("Subject: x\n\n"
		  "Company Name: Ours\n"
		  "  S.y.m.b.o.l : OURS\n"
		  "Current Price:\n\n 0.12\n"
		  "Current price: 0.13\n"
		  "5 day price target: 9\n"
		  "see http://b.example/\n");
	CHECK(ask("check_stock_info", "4", NULL));
	CHECK(!ask("check_stock_info", "5", NULL));
	read_text("Subject: x\n\nOne of the many companies: ours\n"
		  "Company that is no label for it is too long:x\nsector:\n");
	CHECK(!ask("check_stock_info", "1", NULL));
	asked_end();
}

static void
test_the_body_has_its_length_as_it_came(void)
{
	asked_begin(&eval_body, NULL);
	read_text("Subject: x\r\n\r\n1234\r\n");
	CHECK(ask("check_body_length", "6", NULL));
	CHECK(!ask("check_body_length", "5", NULL));
	asked_end();
}

static void
test_a_signature_begins_at_its_last_delimiter(void)
{
	asked_begin(&eval_body, NULL);
	read_text("Subject: x\n\n1234\n-- \n6789\n--\n123456\n-- \n\n");
	CHECK(ask("plaintext_body_length", "14", "14", NULL));
	CHECK(ask("plaintext_sig_length", "13", "13", NULL));
	CHECK(ask("plaintext_body_sig_ratio", "1", "1.1", NULL));
	read_text("Subject: x\n\n1234\n");
	CHECK(ask("plaintext_body_length", "5", "5", NULL));
	CHECK(ask("plaintext_sig_length", "0", "0", NULL));
	CHECK(ask("plaintext_body_sig_ratio", "1000000", NULL));
	read_text("Content-Type: text/html\n\n<p>x\n");
	CHECK(!ask("plaintext_body_length", "0", NULL));
	asked_end();
}

/* Nothing of this may take long: it would be seen. */
static void
test_a_megabyte_of_anything_is_no_trouble(void)
{
	static const char *const pieces[] = {"\n", " ", ":", "a:\n", "a \n",
	    "=20", "&#x", "-- \n", "\033$B", "\302\240", "\0", "a b\n"};
	static char text[(1 << 20) + 64];
	size_t i, len, at, step;

	asked_begin(&eval_body, NULL);
	for (i = 0; i < nitems(pieces); i++) {
		len = (size_t)snprintf(text, sizeof(text), "Subject: x\n\n");
		step = i == 10 ? 1 : strlen(pieces[i]);
		for (at = len; at + step <= sizeof(text); at += step)
			memcpy(text + at, pieces[i], step);
		asked_read((struct span){text, at});
		CHECK(!ask("check_stock_info", "1", NULL));
	}
	asked_end();
}

int
main(void)
{
	TEST(words_of_html_that_the_text_has_not_are_a_difference);
	TEST(a_picture_instead_of_words_is_a_difference);
	TEST(an_invitation_to_a_meeting_is_no_difference);
	TEST(more_words_of_text_than_of_html_are_a_ratio);
	TEST(blanks_of_unicode_part_words);
	TEST(blank_lines_are_a_ratio);
	TEST(spaces_are_counted_in_the_line_that_has_most);
	TEST(labels_of_shares_are_counted_once);
	TEST(the_body_has_its_length_as_it_came);
	TEST(a_signature_begins_at_its_last_delimiter);
	TEST(a_megabyte_of_anything_is_no_trouble);
	return test_end();
}
