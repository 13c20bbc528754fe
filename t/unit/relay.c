#include <string.h>

#include "base/buf.h"
#include "mail/received.h"
#include "relay/relayip.h"
#include "relay/relaynet.h"
#include "relay/relayparse.h"
#include "test.h"

static struct arena arena;
static struct mail mail;
static struct relay_networks *networks;

/* Reads one field. */
static enum relay_result
parse(const char *line, struct relay *relay)
{
	return relay_parse(&arena, span_of(line), relay);
}

/* Whether a field is understood as that: "ip rdns helo by", "-" for nothing. */
static bool
says(const char *line, const char *want)
{
	struct buf buf = BUF_INIT(4096);
	struct relay relay;
	struct span spans[4];
	bool same;
	size_t i;

	if (parse(line, &relay) != RELAY_KNOWN)
		return false;
	spans[0] = relay.ip;
	spans[1] = relay.rdns;
	spans[2] = relay.helo;
	spans[3] = relay.by;
	for (i = 0; i < 4; i++) {
		if (i > 0)
			buf_adds(&buf, " ");
		if (spans[i].len == 0)
			buf_adds(&buf, "-");
		buf_addspan(&buf, spans[i]);
	}
	same = span_is(buf_span(&buf), want);
	if (!same)
		printf("# %s\n", buf_str(&buf));
	buf_free(&buf);
	return same;
}

static void
test_addresses_are_known_by_their_form(void)
{
	CHECK(relay_is_ip4(span_of("192.0.2.1")));
	CHECK(!relay_is_ip4(span_of("192.0.2.256")));
	CHECK(!relay_is_ip4(span_of("192.0.2.01")));
	CHECK(!relay_is_ip4(span_of("192.0.2")));
	CHECK(!relay_is_ip(span_of("")));
	CHECK(!relay_is_ip((struct span){NULL, 0}));
	CHECK(!relay_is_ip((struct span){"192.0.2.1\0", 10}));
	CHECK(relay_is_ip(span_of("2001:db8::1")));
	CHECK(relay_is_ip(span_of("IPv6:2001:db8::1")));
	CHECK(!relay_is_ip(span_of("IPv6:192.0.2.1")));
	CHECK(relay_is_ip(span_of("::ffff:192.0.2.1")));
	CHECK(!relay_is_ip4(span_of("::ffff:192.0.2.1")));
	CHECK(!relay_is_ip(span_of("1:2:3:4:5:6:7:8:9")));
}

static void
test_private_addresses_are_those_of_nobody(void)
{
	static const char *const those[] = {"10.0.0.1", "127.0.0.1",
	    "169.254.1.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
	    "100.64.0.1", "100.127.255.255", "::1", "fe80::1",
	    "::ffff:10.1.2.3", "IPv6:::1"};
	static const char *const not [] = {"192.0.2.1", "172.32.0.1",
	    "100.128.0.1", "11.0.0.1", "2001:db8::1", "fec0::1", "::2",
	    "::ffff:192.0.2.1", "name", ""};
	size_t i;

	for (i = 0; i < nitems(those); i++)
		CHECK(relay_is_private(span_of(those[i])));
	for (i = 0; i < nitems(not ); i++)
		CHECK(!relay_is_private(span_of(not [i])));
}

static void
test_an_address_is_found_in_a_text(void)
{
	CHECK(
	    span_is(relay_find_ip(span_of("by x [192.0.2.1] y")), "192.0.2.1"));
	CHECK(span_is(
	    relay_find_ip(span_of("1.192.0.2.1 then 192.0.2.2")), "192.0.2.2"));
	CHECK(span_is(
	    relay_find_ip(span_of("(IPv6:2001:db8::1)")), "IPv6:2001:db8::1"));
	CHECK(span_is(relay_find_ip(span_of("192.0.2.1:25")), "192.0.2.1"));
	CHECK(relay_find_ip(span_of("12:34:56, a192.0.2.1")).p == NULL);
	CHECK(relay_find_ip(span_of("")).p == NULL);
}

static void
test_postfix_names_both_names(void)
{
	CHECK(says("from helo.example (name.example [192.0.2.1])\n"
		   "\tby mx.example (Postfix) with ESMTPS id 4B5C6D7E\n"
		   "\tfor <a@mx.example>; Sat, 21 Nov 2026 10:10:00 +0000",
	    "192.0.2.1 name.example helo.example mx.example"));
	CHECK(says("from [192.168.0.2] (unknown [192.0.2.1]) (using TLSv1.3 "
		   "with cipher X (256/256 bits)) (No client certificate "
		   "requested) by mx.example (Postfix) with ESMTPSA id 4B5; "
		   "Sat, 21 Nov 2026 10:10:00 +0000 (UTC)",
	    "192.0.2.1 - !192.168.0.2! mx.example"));
	CHECK(says("from a.example (b.example [IPv6:2001:db8::7]) by c.example "
		   "(Postfix) with ESMTP id 1",
	    "2001:db8::7 b.example a.example c.example"));
}

