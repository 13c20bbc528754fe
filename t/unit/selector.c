#include <string.h>

#include "base/buf.h"
#include "relay/relay.h"
#include "relay/selector.h"
#include "test.h"

static struct mail mail;
static struct tld *tld;

static const char message[] =
    "Return-Path: <me@mail.example.co.uk>\n"
    "Received: from in.example (in.example [10.0.0.7])\n"
    "\tby mx.example (Postfix) with ESMTP id 111;\n"
    "\tSat, 21 Nov 2026 10:10:02 +0000\n"
    "X-Between: 1\n"
    "Received: from out.example (out.example [192.0.2.7])\n"
    "\tby in.example (Postfix) with ESMTP id 222;\n"
    "\tSat, 21 Nov 2026 10:10:01 +0000\n"
    "X-Below: 2\n"
    "Received: from x (x [IPv6:2001:db8::7])\n"
    "\tby out.example (Postfix) with ESMTP id 333\n"
    "From: \"Me, Myself\" <me@Mail.Example.CO.UK>, 'I' <i@b.example.com>\n"
    "To: you@c.example.com (You)\n"
    "Cc: =?UTF-8?Q?J=C3=BCrgen?= <j@d.example.com>\n"
    "Subject:  =?UTF-8?B?SGVsbG8=?=\n"
    "\t world\n"
    "Message-ID: <1@e.example.com>\n"
    "X-Message-Id: <2@f.example.com>\n"
    "\n"
    "text\n";

static void
read_message(const char *text)
{
	mail_reset(&mail);
	mail_read(&mail, span_of(text));
	relays_read(&mail, NULL, (struct span){NULL, 0});
}

/* Whether a selector finds these pieces, with '|' between. */
static bool
finds(const char *selector, const char *want)
{
	struct buf buf = BUF_INIT(1 << 20);
	struct selector parsed;
	struct text text;
	size_t i;
	bool same;

	selector_parse(span_of(selector), &parsed);
	selector_get(&mail, &parsed, tld, &text);
	for (i = 0; i < text.count; i++) {
		if (i > 0)
			buf_adds(&buf, "|");
		buf_addspan(&buf, text.lines[i]);
	}
	same = strcmp(buf_str(&buf), want) == 0;
	if (!same)
		printf("# %s: %s\n", selector, buf_str(&buf));
	buf_free(&buf);
	return same;
}

static void
test_a_name_is_taken_apart(void)
{
	struct selector a, b;

	selector_parse(span_of("From"), &a);
	CHECK(span_is(a.name, "From") && a.flags == 0);
	selector_parse(span_of("From:addr:host"), &a);
	selector_parse(span_of("From:host:addr"), &b);
	CHECK(span_is(a.name, "From") && a.flags == b.flags && a.flags != 0);
	selector_parse(span_of("From:what"), &a);
	CHECK(span_is(a.name, "From") && a.flags == 0);
	selector_parse(span_of(""), &a);
	CHECK(a.name.len == 0);
}

static void
test_a_field_is_one_line(void)
{
	read_message(message);
	CHECK(finds("Subject", "Hello world\n"));
	CHECK(finds("SUBJECT", "Hello world\n"));
	CHECK(finds("Subject:raw", "  =?UTF-8?B?SGVsbG8=?=\n\t world\n"));
	CHECK(finds("X-Below", "2\n"));
	CHECK(finds("No-Such", ""));
}

static void
test_addresses_and_names_are_pieces(void)
{
	read_message(message);
	CHECK(finds("From:addr", "me@Mail.Example.CO.UK|i@b.example.com"));
	CHECK(finds("From:name", "Me, Myself|I"));
	CHECK(finds("From:name:raw", "Me, Myself |'I' "));
	CHECK(finds("Cc:name", "J\xc3\xbcrgen"));
	CHECK(finds("ToCc:addr", "you@c.example.com|j@d.example.com"));
	CHECK(finds("To:name", "You"));
	CHECK(finds("No-Such:addr", ""));
}

static void
test_hosts_and_domains_are_found(void)
{
	read_message(message);
	CHECK(finds("From:addr:host", "Mail.Example.CO.UK|b.example.com"));
	CHECK(finds("From:addr:domain", "example.co.uk|example.com"));
	CHECK(finds("Message-ID:host", "e.example.com"));
	CHECK(finds("Message-ID:domain", "example.com"));
	read_message("A: see www.example.com and more\n"
		     "B: a@b, then <x@c.example.org>\n"
		     "C: nothing.here-\n\n");
	CHECK(finds("A:host", "www.example.com"));
	CHECK(finds("B:host", "c.example.org"));
	CHECK(finds("C:host", ""));
}

