/* html, mismatch: what rules ask about HTML. */
#include "asked.h"
#include "eval/families.h"
#include "test.h"

#define PART "Subject: abc\nContent-Type: text/html; charset=utf-8\n\n"

static void
read_text(const char *text)
{
	asked_read(span_of(text));
}

static void
test_any_part_of_html_may_say_yes(void)
{
	asked_begin(&eval_html, NULL);
	read_text("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nabc\n"
		  "--b\nContent-Type: text/html\n\n<embed src=x>\n"
		  "--b\nContent-Type: text/html\n\n<b>c</b>\n--b--\n");
	CHECK(ask("html_test", "html", NULL));
	CHECK(ask("html_test", "embeds", NULL));
	CHECK(!ask("html_test", "font_face_bad", NULL));
	CHECK(ask("html_tag_exists", "b", NULL));
	CHECK(!ask("html_tag_exists", "B", NULL));
	read_text("\nno HTML\n");
	CHECK(!ask("html_test", "html", NULL));
	CHECK(!ask("html_tag_exists", "b", NULL));
	asked_end();
}

static void
test_numbers_are_in_a_range_above_its_lower_end(void)
{
	asked_begin(&eval_html, NULL);
	read_text(PART "<font size=6>x</font>");
	CHECK(ask("html_range", "max_size", "5", "6", NULL));
	CHECK(!ask("html_range", "max_size", "6", "7", NULL));
	CHECK(ask("html_range", "max_size", "5", "inf", NULL));
	CHECK(ask("html_range", "max_size", "5", NULL));
	CHECK(!ask("html_range", "nosuch", "-1", "inf", NULL));
	asked_end();
}

static void
test_expressions_are_compared(void)
{
	asked_begin(&eval_html, NULL);
	read_text(PART "<p><p><p>1234");
	CHECK(ask("html_eval", "length", "< 14", NULL));
	CHECK(!ask("html_eval", "length", "< 13", NULL));
	CHECK(ask("html_eval", "length", ">= 13", NULL));
	CHECK(ask("html_eval", "length", "-3 == 5 + 5", NULL));
	CHECK(!ask("html_eval", "length", "< 14 < 15", NULL));
	CHECK(!ask("html_eval", "length", "= 13", NULL));
	CHECK(!ask("html_eval", "nosuch", "< 14", NULL));
	CHECK(ask("html_tag_balance", "p", "!= 0", NULL));
	CHECK(ask("html_tag_balance", "p", "> -1", NULL));
	CHECK(!ask("html_tag_balance", "td", "!= 0", NULL));
	asked_end();
}

static void
test_texts_are_searched_for_patterns(void)
{
	asked_begin(&eval_html,
	    "body A eval:html_text_match('title', '^a+$')\n"
	    "body B eval:html_text_match('comment', '(?i)X')\n"
	    "body C eval:html_text_not_match('title', '^a+$')\n"
	    "body D eval:html_text_match('anchor', '<img>')\n"
	    "body E eval:html_text_match('title', '(')\n");
	CHECK(ruleset_note_count(asked_set) == 1);
	read_text(PART "<title>aaa</title><!--x--><a><img src=y></a>");
	CHECK(ask("html_text_match", "title", "^a+$", NULL));
	CHECK(ask("html_text_match", "comment", "(?i)X", NULL));
	CHECK(ask("html_text_match", "anchor", "<img>", NULL));
	CHECK(!ask("html_text_not_match", "title", "^a+$", NULL));
	CHECK(!ask("html_text_match", "title", "(", NULL));
	CHECK(!ask("html_text_not_match", "title", "(", NULL));
	read_text(PART "<title>a</title><title>b</title>");
	CHECK(ask("html_text_match", "title", "^a+$", NULL));
	CHECK(ask("html_text_not_match", "title", "^a+$", NULL));
	asked_end();
}