static void
test_others_have_forms_of_their_own(void)
{
	/* Sendmail */
	CHECK(says("from h.example (me@n.example [192.0.2.1] (may be forged)) "
		   "by mx.example (8.15.2/8.15.2) with ESMTP id x",
	    "192.0.2.1 n.example h.example mx.example"));
	/* Exim */
	CHECK(says("from n.example ([192.0.2.1]:4711 helo=h.example) by "
		   "mx.example with esmtps (TLS1.3) (Exim 4.96) "
		   "(envelope-from <a@n.example>) id 1a",
	    "192.0.2.1 n.example h.example mx.example"));
	CHECK(says("from [192.0.2.1] (helo=h.example ident=me) by mx.example "
		   "with smtp (Exim 4.96) id 1a",
	    "192.0.2.1 - h.example mx.example"));
	/* qmail */
	CHECK(says("from n.example (HELO h.example) (me@192.0.2.1) by "
		   "mx.example with SMTP; 21 Nov 2026 10:10:00 -0000",
	    "192.0.2.1 n.example h.example mx.example"));
	CHECK(says("from unknown (192.0.2.1) by mx.example with QMQP",
	    "192.0.2.1 - unknown mx.example"));
	/* Exchange */
	CHECK(says("from h.example (2001:db8::7) by mx.example "
		   "(2001:db8::8) with Microsoft SMTP Server id 15.20.1.2; "
		   "Sat, 21 Nov 2026 10:10:00 +0000",
	    "2001:db8::7 h.example h.example mx.example"));
	CHECK(says("from h.example ([fe80::7%3]) by mx.example "
		   "([fe80::7%3]) with mapi id 15.20.1943.023",
	    "fe80::7 - h.example mx.example"));
	CHECK(says("from h ([192.0.2.1] RDNS failed) by mx.example with "
		   "Microsoft SMTPSVC(6.0.1.2)",
	    "192.0.2.1 - h mx.example"));
	/* Lotus */
	CHECK(says("from h ([192.0.2.1]) by mx.example (Lotus Domino Release "
		   "9) with ESMTP id 1",
	    "192.0.2.1 - h mx.example"));
	/* a page on the web */
	CHECK(says("from 192.0.2.1 (SquirrelMail authenticated user me) by "
		   "www.example with HTTP; Sat, 21 Nov 2026 10:10:00 +0000",
	    "192.0.2.1 - - www.example"));
	CHECK(says("from [192.0.2.1] by www.example via HTTP",
	    "192.0.2.1 - - www.example"));
}

static void
test_our_own_field_is_understood(void)
{
	struct received received = {.helo = span_of("c.example"),
	    .client = span_of("192.0.2.7"),
	    .host = span_of("mx.example"),
	    .id = span_of("x1-1"),
	    .recipient = span_of("a@b.example"),
	    .tls = "TLSv1.3 TLS_AES_256_GCM_SHA384",
	    .esmtp = true,
	    .when = 1795255800};
	struct buf buf = BUF_INIT(4096);
	struct relay relay;

	received_format(&received, &buf);
	CHECK(says(buf_str(&buf) + strlen("Received: "),
	    "192.0.2.7 - c.example mx.example"));
	parse(buf_str(&buf) + strlen("Received: "), &relay);
	CHECK(span_is(relay.id, "x1-1"));
	CHECK(relay.auth.len == 0);
	buf_reset(&buf);
	received.client = span_of("2001:db8::7");
	received.tls = NULL;
	received_format(&received, &buf);
	CHECK(says(buf_str(&buf) + strlen("Received: "),
	    "2001:db8::7 - c.example mx.example"));
	buf_free(&buf);
}