static void
test_addresses_of_the_internet_are_found(void)
{
	read_message(message);
	CHECK(finds("Received:ip", "10.0.0.7|192.0.2.7|IPv6:2001:db8::7"));
	CHECK(finds("Received:first:ip", "10.0.0.7"));
	CHECK(finds("Received:first:revip", "7.0.0.10"));
	CHECK(finds("Received:last:revip", "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
					   "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"));
	CHECK(finds("Subject:ip", ""));
}

static void
test_several_fields_have_one_name(void)
{
	read_message(message);
	CHECK(finds("MESSAGEID", "<2@f.example.com>\n|<1@e.example.com>\n"));
	CHECK(finds("messageid", ""));
	CHECK(finds("ToCc", "you@c.example.com (You)\n|"
			    "J\xc3\xbcrgen <j@d.example.com>\n"));
	CHECK(finds("EnvelopeFrom", "me@mail.example.co.uk"));
	CHECK(finds("EnvelopeFrom:domain", "example.co.uk"));
	CHECK(finds("x-spam-relays-trusted",
	    "[ ip=10.0.0.7 rdns=in.example helo=in.example by=mx.example "
	    "ident= envfrom= intl=1 id=111 auth= msa=0 ]"));
	CHECK(finds("X-Spam-Relays-Trusted:ip", "10.0.0.7"));
}

/* The names of the fields that a selector finds. */
static bool
finds_fields(const char *selector, const char *want)
{
	struct buf buf = BUF_INIT(4096);
	struct selector parsed;
	struct text text;
	size_t i, k;
	bool same;

	selector_parse(span_of(selector), &parsed);
	selector_get(&mail, &parsed, tld, &text);
	for (i = 0; i < text.count; i++) {
		for (k = 0; k < text.lines[i].len; k++)
			if (text.lines[i].p[k] == ':')
				break;
		buf_add(&buf, text.lines[i].p, k);
		buf_adds(&buf, " ");
		CHECK(span_ends(text.lines[i], "\n"));
	}
	same = strcmp(buf_str(&buf), want) == 0;
	if (!same)
		printf("# %s: %s\n", selector, buf_str(&buf));
	buf_free(&buf);
	return same;
}

static void
test_a_header_has_two_sides(void)
{
	read_message(message);
	CHECK(finds_fields(
	    "ALL-TRUSTED", "Return-Path Received X-Between Received "));
	CHECK(finds_fields(
	    "ALL-INTERNAL:raw", "Return-Path Received X-Between Received "));
	CHECK(finds_fields("ALL-UNTRUSTED",
	    "Received X-Below Received From To Cc Subject Message-ID "
	    "X-Message-Id "));
	CHECK(finds_fields("ALL-EXTERNAL:raw",
	    "Received X-Below Received From To Cc Subject Message-ID "
	    "X-Message-Id "));
	read_message("A: 1\n 2\nB: 3\n\n");
	CHECK(finds("ALL", "A: 1 2\n|B: 3\n"));
	CHECK(finds("ALL:raw", "A: 1\n 2\n|B: 3\n"));
	CHECK(finds("ALL-TRUSTED", "A: 1 2\n|B: 3\n"));
	CHECK(finds("ALL-UNTRUSTED", ""));
	CHECK(finds("ALLES", ""));
}

static void
test_a_text_is_the_first_or_all(void)
{
	struct span text;

	read_message(message);
	text = selector_text(&mail, "From:addr", tld);
	CHECK(span_is(text, "me@Mail.Example.CO.UK"));
	text = selector_text(&mail, "ToCc", tld);
	CHECK(span_is(text, "you@c.example.com (You)\n"
			    "J\xc3\xbcrgen <j@d.example.com>\n"));
	text = selector_text(&mail, "X-Below", tld);
	CHECK(span_is(text, "2\n"));
	CHECK(selector_text(&mail, "No-Such", tld).p == NULL);
}

static void
test_long_fields_end(void)
{
	struct buf buf = BUF_INIT(1 << 20);
	int i;

	buf_adds(&buf, "A: ");
	for (i = 0; i < 3000; i++)
		buf_adds(&buf, "@._");
	buf_adds(&buf, "\n\n");
	read_message(buf_str(&buf));
	CHECK(finds("A:host", ""));
	CHECK(finds("A:ip", ""));
	CHECK(finds("A:addr:host", ""));
	buf_free(&buf);
}

int
main(void)
{
	mail_init(&mail);
	tld = tld_new();
	TEST(a_name_is_taken_apart);
	TEST(a_field_is_one_line);
	TEST(addresses_and_names_are_pieces);
	TEST(hosts_and_domains_are_found);
	TEST(addresses_of_the_internet_are_found);
	TEST(several_fields_have_one_name);
	TEST(a_header_has_two_sides);
	TEST(a_text_is_the_first_or_all);
	TEST(long_fields_end);
	tld_free(tld);
	mail_free(&mail);
	return test_end();
}
