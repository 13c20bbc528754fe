/* bounce: the report about mail that did not get home. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer/bounce.h"
#include "test.h"

#define ENTRY "5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f"
#define HOST "carol.example.net"

static struct frame envelope, bounce;

static void
begin(const char *sender)
{
	frame_reset(&envelope);
	frame_reset(&bounce);
	CHECK(frame_add(&envelope, "id", span_of("c1-1")) == 0);
	if (sender != NULL)
		CHECK(frame_add(&envelope, "sender", span_of(sender)) == 0);
	CHECK(frame_add(&envelope, "received-at", span_of("1767607200")) == 0);
}

static void
for_recipient(const char *value)
{
	CHECK(frame_add(&envelope, "recipient", span_of(value)) == 0);
}

static const char *
text_of(const struct frame *frame)
{
	struct span spans[2];

	CHECK(message_spans(&frame->message, spans));
	CHECK(spans[0].len == 0);
	return buf_str(&frame->message.memory);
}

static bool
has(const char *what)
{
	return strstr(text_of(&bounce), what) != NULL;
}

static void
test_mail_that_was_too_old_has_a_report(void)
{
	begin("alice@example.net");
	for_recipient("bob bob@bob.example");
	for_recipient("shop shop+x@bob.example");
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) == 0);
	CHECK(span_is(frame_get(&bounce, "direction"), "bounce"));
	CHECK(span_is(frame_get(&bounce, "sender"), ""));
	CHECK(frame_get(&bounce, "sender").p != NULL);
	CHECK(span_is(frame_get(&bounce, "recipient"), "- alice@example.net"));
	CHECK(bounce.recipients == 1 && bounce.verdict == VERDICT_PASS);
	CHECK(has("\nFrom: Mail Delivery System <MAILER-DAEMON@" HOST ">\n"));
	CHECK(has("\nTo: <alice@example.net>\n"));
	CHECK(has("\nAuto-Submitted: auto-replied\n"));
	CHECK(has("\nContent-Type: multipart/report; "
		  "report-type=delivery-status;\n\tboundary=\""));
	CHECK(has("Content-Type: text/plain; charset=us-ascii\n"));
	CHECK(has("\n    bob@bob.example\n    shop+x@bob.example\n"));
	CHECK(has("\n30 days, and your mail is no longer kept.\n"));
	CHECK(has("Content-Type: message/delivery-status\n\n"
		  "Reporting-MTA: dns; " HOST "\nArrival-Date: Mon, 5 Jan 2026 "
		  "10:00:00 +0000\n\n"
		  "Final-Recipient: rfc822; bob@bob.example\n"
		  "Action: failed\nStatus: 4.4.7\n\n"
		  "Final-Recipient: rfc822; shop+x@bob.example\n"
		  "Action: failed\nStatus: 4.4.7\n\n--"));
	CHECK(!has("Diagnostic-Code"));
	CHECK(!has("8bit") && !has("\r"));
}

static void
test_mail_that_was_refused_says_by_what(void)
{
	begin("alice@example.net");
	for_recipient("bob bob@bob.example");
	CHECK(bounce_make(&envelope, ENTRY, HOST, "550 5.1.1 No such user", 30,
		  &bounce) == 0);
	CHECK(has("\n    550 5.1.1 No such user\n"));
	CHECK(has("Action: failed\nStatus: 5.1.1\n"
		  "Diagnostic-Code: smtp; 550 5.1.1 No such user\n"));
	CHECK(!has("30 days"));
	/* "twice" has the same id, so that it is seen to be one */
	CHECK(frame_get(&bounce, "id").len == 32);
}

static void
test_what_an_owner_says_is_ascii_in_it(void)
{
	begin("alice@example.net");
	for_recipient("bob bob@bob.example");
	CHECK(bounce_make(&envelope, ENTRY, HOST, "550 5.1.1 Gr\303\266\337e",
		  30, &bounce) == 0);
	CHECK(has("\n    550 5.1.1 Gr???e\n"));
	CHECK(has("Diagnostic-Code: smtp; 550 5.1.1 Gr???e\n"));
	CHECK(has("Content-Type: text/plain; charset=us-ascii\n"));
}