static void
test_what_is_no_handing_over_is_skipped(void)
{
	static const char *const lines[] = {
	    "by mx.example with SMTP id a1; Sat, 21 Nov 2026 10:10:00 +0000",
	    "(qmail 1234 invoked by uid 225); 21 Nov 2026 10:10:00 -0000",
	    "from a.example by b.example; Sat, 21 Nov 2026 10:10:00 +0000",
	    "from me by mx.example with local (Exim 4.96) id 1a",
	    "from a.example by mx.example with LMTP id 1",
	    "from mail pickup service by mx.example with Microsoft SMTPSVC;\n"
	    "\tSat, 21 Nov 2026 10:10:00 +0000",
	    "(from me@localhost) by mx.example (8.15.2/Submit) id x",
	    "from h.example (h.example [local]) by mx.example (OpenSMTPD) "
	    "with ESMTPA id 1 for <a@b.example>",
	    "from 12345 named unknown by gmailapi.google.com with HTTPREST"};
	struct relay relay;
	size_t i;

	for (i = 0; i < nitems(lines); i++)
		CHECK(parse(lines[i], &relay) == RELAY_NONE);
	CHECK(parse("from pop.example [192.0.2.1] by localhost with POP3 "
		    "(fetchmail-6.4) for me@localhost (single-drop)",
		  &relay) == RELAY_FETCHED);
	CHECK(parse("from <x> (<x> []) by mx.example with HTTP id 1", &relay) ==
	      RELAY_UNKNOWN);
}

static void
test_a_login_is_told(void)
{
	static const struct {
		const char *line;
		const char *auth;
	} lines[] = {
	    {"from h (n.example [192.0.2.1]) by mx.example (Postfix) with "
	     "ESMTPSA id 1",
		"ESMTPSA"},
	    {"from h (n.example [192.0.2.1]) by mx.example with esmtpa id 1",
		"esmtpa"},
	    {"from h (n.example [192.0.2.1]) (Authenticated sender: me) by "
	     "mx.example (Postfix) with ESMTP id 1",
		"Postfix"},
	    {"from h (n.example [192.0.2.1]) (Authenticated sender: me) by "
	     "mx.example (Other) with ESMTP id 1",
		"Postfix (Other)"},
	    {"from h (n.example [192.0.2.1]) (authenticated bits=0) by "
	     "mx.example (8.15.2/8.15.2) with ESMTP id x",
		"Sendmail"},
	    {"from h (n.example [192.0.2.1]) (AUTH: LOGIN me) by mx.example "
	     "with esmtp",
		"LOGIN"},
	    {"from h ([192.0.2.1]) by mx.example (via HTTP) id 1", "HTTP"},
	    {"from h (n.example [192.0.2.1]) by mx.example with ESMTPS id 1",
		""},
	};
	struct relay relay;
	size_t i;

	for (i = 0; i < nitems(lines); i++) {
		CHECK(parse(lines[i].line, &relay) == RELAY_KNOWN);
		CHECK(span_is(relay.auth, lines[i].auth));
	}
}

static void
test_what_is_ugly_is_marked(void)
{
	CHECK(
	    says("from <[a|b]> ([192.0.2.1]) by mx.example (X) with ESMTP id 1",
		"192.0.2.1 - !!a!b!! mx.example"));
	CHECK(says("from h (n.example. [::ffff:192.0.2.1]) by mx.example with "
		   "SMTP id 1",
	    "192.0.2.1 n.example h mx.example"));
	CHECK(says("from h (n.example [192.0.2.1])by mx.example with SMTP",
	    "192.0.2.1 n.example h mx.example"));
	CHECK(says("from h (n.example [192.0.2.1]) (no end by mx.example "
		   "with SMTP",
	    "192.0.2.1 n.example h mx.example"));
}

/* Reads a message made of these fields. */
static const struct relays *
read_relays(const char *header)
{
	mail_reset(&mail);
	mail_read(&mail, span_of(header));
	relays_read(&mail, networks, (struct span){NULL, 0});
	return mail.relays;
}

#define INSIDE                                                \
	"Received: from in.example (in.example [10.0.0.7])\n" \
	"\tby mx.example (Postfix) with ESMTP id 111;\n"      \
	"\tSat, 21 Nov 2026 10:10:02 +0000\n"
#define OUTSIDE                                                  \
	"Received: from out.example (out.example [192.0.2.7])\n" \
	"\tby in.example (Postfix) with ESMTP id 222;\n"         \
	"\tSat, 21 Nov 2026 10:10:01 +0000\n"
#define FORGED                                           \
	"Received: from me (me.example [10.0.0.9])\n"    \
	"\tby out.example (Postfix) with ESMTP id 333\n" \
	"\t(envelope-from <a@me.example>);\n"            \
	"\tSat, 21 Nov 2026 10:10:00 +0000\n"

