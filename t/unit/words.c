/* words: encoded words, types, addresses. */
#include <string.h>

#include "test.h"
#include "text/words.h"

static struct arena arena;

static bool
reads(const char *name, const char *value, const char *want)
{
	struct span text = words_decode(&arena, span_of(name), span_of(value));

	if (!span_is(text, want))
		printf("# '%.*s'\n", SPAN_ARG(text));
	return span_is(text, want);
}

static void
test_encoded_words_are_decoded(void)
{
	CHECK(reads("Subject", "", "") && reads("Subject", "a =b?", "a =b?"));
	CHECK(reads("Subject", "a =?utf-8?q?b=C3=A9_c?= d", "a b\xc3\xa9 c d"));
	CHECK(reads("Subject", "=?ISO-8859-1?B?6Q==?=", "\xc3\xa9"));
	CHECK(reads("Subject", "=?us-ascii*en?Q?x?=y", "xy"));
	CHECK(reads("Subject", "=?utf-8?x?a?=", "=?utf-8?x?a?="));
	CHECK(reads("Subject", "=?utf-8?q?a", "=?utf-8?q?a"));
	CHECK(reads("Subject", "=?utf-8?q?a b?=", "a b"));
	CHECK(reads("Subject", "=?windows-1252?q?=93a=94?=",
	    "\xe2\x80\x9c"
	    "a\xe2\x80\x9d"));
	CHECK(reads("Subject", "=?utf-8?q?=FFa?=",
	    "\xef\xbf\xbd"
	    "a"));
	CHECK(reads("Subject", "=?no-such?q?=E9?=", "\xc3\xa9"));
}

static void
test_words_one_after_the_other_are_one(void)
{
	CHECK(reads("Subject", "=?utf-8?q?a?= \t=?utf-8?q?b?= c", "ab c"));
	CHECK(reads("Subject", "=?utf-8?q?=C3?= =?UTF-8?b?qQ==?=", "\xc3\xa9"));
	CHECK(reads("Subject", "=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"));
}

static void
test_some_fields_have_no_encoded_words(void)
{
	CHECK(reads("received", "=?utf-8?q?a?=", "=?utf-8?q?a?="));
	CHECK(reads("List-Id", "=?utf-8?q?a?=", "=?utf-8?q?a?="));
	CHECK(reads("Date", "=?utf-8?q?a?=", "=?utf-8?q?a?="));
	CHECK(reads("X-Date", "=?utf-8?q?a?=", "a"));
}

static void
test_octets_that_are_no_utf8_become_it(void)
{
	CHECK(reads("Subject", "\xc3\xa9", "\xc3\xa9"));
	CHECK(reads("Subject", "caf\xe9 \x80", "caf\xc3\xa9 \xe2\x82\xac"));
	CHECK(reads("Received", "caf\xe9", "caf\xc3\xa9"));
}

static struct content_type type;

static void
take_type(const char *value)
{
	words_content_type(&arena, span_of(value), &type);
}

static void
test_types_are_taken_apart(void)
{
	take_type("");
	CHECK(strcmp(type.type, "text/plain") == 0 && type.missing);
	take_type(" Multipart/Mixed; Boundary=\"a b\"; x=y");
	CHECK(strcmp(type.type, "multipart/mixed") == 0 && !type.missing);
	CHECK(span_is(type.boundary, "a b") && type.charset.p == NULL);
	take_type("text/html; charset = \"UTF-8\"; name='x.html'");
	CHECK(strcmp(type.type, "text/html") == 0);
	CHECK(span_is(type.charset, "UTF-8") && span_is(type.name, "x.html"));
	take_type("text/weird; filename=y");
	CHECK(strcmp(type.type, "text/plain") == 0);
	CHECK(span_is(type.name, "y"));
	take_type("text/calendar");
	CHECK(strcmp(type.type, "text/calendar") == 0);
	take_type("image/png charset=x");
	CHECK(strcmp(type.type, "image/png") == 0);
	take_type("im(age/png;");
	CHECK(strcmp(type.type, "image/png") == 0);
	take_type("; boundary=x");
	CHECK(strcmp(type.type, "text/plain") == 0 && type.missing);
	CHECK(span_is(type.boundary, "x"));
}

static void
test_boundaries_may_be_sloppy(void)
{
	take_type("a/b; boundary=\"x");
	CHECK(span_is(type.boundary, "x"));
	take_type("a/b; boundary=x y");
	CHECK(span_is(type.boundary, "x"));
	take_type("a/b; boundary=x\"y; boundary=z");
	CHECK(span_is(type.boundary, "z"));
	take_type("a/b; boundary=\"\"");
	CHECK(type.boundary.p == NULL);
	take_type("a/b; xboundary=y");
	CHECK(type.boundary.p == NULL);
}

