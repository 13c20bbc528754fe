/* html: HTML as text, and what is known of it. */
#include <stdlib.h>

#include "html/html.h"
#include "html/htmlcolor.h"
#include "html/htmluri.h"
#include "test.h"

#define LARGE (2 << 20)

static struct arena arena;

static const struct html *
read_html(const char *text)
{
	arena_reset(&arena);
	return html_read(&arena, span_of(text), strlen(text));
}

static bool
shows(const char *text, const char *visible)
{
	return span_is(read_html(text)->visible, visible);
}

static double
number(const struct html *html, const char *name)
{
	const struct html_fact *fact = html_fact(html, name);

	return fact != NULL ? fact->value : -1;
}

/* Whether the first text of that name is so. */
static bool
says(const struct html *html, const char *name, const char *text)
{
	const struct html_fact *fact = html_fact(html, name);

	return fact != NULL && span_is(fact->text, text);
}

static void
test_tags_become_the_space_between_words(void)
{
	CHECK(shows("one<br>two", "one\ntwo"));
	CHECK(shows("one <p> two</p>", "one\n\ntwo\n\n"));
	CHECK(shows("<td>one</td><td>two", " one  two"));
	CHECK(shows("o<b>n</b>e  \n two", "one two"));
	CHECK(shows("one<br/>two<br />three", "one\ntwo\nthree"));
}

static void
test_what_is_no_tag_is_text(void)
{
	CHECK(shows("1 < 2, <3 and >", "1 < 2, <3 and >"));
	CHECK(shows("a<!-- b > c -->d", "ad"));
	CHECK(shows("a<!b>c<?d?>e</ f>g", "aceg"));
	CHECK(shows("a<![CDATA[<b>]]>c", "a<b>c"));
	CHECK(shows("a <b href='", "a "));
	CHECK(says(read_html("a <b href='"), "comment", "<b href='"));
	CHECK(says(read_html("a<!-- b > c"), "comment", "<!-- b >"));
}

static void
test_scripts_and_styles_are_not_shown(void)
{
	CHECK(shows("a<style>b</p></style>c<script>d</script>e", "ace"));
	CHECK(shows("a<style>b", "a"));
	CHECK(shows("<title>a<b>c</title>d", "\n\na<b>c\n\nd"));
	CHECK(says(read_html("<script>x<y</script>"), "script", "x<y"));
	CHECK(says(read_html("<title>a&amp;b</title>"), "title", "a&b"));
}

static void
test_entities_are_characters(void)
{
	CHECK(shows("&lt;&#65;&#x42;&eacute;&euro;&copyx&nosuch;&euro",
	    "<AB\303\251\342\202\254\302\251x&nosuch;&euro"));
	CHECK(shows("a&nbsp;b&#160;c", "a b\302\240c"));
	CHECK(shows(
	    "&#xd83d;&#xde00;&#xd800;x", "\360\237\230\200\357\277\275x"));
	CHECK(shows("&#0;&#x110000;&#xffff;", "&#0;&#x110000;&#xffff;"));
	CHECK(span_is(
	    read_html("<a href='?a&lt=b&lt;'>")->uris[0].uri, "?a<=b<"));
}

static void
test_octets_that_are_no_text_are_latin_1(void)
{
	const struct html *html = read_html("caf\351 \342\202\254");

	CHECK(span_is(html->text, "caf\303\251 \303\242\302\202\302\254"));
	CHECK(!html->wide && number(html, "length") == 8);
	html = read_html("caf\303\251 \342\202\254");
	CHECK(html->wide && number(html, "length") == 6);
	CHECK(number(html, "non_space_len") == 5);
	CHECK(!read_html("caf&eacute;")->wide && read_html("&euro;")->wide);
}