static void
test_trust_ends_at_the_first_stranger(void)
{
	const struct relays *relays = read_relays(INSIDE OUTSIDE FORGED "\n");

	CHECK(relays->count == 3);
	CHECK(relays->trusted == 1 && relays->internal == 1);
	CHECK(relays->last_trusted_field == 0);
	CHECK(span_is(relays->trusted_text,
	    "[ ip=10.0.0.7 rdns=in.example helo=in.example by=mx.example "
	    "ident= envfrom= intl=1 id=111 auth= msa=0 ]"));
	CHECK(span_is(relays->untrusted_text,
	    "[ ip=192.0.2.7 rdns=out.example helo=out.example by=in.example "
	    "ident= envfrom= intl=0 id=222 auth= msa=0 ] "
	    "[ ip=10.0.0.9 rdns=me.example helo=me by=out.example "
	    "ident= envfrom=a@me.example intl=0 id=333 auth= msa=0 ]"));
	CHECK(span_eq(relays->trusted_text, relays->internal_text));
	CHECK(span_eq(relays->untrusted_text, relays->external_text));
	CHECK(relays->envelope_from.p == NULL);
}

static void
test_nothing_is_known_of_a_message_without_fields(void)
{
	const struct relays *relays = read_relays("Subject: a\n\nb\n");

	CHECK(relays->count == 0 && !relays->unparseable);
	CHECK(relays->trusted_text.len == 0);
	CHECK(relays->untrusted_text.len == 0);
	CHECK(relays->last_trusted_field == SIZE_MAX);
	relays = read_relays("Received: from <x> (<x> []) by y with Z\n\n");
	CHECK(relays->count == 0 && relays->unparseable_count == 1);
	CHECK(relays->last_trusted_field == 0);
}

static void
test_networks_tell_who_is_trusted(void)
{
	const struct relays *relays;

	networks = relay_networks_new();
	CHECK(relay_networks_add(
	    networks, 't', span_of("10/8 !192.0.2.8 192.0.2.0/24")));
	CHECK(relay_networks_add(networks, 'i', span_of("10.0.0.")));
	relays = read_relays(INSIDE OUTSIDE FORGED "\n");
	CHECK(relays->trusted == 3 && relays->internal == 1);
	CHECK(relays->last_internal_field == 0);
	CHECK(relays->last_trusted_field == 2);
	CHECK(span_is(relays->envelope_from, "a@me.example"));
	CHECK(!relay_networks_contain(networks, 't', span_of("192.0.2.8")));
	CHECK(relay_networks_contain(networks, 't', span_of("127.0.0.1")));
	CHECK(
	    relay_networks_contain(networks, 't', span_of("::ffff:192.0.2.9")));
	/* what one of ours took from its own users is trusted all through */
	CHECK(relay_networks_add(networks, 'm', span_of("192.0.2.7/32")));
	relays = read_relays(INSIDE OUTSIDE
	    "Received: from x (x [198.51.100.1]) by y (Z) with SMTP\n\n");
	CHECK(relays->trusted == 3);
	CHECK(relays->list[1].is_msa && !relays->list[2].is_msa);
	relay_networks_free(networks);
	networks = NULL;
}

static void
test_fields_of_origin_are_relays_below_all_others(void)
{
	const struct relays *relays;
	char many[RELAY_ORIGINS_MAX * 8 + 8] = "";
	size_t i;

	networks = relay_networks_new();
	CHECK(relay_networks_origins(
	    networks, span_of(" X-Origin: x-other  x-origin")));
	relays =
	    read_relays("X-Origin: 192.0.2.1\nX-Origin: [192.0.2.77]:4 x\n"
			"X-Other: IPv6:2001:db8::1 192.0.2.3\n" OUTSIDE "\n");
	CHECK(relays->count == 3 && relays->trusted == 0);
	CHECK(span_ends(relays->untrusted_text,
	    " [ ip=192.0.2.77 rdns= helo= by= ident= envfrom= intl=0 id= "
	    "auth= msa=0 ] [ ip=2001:db8::1 rdns= helo= by= ident= envfrom= "
	    "intl=0 id= auth= msa=0 ]"));
	/* one of our own network is trusted as any */
	relays = read_relays(INSIDE "X-Other: 10.1.2.3\n\n");
	CHECK(relays->count == 2 && relays->trusted == 2);
	CHECK(relays->last_trusted_field == 1);
	relays = read_relays("X-Origin: nobody, 1234\nX-More: 192.0.2.1\n\n");
	CHECK(relays->count == 0 && !relays->unparseable);
	for (i = 0; i < RELAY_ORIGINS_MAX; i++)
		snprintf(many + 6 * i, 8, "X-%03zu ", i);
	CHECK(!relay_networks_origins(networks, span_of(many)));
	relay_networks_free(networks);
	networks = NULL;
}