static void
test_names_in_pieces_are_put_together(void)
{
	take_type("a/b; name*0=\"one\"; name*1=two; name*2*=three");
	CHECK(span_is(type.name, "onetwo"));
	take_type("a/b; filename*1=two; filename*0=one;");
	CHECK(span_is(type.name, "onetwo"));
}

/* Whether the addresses are read as "name <address>", "-" for none, with "|"
 * between. */
static bool
lists(const char *value, const char *want)
{
	const struct span none = {"-", 1};
	char text[1000] = "";
	struct mailbox *list;
	size_t i, count, len = 0;

	count = words_mailboxes(&arena, span_of(value), 100, &list);
	for (i = 0; i < count; i++) {
		if (list[i].address.p == NULL)
			list[i].address = none;
		if (list[i].phrase.p == NULL)
			list[i].phrase = none;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%.*s <%.*s>", i == 0 ? "" : "|",
		    SPAN_ARG(span_trim(list[i].phrase)),
		    SPAN_ARG(list[i].address));
	}
	if (strcmp(text, want) != 0)
		printf("# '%s'\n", text);
	return strcmp(text, want) == 0;
}

static void
test_addresses_are_found(void)
{
	CHECK(lists("", "") && lists(" \n", ""));
	CHECK(lists("a@example.net", "- <a@example.net>"));
	CHECK(lists(" Joe <a@b.example>\n", "Joe <a@b.example>"));
	CHECK(lists("\"Doe, \\\"J\\\"\" <a@b.c>", "Doe, \"J\" <a@b.c>"));
	CHECK(lists("a@b.c (Joe), d@e.f", "Joe <a@b.c>|- <d@e.f>"));
	CHECK(lists("Joe (x) <a@b.c>; x <y@z.a>", "Joe <a@b.c>|x <y@z.a>"));
	CHECK(lists("\"a@b.c\"<a@b.c>", "- <a@b.c>"));
	CHECK(lists("\"a@b.c\"", "- <a@b.c>"));
	CHECK(lists("<a@b.c> <d@e.f>", "- <a@b.c>"));
	CHECK(lists("\"a b\"@c.d", "- <\"a b\"@c.d>"));
	CHECK(lists("a@[192.0.2.1]", "- <a@[192.0.2.1]>"));
}

static void
test_what_is_no_address_is_a_name(void)
{
	CHECK(lists("Joe", "Joe <->") && lists("<joe>", "- <->"));
	CHECK(lists("Joe <>", "Joe <->") && lists("a@b@c", "- <a@b>"));
	CHECK(lists("Doe, Joe <a@b.c>", "Doe <->|Joe <a@b.c>"));
}

static void
test_groups_are_their_members(void)
{
	CHECK(lists("Friends: a@b.c, d@e.f;", "- <a@b.c>|- <d@e.f>"));
	CHECK(lists("undisclosed-recipients:;", ""));
}

static void
test_broken_lists_are_read_by_their_commas(void)
{
	CHECK(lists("<a@b.c>,<d@e.f>", "- <a@b.c>|- <d@e.f>"));
	CHECK(lists("A <a@b.c>,<d@e.f>", "A <a@b.c>|- <d@e.f>"));
	CHECK(lists("A\" <a@b.c>", "- <a@b.c>"));
	CHECK(lists("A <a@ b.c>", "A <a@b.c>"));
	CHECK(lists("A <a@b c.d>", "A <a@b>"));
	CHECK(lists("A <a@b,c>", "A <a@b>|A <a@b,c> <->"));
}

static void
test_lists_have_a_limit(void)
{
	struct mailbox *list;

	CHECK(words_mailboxes(
		  &arena, span_of("a@b.c, d@e.f, g@h.i"), 2, &list) == 2);
	CHECK(span_is(list[1].address, "d@e.f"));
}

int
main(void)
{
	TEST(encoded_words_are_decoded);
	TEST(words_one_after_the_other_are_one);
	TEST(some_fields_have_no_encoded_words);
	TEST(octets_that_are_no_utf8_become_it);
	TEST(types_are_taken_apart);
	TEST(boundaries_may_be_sloppy);
	TEST(names_in_pieces_are_put_together);
	TEST(addresses_are_found);
	TEST(what_is_no_address_is_a_name);
	TEST(groups_are_their_members);
	TEST(broken_lists_are_read_by_their_commas);
	TEST(lists_have_a_limit);
	arena_free(&arena);
	return test_end();
}