static void
test_text_that_is_not_seen_is_apart(void)
{
	static const char *const ways[] = {"<font color=white>",
	    "<font color='#fffffe'>", "<font color=nosuch>", "<font size=1>",
	    "<font size=-2>", "<p style='display:none'>",
	    "<div style='visibility: Hidden ;x:y'>",
	    "<td style=\"color:rgb(255, 255,255) !important\">",
	    "<span style='background:url(a) , #000 no-repeat'>",
	    "<span style='color: transparent'>", "<small><small>",
	    "<body text=white>", "<basefont size=1><font size=+0>"};
	const struct html *html;
	char text[200];
	size_t i;

	for (i = 0; i < nitems(ways); i++) {
		snprintf(text, sizeof(text), "%sx", ways[i]);
		html = read_html(text);
		CHECK(span_is(span_trim(html->invisible), "x"));
		CHECK(span_trim(html->visible).len == 0);
	}
	html = read_html("<font color=white>a</font>b");
	CHECK(span_is(html->invisible, "a") && span_is(html->visible, "b"));
	CHECK(span_is(html->text, "ab"));
	CHECK(number(html, "font_low_contrast") == 1);
	html = read_html("<font color='#12x'>a");
	CHECK(number(html, "font_invalid_color") == 1);
	CHECK(html_fact(html, "font_low_contrast") == NULL);
}

static void
test_looks_end_with_their_element(void)
{
	CHECK(shows("<td style='display:none'>a<td>b", "  b"));
	CHECK(shows("<table style='display:none'><td>a</table>b", " b"));
	CHECK(shows("<p style='display:none'>a</b>b</p>c", "\n\n\n\nc"));
	CHECK(shows("<body text=white>a</body>b", ""));
}

static void
test_colors_are_read_as_loosely_as_they_are_written(void)
{
	CHECK(html_color(span_of(" Red ")) == 0xff0000);
	CHECK(html_color(span_of("#f08")) == 0xff0088);
	CHECK(html_color(span_of("#12345")) == 0x112233);
	CHECK(html_color(span_of("#1234567")) == 0x123456);
	CHECK(html_color(span_of("#a")) == 0xaa0000);
	CHECK(html_color(span_of("#")) == HTML_COLOR_EMPTY);
	CHECK(html_color(span_of("rgb(1, 2,3)")) == 0x010203);
	CHECK(html_color(span_of("rgb(100%, 0%,50%)")) == 0xff007f);
	CHECK(html_color(span_of("ff0000")) == HTML_COLOR_INVALID);
	CHECK(html_css_color(span_of("rgba(300,1,2,.5)")) == 0xff0102);
	CHECK(html_css_color(span_of("inherit")) == HTML_COLOR_INHERIT);
	CHECK(html_color_is_near(0xffffff, 0xfafafa));
	CHECK(!html_color_is_near(0xffffff, 0xe0e0e0));
}

static bool
has_uri(const struct html *html, const char *element, const char *uri)
{
	size_t i;

	for (i = 0; i < html->uri_count; i++)
		if (html->uris[i].element != NULL &&
		    strcmp(html->uris[i].element, element) == 0 &&
		    span_is(html->uris[i].uri, uri))
			return true;
	return false;
}

static void
test_addresses_are_with_their_elements(void)
{
	const struct html *html;

	html = read_html(
	    "<a href=' http://a.example/ '>x <b>y</b></a>"
	    "<img src=http://a.example/><form action=mailto:b@a.example>"
	    "<td background=c.gif><a x/href=d><meta http-equiv=Refresh "
	    "content='0; URL=e;f'><a data-saferedirecturl=g>");
	CHECK(has_uri(html, "a", "http://a.example/"));
	CHECK(has_uri(html, "img", "http://a.example/"));
	CHECK(has_uri(html, "form", "mailto:b@a.example"));
	CHECK(has_uri(html, "td", "c.gif") && has_uri(html, "a", "d"));
	CHECK(has_uri(html, "meta", "e") && has_uri(html, "a", "g"));
	CHECK(number(html, "form_action_mailto") == 1);
	CHECK(html->uris[0].anchors.count == 1);
	CHECK(span_is(html->uris[0].anchors.lines[0], "x y"));
	CHECK(span_is(html->uris[1].uri, "http://a.example/"));
	CHECK(html->uris[1].anchors.count == 0);
}

static void
test_a_base_makes_addresses_whole(void)
{
	const struct html *html;

	html = read_html("<base href=http://a.example/b/c.html>"
			 "<a href=../d/./e?f#g>x</a><a href=http:h>");
	CHECK(span_is(html->base, "http://a.example/b/"));
	CHECK(has_uri(html, "a", "http://a.example/d/e?f#g"));
	CHECK(has_uri(html, "a", "http://a.example/b/h"));
	/* what is written on it stays with what is written in it */
	CHECK(!has_uri(html, "a", "../d/./e?f#g"));
	CHECK(html->uris[2].element == NULL &&
	      span_is(html->uris[2].uri, "../d/./e?f#g") &&
	      span_is(html->uris[2].anchors.lines[0], "x"));
	html = read_html("<a href=//www2.a.example/b/..>");
	CHECK(has_uri(html, "a", "http://www2.a.example/"));
}

