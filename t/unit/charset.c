/* charset: text of many character sets as UTF-8. */
#include <string.h>

#include "test.h"
#include "text/charset.h"

static struct arena arena;

static bool
is(struct span text, const char *want)
{
	if (!span_is(text, want))
		printf("# '%.*s'\n", SPAN_ARG(text));
	return span_is(text, want);
}

static struct span
text_of(const char *octets, const char *declared)
{
	return charset_text(&arena, span_of(octets),
	    declared == NULL ? (struct span){NULL, 0} : span_of(declared));
}

static struct span
word_of(const char *octets, const char *declared)
{
	return charset_word(&arena, span_of(octets), span_of(declared));
}

static void
test_ascii_and_utf8_stay_as_they_are(void)
{
	const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";

	CHECK(text_of("abc", NULL).len == 3 && is(text_of("", "x"), ""));
	CHECK(text_of(text, "iso-8859-2").p == text);
	CHECK(
	    text_of(text, NULL).p == text && word_of(text, "utf-8").p == text);
	CHECK(is(text_of("abc", "no-such-set"), "abc"));
}

static void
test_declared_sets_are_converted(void)
{
	CHECK(is(text_of("\xe9", "iso-8859-1"), "\xc3\xa9"));
	CHECK(is(text_of("\x80", "ISO-8859-1"), "\xe2\x82\xac"));
	CHECK(is(text_of("\xb1", "iso-8859-2"), "\xc4\x85"));
	CHECK(is(text_of("\xcf\xf0", "windows-1251"), "\xd0\x9f\xd1\x80"));
	CHECK(is(text_of("\xcf\xf0", "cp_1251"), "\xd0\x9f\xd1\x80"));
	CHECK(is(text_of("\xf0\xd2", "KOI8-R"), "\xd0\x9f\xd1\x80"));
	CHECK(is(text_of("\xd6\xd0", "gb2312"), "\xe4\xb8\xad"));
	CHECK(is(text_of("\xd6\xd0", "GB2312_CHARSET"), "\xe4\xb8\xad"));
	CHECK(is(text_of("\x93\xfa", "shift_jis"), "\xe6\x97\xa5"));
	CHECK(is(text_of("\x1b$BF|\x1b(B", "iso-2022-jp"), "\xe6\x97\xa5"));
	/* what is cut at the end is left out */
	CHECK(is(text_of("a\xd6\xd0\xd6", "gb2312"), "a\xe4\xb8\xad"));
}

static void
test_what_cannot_be_converted_is_windows_1252(void)
{
	CHECK(is(
	    text_of("\x93\xe9\x81", NULL), "\xe2\x80\x9c\xc3\xa9\xef\xbf\xbd"));
	CHECK(is(text_of("\xe9", "no-such-set"), "\xc3\xa9"));
	CHECK(is(text_of("\xe9", "us-ascii"), "\xc3\xa9"));
	CHECK(is(text_of("\xe9", "/etc/passwd"), "\xc3\xa9"));
	CHECK(is(text_of("\xe9", "iso-2022-jp"), "\xc3\xa9"));
	CHECK(is(text_of("\xc3\xa9\xe9", "utf-8"), "\xc3\x83\xc2\xa9\xc3\xa9"));
}

static void
test_utf16_is_told_by_its_blanks(void)
{
	const struct span little = {"a\0 \0\xe9\0", 6};
	const struct span big = {"\0a\0 \0\xe9", 6};

	CHECK(
	    is(charset_text(&arena, little, span_of("utf-16")), "a \xc3\xa9"));
	CHECK(is(charset_text(&arena, big, span_of("UTF-16LE")), "a \xc3\xa9"));
}

static void
test_words_are_what_they_declare(void)
{
	CHECK(is(word_of("\xc3\xa9", "iso-8859-2"), "\xc4\x82\xc5\xa0"));
	CHECK(is(word_of("a\xffz", "utf-8"), "a\xef\xbf\xbdz"));
	CHECK(is(word_of("a\xe2\x82z", "utf-8"), "a\xef\xbf\xbdz"));
	CHECK(is(word_of("a\x81z", "windows-1252"), "a\xef\xbf\xbdz"));
	CHECK(is(word_of("\xa5z", "iso-8859-7"), "\xe2\x82\xafz"));
	CHECK(is(word_of("\xffz", "iso-8859-7"), "\xef\xbf\xbdz"));
}

static void
test_a_character_is_taken_at_a_time(void)
{
	struct span text = span_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff");

	CHECK(charset_take(&text) == 'a' && charset_take(&text) == 0xe9);
	CHECK(charset_take(&text) == 0x20ac);
	CHECK(charset_take(&text) == 0x1f600);
	CHECK(charset_take(&text) == -1 && text.len == 0);
	text = span_of("\xe2\x82");
	CHECK(charset_take(&text) == -1 && text.len == 1);
	text = span_of("\xc0\x80");
	CHECK(charset_take(&text) == -1 && text.len == 1);
}

static void
test_utf8_is_that_of_the_rfc(void)
{
	CHECK(charset_is_utf8(span_of("")) && charset_is_utf8(span_of("a")));
	CHECK(charset_is_utf8(span_of("12345678\xc3\xa9")));
	CHECK(!charset_is_utf8(span_of("12345678\xe9")));
	CHECK(!charset_is_utf8(span_of("\xed\xa0\x80")));
	CHECK(!charset_is_utf8(span_of("\xf4\x90\x80\x80")));
	CHECK(!charset_is_utf8(span_of("\xe0\x80\x80")));
	CHECK(charset_is_utf8(span_of("\xef\xbf\xbf")));
	CHECK(!charset_is_strict(span_of("\xef\xbf\xbf")));
	CHECK(!charset_is_strict(span_of("\xef\xb7\x90")));
	CHECK(charset_is_strict(span_of("\xef\xbf\xbd")));
	CHECK(charset_is_ascii(span_of("123456789")));
	CHECK(!charset_is_ascii(span_of("12345678\xe9")));
}

static void
test_code_points_are_added(void)
{
	struct buf buf = BUF_INIT(100);

	charset_add(&buf, 'a');
	charset_add(&buf, 0xe9);
	charset_add(&buf, 0x20ac);
	charset_add(&buf, 0x1f600);
	CHECK(is(buf_span(&buf), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
	buf_free(&buf);
}

static void
test_many_sets_may_be_used_in_turns(void)
{
	char name[20];
	int i, n;

	for (i = 0; i < 100; i++) {
		n = i % 2 == 0 ? 2 : 2 + i % 14;
		snprintf(name, sizeof(name), "%s-8859-%d",
		    i % 3 == 0 ? "iso" : "ISO", n);
		CHECK(text_of("\xa4\xe9", name).len >= 3);
		snprintf(name, sizeof(name), "none-%d", i);
		CHECK(is(text_of("\xe9", name), "\xc3\xa9"));
	}
	CHECK(is(text_of("\xb1", "iso-8859-2"), "\xc4\x85"));
}

int
main(void)
{
	TEST(ascii_and_utf8_stay_as_they_are);
	TEST(declared_sets_are_converted);
	TEST(what_cannot_be_converted_is_windows_1252);
	TEST(utf16_is_told_by_its_blanks);
	TEST(words_are_what_they_declare);
	TEST(a_character_is_taken_at_a_time);
	TEST(utf8_is_that_of_the_rfc);
	TEST(code_points_are_added);
	TEST(many_sets_may_be_used_in_turns);
	arena_free(&arena);
	return test_end();
}