static void
test_its_id_is_that_of_the_entry(void)
{
	char id[100], line[200];
	struct span span;

	begin("alice@example.net");
	for_recipient("bob bob@bob.example");
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) == 0);
	span = frame_get(&bounce, "id");
	snprintf(id, sizeof(id), "%.*s", SPAN_ARG(span));
	snprintf(line, sizeof(line), "\nMessage-ID: <%s@" HOST ">\n", id);
	CHECK(has(line));
	frame_reset(&bounce);
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) == 0);
	CHECK(span_is(frame_get(&bounce, "id"), id));
	frame_reset(&bounce);
	CHECK(bounce_make(&envelope, "other", HOST, NULL, 30, &bounce) == 0);
	CHECK(!span_is(frame_get(&bounce, "id"), id));
}

static void
test_nobody_is_told_of_mail_from_nobody(void)
{
	static const char *const senders[] = {NULL, "", "postmaster", "alice",
	    "alice@", "@example.net", "a b@example.net", "alice@example..net",
	    "<alice@example.net>"};
	size_t i;

	for (i = 0; i < nitems(senders); i++) {
		begin(senders[i]);
		for_recipient("bob bob@bob.example");
		CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) ==
		      1);
		CHECK(bounce.fields.len == 0);
	}
}

static void
test_an_envelope_without_recipient_is_an_error(void)
{
	begin("alice@example.net");
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) == -1);
	CHECK(errno == EBADMSG);
}

static void
test_addresses_beyond_ascii_stay_ascii_for_programs(void)
{
	begin("alice@example.net");
	for_recipient("bob d\xc3\xb6rte+x@m\xc3\xbcnchen.example");
	for_recipient("bob \xf0\x9f\x90\x8c@bob.example");
	for_recipient("bob \xe2\x82\xac=@bob.example");
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 1, &bounce) == 0);
	CHECK(has("Final-Recipient: utf-8; "
		  "d\\x{F6}rte\\x{2B}x@m\\x{FC}nchen.example\n"));
	CHECK(has("Final-Recipient: utf-8; \\x{1F40C}@bob.example\n"));
	CHECK(has("Final-Recipient: utf-8; \\x{20AC}\\x{3D}@bob.example\n"));
	CHECK(has("Content-Type: text/plain; charset=utf-8\n"
		  "Content-Transfer-Encoding: 8bit\n"));
	CHECK(has("\n    d\xc3\xb6rte+x@m\xc3\xbcnchen.example\n"));
	CHECK(has("\na day, and your mail is no longer kept.\n"));
	begin("d\xc3\xb6rte@example.net");
	for_recipient("bob bob@bob.example");
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) == 0);
	CHECK(has("\nTo: <d\xc3\xb6rte@example.net>\n"));
	CHECK(has("\nContent-Transfer-Encoding: 8bit\n"));
	CHECK(has("Final-Recipient: rfc822; bob@bob.example\n"));
}

static void
test_a_time_that_is_none_is_left_out(void)
{
	begin("alice@example.net");
	buf_reset(&envelope.fields);
	CHECK(frame_add(&envelope, "sender", span_of("a@b.example")) == 0);
	CHECK(frame_add(&envelope, "received-at", span_of("soon")) == 0);
	for_recipient("bob bob@bob.example");
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) == 0);
	CHECK(!has("Arrival-Date") && has("from you,\n"));
}

static void
test_a_thousand_recipients_have_one_report(void)
{
	char value[400];
	int i;

	begin("alice@example.net");
	for (i = 0; i < FRAME_RECIPIENTS_MAX; i++) {
		snprintf(
		    value, sizeof(value), "b%d b%d@%.50d.example", i, i, i);
		for_recipient(value);
	}
	CHECK(bounce_make(&envelope, ENTRY, HOST, NULL, 30, &bounce) == 0);
	CHECK(has("Final-Recipient: rfc822; b999@"));
}

int
main(void)
{
	setenv("TZ", "UTC", 1);
	frame_init(&envelope);
	frame_init(&bounce);
	TEST(mail_that_was_too_old_has_a_report);
	TEST(mail_that_was_refused_says_by_what);
	TEST(what_an_owner_says_is_ascii_in_it);
	TEST(its_id_is_that_of_the_entry);
	TEST(nobody_is_told_of_mail_from_nobody);
	TEST(an_envelope_without_recipient_is_an_error);
	TEST(addresses_beyond_ascii_stay_ascii_for_programs);
	TEST(a_time_that_is_none_is_left_out);
	TEST(a_thousand_recipients_have_one_report);
	frame_free(&envelope);
	frame_free(&bounce);
	return test_end();
}
