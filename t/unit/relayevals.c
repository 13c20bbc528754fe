/* relay, bounce: what rules ask about who handed it to whom. */
#include "asked.h"
#include "eval/families.h"
#include "test.h"

#define FROM(helo, name, ip, by)                        \
	"Received: from " helo " (" name " [" ip "])\n" \
	"\tby " by " (Postfix) with ESMTP id 1; now\n"
#define INSIDE FROM("in.example", "in.example", "10.0.0.7", "mx.example")

static void
read_relays(const char *header)
{
	static char text[8192];

	snprintf(text, sizeof(text), "%s\nText\n", header);
	asked_read(span_of(text));
}

static void
begin_relay(void)
{
	mail_init(&asked_mail);
	asked_family = &eval_relay;
	asked_data = NULL;
	asked_use_tld("com example");
}

static void
end_relay(void)
{
	tld_free(asked_tld);
	asked_tld = NULL;
	mail_free(&asked_mail);
}

static void
test_all_relays_may_be_trusted_or_none_be_there(void)
{
	begin_relay();
	read_relays("Subject: a\n");
	CHECK(ask("check_no_relays", NULL));
	CHECK(!ask("check_all_trusted", NULL));
	read_relays(INSIDE);
	CHECK(!ask("check_no_relays", NULL));
	CHECK(ask("check_all_trusted", NULL));
	read_relays(INSIDE "Received: from <x> (<x> []) by y with Z\n");
	CHECK(!ask("check_all_trusted", NULL));
	CHECK(ask("check_relays_unparseable", NULL));
	read_relays(
	    INSIDE FROM("a.example", "a.example", "192.0.2.1", "in.example"));
	CHECK(!ask("check_all_trusted", NULL));
	CHECK(!ask("check_relays_unparseable", NULL));
	CHECK(ask("check_for_sender_no_reverse", NULL));
	CHECK(!ask("check_for_illegal_ip", NULL));
	end_relay();
}

static void
test_a_number_in_helo_is_suspect(void)
{
	begin_relay();
	read_relays(FROM("192.0.2.1", "unknown", "192.0.2.1", "mx.example"));
	CHECK(ask("check_for_numeric_helo", NULL));
	CHECK(!ask("helo_ip_mismatch", NULL));
	read_relays(FROM("192.0.2.9", "unknown", "192.0.2.1", "mx.example"));
	CHECK(!ask("helo_ip_mismatch", NULL));
	CHECK(!ask("check_for_forged_received_ip_helo", NULL));
	read_relays(FROM("198.51.100.9", "unknown", "192.0.2.1", "mx.example"));
	CHECK(ask("helo_ip_mismatch", NULL));
	CHECK(ask("check_for_forged_received_ip_helo", NULL));
	read_relays(FROM("10.0.0.1", "unknown", "192.0.2.1", "mx.example"));
	CHECK(!ask("check_for_numeric_helo", NULL));
	CHECK(!ask("helo_ip_mismatch", NULL));
	end_relay();
}

static void
test_great_houses_have_names(void)
{
	begin_relay();
	read_relays(FROM("a.yahoo.com", "unknown", "192.0.2.1", "mx.example"));
	CHECK(ask("check_for_no_rdns_dotcom_helo", NULL));
	read_relays(
	    FROM("a.yahoo.com", "a.yahoo.com", "192.0.2.1", "mx.example"));
	CHECK(!ask("check_for_no_rdns_dotcom_helo", NULL));
	read_relays(FROM("ayahoo.com", "unknown", "192.0.2.1", "mx.example"));
	CHECK(!ask("check_for_no_rdns_dotcom_helo", NULL));
	end_relay();
}

static void
test_a_trail_must_fit_together(void)
{
	begin_relay();
	read_relays(FROM("x", "a.one.example", "192.0.2.1", "mx.zero.example")
		FROM("x", "b.two.example", "192.0.2.2", "mx.one.example")
		    FROM("x", "c.two.example", "192.0.2.3", "mx.two.example"));
	CHECK(!ask("check_for_forged_received_trail", NULL));
	read_relays(FROM("x", "a.one.example", "192.0.2.1", "mx.zero.example")
		FROM("x", "b.two.example", "192.0.2.2", "mx.else.example") FROM(
		    "x", "c.two.example", "192.0.2.3", "mx.other.example"));
	CHECK(ask("check_for_forged_received_trail", NULL));
	end_relay();
}

static void
test_mail_of_a_house_comes_from_its_machines(void)
{
	static const char inside[] = "From: a@one.example\n" FROM(
	    "x", "a.one.example", "192.0.2.1", "mx.one.example");
	static const char outside[] = "From: a@one.example\n" FROM(
	    "x", "a.one.example", "192.0.2.1", "mx.two.example");

	begin_relay();
	read_relays(inside);
	CHECK(ask("check_for_from_domain_in_received_headers", "one.example",
	    "true", NULL));
	CHECK(!ask("check_for_from_domain_in_received_headers", "one.example",
	    "false", NULL));
	CHECK(!ask("check_for_from_domain_in_received_headers", "two.example",
	    "false", NULL));
	read_relays(outside);
	CHECK(!ask("check_for_from_domain_in_received_headers", "one.example",
	    "true", NULL));
	CHECK(ask("check_for_from_domain_in_received_headers", "one.example",
	    "false", NULL));
	end_relay();
}

static void
test_a_bounce_of_our_own_mail_names_our_relay(void)
{
	static const char quoted[] =
	    "Subject: returned\n\n"
	    "> Received: from a by relay7.home.example with SMTP\n";
	static const char attached[] =
	    "Content-Type: multipart/report; boundary=b\n\n--b\n"
	    "Content-Type: message/rfc822\n\n"
	    "Received: from a ([192.0.2.1])\n\tby OUT.home.example\n"
	    "\twith SMTP\nSubject: x\n\ny\n--b--\n";
	static const char other[] =
	    "Subject: out.home.example \n\n"
	    "Received: from a by relay.other.example with SMTP\n\n"
	    "by out.home.example with SMTP\n";

	asked_begin(&eval_bounce,
	    "welcomelist_bounce_relays relay?.home.example\n"
	    "whitelist_bounce_relays out.*\n");
	CHECK(ask("have_any_bounce_relays", NULL));
	asked_read(span_of(quoted));
	CHECK(ask("check_welcomelist_bounce_relays", NULL));
	asked_read(span_of(attached));
	CHECK(ask("check_whitelist_bounce_relays", NULL));
	asked_read(span_of(other));
	CHECK(!ask("check_whitelist_bounce_relays", NULL));
	asked_end();
	asked_begin(&eval_bounce, NULL);
	asked_read(span_of(quoted));
	CHECK(!ask("have_any_bounce_relays", NULL));
	CHECK(!ask("check_welcomelist_bounce_relays", NULL));
	asked_end();
}

int
main(void)
{
	TEST(all_relays_may_be_trusted_or_none_be_there);
	TEST(a_number_in_helo_is_suspect);
	TEST(great_houses_have_names);
	TEST(a_trail_must_fit_together);
	TEST(mail_of_a_house_comes_from_its_machines);
	TEST(a_bounce_of_our_own_mail_names_our_relay);
	return test_end();
}