static void
test_what_is_no_network_is_refused(void)
{
	static const char *const bad[] = {"example.com", "192.0.2.1/33",
	    "192.0.2.256", "1.2.3.4.5", "[2001:db8::/32]", "2001:db8::/129",
	    "192.0.2.0/255.0.255.0", "192.0.2.0/"};
	static const char *const good[] = {"192.0.2.0/255.255.255.0",
	    "[2001:db8::]/32", "2001:db8::1", "192.0.2", "! 192.0.2.1",
	    "fe80::1%eth0", "0/0"};
	size_t i;

	networks = relay_networks_new();
	for (i = 0; i < nitems(bad); i++)
		CHECK(!relay_networks_add(networks, 't', span_of(bad[i])));
	CHECK(!relay_networks_has(networks, 't'));
	for (i = 0; i < nitems(good); i++)
		CHECK(relay_networks_add(networks, 't', span_of(good[i])));
	CHECK(relay_networks_contain(networks, 't', span_of("2001:db8:1::1")));
	CHECK(!relay_networks_contain(networks, 't', span_of("2001:db9::1")));
	relay_networks_free(networks);
	networks = NULL;
}

static void
test_a_fetched_message_begins_in_its_mailbox(void)
{
	const struct relays *relays = read_relays(
	    INSIDE "Received: from pop.example [192.0.2.1] by localhost with "
		   "IMAP (fetchmail-6) for me; x\n" OUTSIDE "\n");

	CHECK(relays->count == 1 && relays->trusted == 0);
	CHECK(span_is(relays->list[0].ip, "192.0.2.7"));
	/* a stranger's mark is worth nothing */
	relays = read_relays(
	    OUTSIDE "Received: from pop.example [192.0.2.1] by localhost with "
		    "IMAP (fetchmail-6) for me; x\n" FORGED "\n");
	CHECK(relays->count == 2);
}

static void
test_the_sender_is_who_the_envelope_says(void)
{
	const struct relays *relays =
	    read_relays("Return-Path: <a@b.example>\n" OUTSIDE "\n");

	CHECK(span_is(relays->envelope_from, "a@b.example"));
	/* one that stands below may be of anybody */
	relays = read_relays(OUTSIDE "Return-Path: <a@b.example>\n\n");
	CHECK(relays->envelope_from.p == NULL);
	relays = read_relays("X-Envelope-From: <c@d.example>\n" OUTSIDE "\n");
	CHECK(span_is(relays->envelope_from, "c@d.example"));
	mail_reset(&mail);
	mail.envelope.sender = span_of("");
	mail_read(&mail, span_of("Return-Path: <a@b.example>\n\n"));
	relays_read(&mail, NULL, (struct span){NULL, 0});
	CHECK(mail.relays->envelope_from.p != NULL &&
	      mail.relays->envelope_from.len == 0);
	mail_reset(&mail);
	mail_read(&mail, span_of("X-From: <e@f.example>\n"
				 "Return-Path: <a@b.example>\n\n"));
	relays_read(&mail, NULL, span_of("X-No X-From"));
	CHECK(span_is(mail.relays->envelope_from, "e@f.example"));
}

static void
test_many_fields_and_long_ones_end(void)
{
	struct buf buf = BUF_INIT(1 << 20);
	int i;

	for (i = 0; i < 1000; i++)
		buf_adds(&buf, "Received: from a (a [192.0.2.1]) by b\n");
	read_relays(buf_str(&buf));
	CHECK(mail.relays->count == RELAYS_MAX);
	buf_reset(&buf);
	buf_adds(&buf, "Received: from a ");
	for (i = 0; i < 4000; i++)
		buf_adds(&buf, "((");
	read_relays(buf_str(&buf));
	CHECK(mail.relays->unparseable_count == 1);
	buf_free(&buf);
}

int
main(void)
{
	mail_init(&mail);
	TEST(addresses_are_known_by_their_form);
	TEST(private_addresses_are_those_of_nobody);
	TEST(an_address_is_found_in_a_text);
	TEST(postfix_names_both_names);
	TEST(others_have_forms_of_their_own);
	TEST(our_own_field_is_understood);
	TEST(what_is_no_handing_over_is_skipped);
	TEST(a_login_is_told);
	TEST(what_is_ugly_is_marked);
	TEST(trust_ends_at_the_first_stranger);
	TEST(nothing_is_known_of_a_message_without_fields);
	TEST(networks_tell_who_is_trusted);
	TEST(fields_of_origin_are_relays_below_all_others);
	TEST(what_is_no_network_is_refused);
	TEST(a_fetched_message_begins_in_its_mailbox);
	TEST(the_sender_is_who_the_envelope_says);
	TEST(many_fields_and_long_ones_end);
	mail_free(&mail);
	arena_free(&arena);
	return test_end();
}