static void
test_tags_are_counted(void)
{
	const struct html *html;

	html = read_html("<!DOCTYPE html><P><p></p></p></p><foo></o:p>");
	CHECK(html_tag(html, "p") == 2 && html_tag(html, "foo") == 1);
	CHECK(html_tag(html, "td") == 0);
	CHECK(html_find_tag(html, span_of("p"))->inside == 0);
	CHECK(html_find_tag(html, span_of("foo"))->inside == 1);
	CHECK(html_find_tag(html, span_of("o:p")) != NULL);
	CHECK(html_find_tag(html, span_of("!doctype")) != NULL);
	/* 8 tags, of them 7 elements; two were closed that were not open */
	CHECK(number(html, "bad_tag_ratio") == 1.0 / 8);
	CHECK(number(html, "closed_extra_ratio") == 2.0 / 8);
	CHECK(number(html, "non_element_ratio") == 1.0 / 3);
}

static void
test_what_rules_ask_is_known(void)
{
	const struct html *html;

	html = read_html("<img width=10 height=20%><img width=x height=0>"
			 "<font size=+4 face='A_b'>V<b>i</b>agra<embed>");
	CHECK(number(html, "html") == 1 && number(html, "embeds") == 1);
	CHECK(number(html, "image_area") == 10 * 120 + 200 * 200);
	CHECK(number(html, "max_size") == 7 && number(html, "min_size") == 3);
	CHECK(number(html, "font_face_bad") == 1);
	CHECK(number(html, "obfuscation_ratio") == 2.0 / 6);
	CHECK(number(html, "backhair_count") == 2);
	CHECK(html_fact(html, "nosuch") == NULL);
	html = read_html("<font face=\"'Open Sans', Arial\">abc");
	CHECK(html_fact(html, "font_face_bad") == NULL);
	CHECK(number(html, "html_length") == 3);
	CHECK(number(html, "length") == 35);
	CHECK(number(html, "ratio") == 32.0 / 35);
}

/* What has once taken a time that grew with the square of a length. */
static void
test_what_is_large_is_read_in_no_time(void)
{
	static const char *const pieces[] = {"<", "<!--", "<b>", "<p>", "<a>",
	    "<title>", "<style>", "<![a[", "</title", "<a b", "&", "&a",
	    "<!doctype \">\" ", "<a href=x>y", "- -- ", "<x>", "]]", "\"'",
	    "<font color=", "<p style='color:red;", "rgb(1,", "<td><tr>"};
	char *text = malloc(LARGE);
	size_t i, len, at;

	if (text == NULL)
		abort();
	for (i = 0; i < nitems(pieces); i++) {
		len = strlen(pieces[i]);
		for (at = 0; at + len <= LARGE; at += len)
			memcpy(text + at, pieces[i], len);
		arena_reset(&arena);
		CHECK(
		    html_read(&arena, (struct span){text, at}, at)->text.len <=
		    HTML_TEXT_MAX);
	}
	memset(text, 'x', LARGE);
	memcpy(text, "<a href='", 9);
	memcpy(text + LARGE - 2, "'>", 2);
	arena_reset(&arena);
	CHECK(html_read(&arena, (struct span){text, LARGE}, LARGE)
		  ->uris[0]
		  .uri.len == HTML_URI_MAX);
	free(text);
}

int
main(void)
{
	TEST(tags_become_the_space_between_words);
	TEST(what_is_no_tag_is_text);
	TEST(scripts_and_styles_are_not_shown);
	TEST(entities_are_characters);
	TEST(octets_that_are_no_text_are_latin_1);
	TEST(text_that_is_not_seen_is_apart);
	TEST(looks_end_with_their_element);
	TEST(colors_are_read_as_loosely_as_they_are_written);
	TEST(addresses_are_with_their_elements);
	TEST(a_base_makes_addresses_whole);
	TEST(tags_are_counted);
	TEST(what_rules_ask_is_known);
	TEST(what_is_large_is_read_in_no_time);
	arena_free(&arena);
	return test_end();
}