static void
test_images_are_set_against_text(void)
{
	asked_begin(&eval_html, NULL);
	read_text(PART "<img width=10 height=10>12345678");
	CHECK(ask("html_image_only", "31", "32", NULL));
	CHECK(!ask("html_image_only", "32", "40", NULL));
	CHECK(ask("html_image_ratio", "0.07", "0.08", NULL));
	CHECK(!ask("html_image_ratio", "0.08", "1", NULL));
	read_text(PART "text");
	CHECK(!ask("html_image_only", "0", "400", NULL));
	CHECK(!ask("html_image_ratio", "0", "400", NULL));
	asked_end();
}

static void
test_a_title_is_set_against_the_subject(void)
{
	asked_begin(&eval_html, NULL);
	read_text(PART "<title>\303\251\303\251\303\251\303\251"
		       "\303\251\303\251\303\251\303\251\303\251</title>");
	/* nine letters to three and an end of line */
	CHECK(ask("html_title_subject_ratio", "2.2", NULL));
	CHECK(!ask("html_title_subject_ratio", "2.3", NULL));
	asked_end();
}

static void
test_frames_with_an_address_are_found(void)
{
	asked_begin(&eval_html, NULL);
	read_text(PART "<iframe src=x></iframe>");
	CHECK(ask("check_iframe_src", NULL));
	read_text(PART "<iframe src=''></iframe><frame src=x>");
	CHECK(!ask("check_iframe_src", NULL));
	asked_end();
}

static void
test_character_sets_of_others_are_far_away(void)
{
	const char *text = PART "<meta http-equiv=content-type "
				"content='text/html; charset=koi8-r'>";

	asked_begin(&eval_html, "ok_locales en\n");
	read_text(text);
	CHECK(ask("html_charset_faraway", NULL));
	read_text(
	    PART "<meta http-equiv=content-type content='charset=utf-8'>");
	CHECK(!ask("html_charset_faraway", NULL));
	asked_end();
	asked_begin(&eval_html, "ok_locales ru\n");
	read_text(text);
	CHECK(!ask("html_charset_faraway", NULL));
	asked_end();
	asked_begin(&eval_html, NULL);
	read_text(text);
	CHECK(!ask("html_charset_faraway", NULL));
	asked_end();
}

/* Whether a link from one to the other is a mismatch. */
static bool
mismatches(const char *from, const char *to)
{
	static char text[500];

	snprintf(
	    text, sizeof(text), PART "<a href='%s'>go to %s now</a>", to, from);
	read_text(text);
	return ask("check_https_http_mismatch", "1", "10", NULL);
}

static void
test_links_that_show_another_domain_are_found(void)
{
	asked_begin(&eval_html, NULL);
	asked_use_tld("com example");
	asked_family = &eval_mismatch;
	CHECK(mismatches("https://bank.com/", "http://other.example/"));
	CHECK(mismatches("HTTPS://192.0.2.1/", "https://other.example"));
	CHECK(mismatches("https://bank.com", "http://www@x.other.example"));
	CHECK(!mismatches("https://www.Bank.com:1/", "http://login.bank.com"));
	CHECK(!mismatches("http://bank.com/", "http://other.example/"));
	CHECK(!mismatches("https://bank.com/", "http://192.0.2.1/"));
	CHECK(!mismatches("https://bank.com/", "mailto:a@other.example"));
	CHECK(!mismatches("https://bank.nosuch/", "http://other.example/"));
	CHECK(!mismatches("https://bank.com/", "http://other.nosuch/"));
	read_text(PART "<a href=http://other.example>https://bank.com</a>"
		       "<a href=http://three.example>x</a>");
	CHECK(!ask("check_https_http_mismatch", "1", "2", NULL));
	CHECK(ask("check_https_http_mismatch", "2", "3", NULL));
	CHECK(ask("check_https_http_mismatch", "1", NULL));
	asked_family = &eval_html;
	asked_end();
}

int
main(void)
{
	TEST(any_part_of_html_may_say_yes);
	TEST(numbers_are_in_a_range_above_its_lower_end);
	TEST(expressions_are_compared);
	TEST(texts_are_searched_for_patterns);
	TEST(images_are_set_against_text);
	TEST(a_title_is_set_against_the_subject);
	TEST(frames_with_an_address_are_found);
	TEST(character_sets_of_others_are_far_away);
	TEST(links_that_show_another_domain_are_found);
	return test_end();
}
