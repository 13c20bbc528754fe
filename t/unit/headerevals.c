/* header: what rules ask about dates, forged services, text and addresses. */
#include "asked.h"
#include "eval/datetext.h"
#include "eval/families.h"
#include "test.h"

#define RECEIVED(date)                                                       \
	"Received: from a.example (a.example [192.0.2.7])\n\tby mx.example " \
	"with SMTP id 1; " date "\n"

static void
read_text(const char *text)
{
	asked_read(span_of(text));
}

static int64_t
date_of(const char *text)
{
	int64_t when;

	return datetext_read(span_of(text), &when) ? when : -1;
}

static void
test_dates_are_read_as_people_write_them(void)
{
	CHECK(date_of("Sat, 21 Nov 2026 10:10:00 +0100") == 1795252200);
	CHECK(date_of("21 nov 2026 09:10 GMT") == 1795252200);
	CHECK(date_of("Sat,21 Nov 2026 01:10:00 (PST)") == 1795252200);
	CHECK(date_of("21 Nov 26 10:10:00 +0100 (CET)") == 1795252200);
	CHECK(date_of("21 Nov 126 09:10:00") == 1795252200);
	CHECK(date_of("21 Nov 2026") == 1795219200);
	/* as ctime(3) writes it, whose time of day goes with the year */
	CHECK(date_of("Sat Nov 21 10:10:00 2026") == 1795219200);
	CHECK(date_of("from x by y; 1 Jan 1970 00:00:10 -0000") == 10);
}

static void
test_dates_out_of_range_are_moved_into_it(void)
{
	CHECK(date_of("31 Jun 2026 24:70:61 +0000") ==
	      date_of("1 Jul 2026 23:59:59 +0000"));
	CHECK(date_of("32 Dec 2020 0:00 +0000") ==
	      date_of("1 Jan 2021 0:00 +0000"));
	CHECK(date_of("29 Feb 2024") > 0);
	CHECK(date_of("29 Feb 2023") == date_of("1 Mar 2023"));
	CHECK(date_of("1 Jan 9999") == date_of("1 Jan 2037"));
	CHECK(date_of("1 Jan 1970 0:00 +1200") == 0);
	CHECK(date_of("0 Jan 2026") == -1);
	CHECK(date_of("99999999999999999999 Jan 2026") > 0);
	CHECK(date_of("Jan 2026") == -1);
	CHECK(date_of("") == -1);
}

static void
test_a_date_is_held_against_the_nearest_time_of_receipt(void)
{
	asked_begin(&eval_headerdate, NULL);
	read_text(RECEIVED("Sat, 21 Nov 2026 14:00:00 +0000") RECEIVED(
	    "Sat, 21 Nov 2026 10:00:00 +0000") "Date: Sat, 21 Nov 2026 "
					       "14:30:00 +0000\n\n");
	CHECK(ask("check_for_shifted_date", "0.4", "0.6", NULL));
	CHECK(!ask("check_for_shifted_date", "0.5001", "undef", NULL));
	read_text(RECEIVED(
	    "Sat, 21 Nov 2026 14:00:00 +0000") "Date: Wed, 18 Nov 2026 "
					       "14:00:00 +0000\n\n");
	CHECK(ask("check_for_shifted_date", "-72", "-71.9", NULL));
	CHECK(ask("check_for_shifted_date", "undef", "-48", NULL));
	/* the first station may have taken over the date */
	read_text(RECEIVED("Sat, 21 Nov 2026 14:00:00 +0000") RECEIVED(
	    "Wed, 18 Nov 2026 14:00:00 +0000") "Date: Wed, 18 Nov 2026 "
					       "14:00:00 +0000\n\n");
	CHECK(ask("check_for_shifted_date", "-72", "-71.9", NULL));
	asked_end();
}

static void
test_resent_date_goes_before_date(void)
{
	asked_begin(&eval_headerdate, NULL);
	read_text(RECEIVED(
	    "Sat, 21 Nov 2026 14:00:00 +0000") "Date: Wed, 18 Nov 2020 "
					       "14:00:00 +0000\n"
					       "Resent-Date: Sat, 21 Nov 2026 "
					       "14:00:00 +0000\n\n");
	CHECK(ask("check_for_shifted_date", "0", "0.01", NULL));
	asked_end();
}

static void
test_without_dates_nothing_is_shifted(void)
{
	asked_begin(&eval_headerdate, NULL);
	read_text("Date: yesterday\n\n");
	CHECK(!ask("check_for_shifted_date", "1", "undef", NULL));
	CHECK(!ask("check_for_shifted_date", "undef", "-1", NULL));
	asked_end();
}

static void
test_ids_of_outlook_tell_the_time(void)
{
	asked_begin(&eval_headerdate, NULL);
	/* 0x01c20b6e is in the night to the 4th of June 2002 */
	read_text("Message-ID: <000001c20b6e$00000000$0100a8c0@x>\n"
		  "Date: Tue, 4 Jun 2002 02:00:00 +0000\n\n");
	CHECK(!ask("check_outlook_message_id", NULL));
	read_text("Message-ID: <000001c20b6e$00000000$0100a8c0@x>\n"
		  "Date: Thu, 6 Jun 2002 12:00:00 +0000\n\n");
	CHECK(ask("check_outlook_message_id", NULL));
	read_text("Message-ID: <000001c20b6e$00000000$0100a8c0@x>\n" RECEIVED(
	    "Tue, 4 Jun 2002 02:00:00 +0000") "Date: Thu, 6 Jun 2002 12:00:00 "
					      "+0000\n\n");
	CHECK(!ask("check_outlook_message_id", NULL));
	read_text("Message-ID: <000001C20B6E$00000000$0100A8C0@x>\n\n");
	CHECK(!ask("check_outlook_message_id", NULL));
	asked_end();
}

static void
test_mail_of_a_service_comes_from_its_machines(void)
{
	asked_begin(&eval_headerforged, NULL);
	asked_use_tld("com example net");
	read_text("From: Joe <joe@yahoo.com>\n" RECEIVED("now") "\n");
	CHECK(ask("check_for_forged_yahoo_received_headers", NULL));
	read_text("Received: from unknown by web1.mail.abc.yahoo.com via "
		  "HTTP; now\nFrom: Joe <joe@yahoo.com>\n\n");
	CHECK(!ask("check_for_forged_yahoo_received_headers", NULL));
	read_text("From: Joe <joe@notyahoo.com>\n" RECEIVED("now") "\n");
	CHECK(!ask("check_for_forged_yahoo_received_headers", NULL));
	read_text("From: joe@gmail.com\n" RECEIVED("now") "\n");
	CHECK(ask("check_for_forged_gmail_received_headers", NULL));
	read_text("From: joe@gmail.com\nX-Received: by 10.1.2.3 with SMTP id "
		  "x1\n" RECEIVED("now") "\n");
	CHECK(!ask("check_for_forged_gmail_received_headers", NULL));
	read_text("From: joe@juno.com\n" RECEIVED("now") "\n");
	CHECK(ask("check_for_forged_juno_received_headers", NULL));
	asked_end();
}

static void
test_hotmail_is_forged_or_absent(void)
{
	asked_begin(&eval_headerforged, NULL);
	read_text("Received: from hotmail.com (unknown [192.0.2.7]) by x; "
		  "now\nFrom: joe@hotmail.com\n\n");
	CHECK(ask("check_for_forged_hotmail_received_headers", NULL));
	CHECK(!ask("check_for_no_hotmail_received_headers", NULL));
	read_text(RECEIVED("now") "From: joe@hotmail.com\n\n");
	CHECK(!ask("check_for_forged_hotmail_received_headers", NULL));
	CHECK(ask("check_for_no_hotmail_received_headers", NULL));
	read_text("Received: from x.y.hotmail.com ([192.0.2.7]) by x; now\n"
		  "X-Originating-IP: [192.0.2.9]\n"
		  "From: joe@hotmail.com\n\n");
	CHECK(!ask("check_for_no_hotmail_received_headers", NULL));
	/* without any field of receipt nothing can be said */
	read_text("From: joe@hotmail.com\n\n");
	CHECK(!ask("check_for_no_hotmail_received_headers", NULL));
	CHECK(ask("gated_through_received_hdr_remover", NULL));
	asked_end();
}

static void
test_octets_that_should_be_encoded_are_counted(void)
{
	asked_begin(&eval_headertext, NULL);
	read_text("Subject: \xe4\xf6 abcdef\nFrom: \xe4\xf6\xfc\n\n");
	CHECK(ask("check_illegal_chars", "Subject", "0.00", "2", NULL));
	CHECK(!ask("check_illegal_chars", "Subject", "0.00", "3", NULL));
	CHECK(!ask("check_illegal_chars", "Subject", "0.30", "2", NULL));
	CHECK(ask("check_illegal_chars", "From", "0.50", "2", NULL));
	CHECK(!ask("check_illegal_chars", "To", "0", "0", NULL));
	/* UTF-8 is let pass, a pound in a subject as well */
	read_text("Subject: only \xa3 100\xff\nFrom: \xc3\xa4\xc3\xb6\n\n");
	CHECK(!ask("check_illegal_chars", "Subject", "0", "2", NULL));
	CHECK(!ask("check_illegal_chars", "From", "0", "1", NULL));
	read_text("From: \xc3\xa4\x01\n\n");
	CHECK(ask("check_illegal_chars", "From", "0", "1", NULL));
	asked_end();
}

static void
test_capitals_of_a_subject_are_of_words(void)
{
	asked_begin(&eval_headertext, NULL);
	read_text("Subject: Re: FW: BUY THIS NOW!\n\n");
	CHECK(ask("subject_is_all_caps", NULL));
	read_text("Subject: Re: BUYTHISNOW!\n\n");
	CHECK(!ask("subject_is_all_caps", NULL));
	read_text("Subject: BUY THIS\n\n");
	CHECK(!ask("subject_is_all_caps", NULL));
	read_text("Subject: BUY THIS NOw, PLEASE\n\n");
	CHECK(!ask("subject_is_all_caps", NULL));
	read_text("Subject: 1234 5678 90\n\n");
	CHECK(!ask("subject_is_all_caps", NULL));
	read_text("Subject: =?koi8-r?Q?BUY_THIS_NOW?=\n\n");
	CHECK(!ask("subject_is_all_caps", NULL));
	asked_end();
}

static bool
greets(const char *subject)
{
	static char text[200];

	snprintf(text, sizeof(text), "To: Joe@example.com\nSubject: %s\n\n",
	    subject);
	read_text(text);
	return ask("check_for_to_in_subject", "user", NULL);
}

static void
test_a_subject_that_greets_by_the_mailbox_is_found(void)
{
	asked_begin(&eval_headertext, NULL);
	CHECK(greets("joe"));
	CHECK(greets("Re: joe"));
	CHECK(greets("re: dear JOE"));
	CHECK(greets("Joe, look"));
	CHECK(greets("Joe!"));
	CHECK(greets(", joe!"));
	CHECK(!greets("joe, look")); /* it is written otherwise */
	CHECK(!greets("Joe look"));
	CHECK(!greets("Joe,look"));
	CHECK(!greets("re: dear old joe"));
	CHECK(!greets(""));
	read_text("To: a.b@example.com\nSubject: for A.B@example.com now\n\n");
	CHECK(ask("check_for_to_in_subject", "address", NULL));
	read_text("To: a.b@example.com\nSubject: za.b@example.com\n\n");
	CHECK(!ask("check_for_to_in_subject", "address", NULL));
	asked_end();
}

static void
test_fields_are_counted_if_they_differ(void)
{
	asked_begin(&eval_headertext, NULL);
	read_text("Subject: a\nSubject: b\nX: 1\nsubject: a\n\n");
	CHECK(ask("check_header_count_range", "Subject", "2", "2", NULL));
	CHECK(!ask("check_header_count_range", "Subject", "3", "9", NULL));
	CHECK(ask("check_header_count_range", "Y", "0", "0", NULL));
	asked_end();
}

static void
test_templates_that_were_not_filled_in_are_found(void)
{
	asked_begin(&eval_headertext, NULL);
	read_text("X-Mailer: %RND_NAME\n\n");
	CHECK(ask("check_unresolved_template", NULL));
	read_text("Subject: 100%RND\nFrom: %RND\nX-Mailer: 5%Aa %a %\n\n");
	CHECK(!ask("check_unresolved_template", NULL));
	asked_end();
}

static void
test_character_sets_of_other_languages_are_far_away(void)
{
	asked_begin(&eval_headertext, "ok_locales en ja\n");
	read_text("Subject: =?koi8-r?Q?a?=\n\n");
	CHECK(ask("check_for_faraway_charset_in_headers", NULL));
	read_text("Subject: =?utf-8?Q?a?= =?iso-2022-jp?Q?a?=\n\n");
	CHECK(!ask("check_for_faraway_charset_in_headers", NULL));
	asked_end();
	asked_begin(&eval_headertext, NULL);
	read_text("Subject: =?koi8-r?Q?a?=\n\n");
	CHECK(!ask("check_for_faraway_charset_in_headers", NULL));
	asked_end();
}

static void
test_lists_of_recipients_that_are_alike_or_sorted(void)
{
	asked_begin(&eval_headerwho, NULL);
	read_text("To: a@x.example, b@x.example, c@x.example, d@x.example,\n"
		  " e@x.example, f@x.example\nCc: g@x.example\n\n");
	CHECK(ask("sorted_recipients", NULL));
	CHECK(ask("similar_recipients", "undef", "0.01", NULL));
	read_text("To: joea@a.example, joeb@b.example, joec@c.example\n"
		  "Cc: joed@d.example, joee@aa.example\n\n");
	CHECK(!ask("sorted_recipients", NULL));
	/* all 10 pairs by name, and one by host */
	CHECK(!ask("similar_recipients", "1.2", "undef", NULL));
	CHECK(ask("similar_recipients", "1", "undef", NULL));
	asked_end();
}

static void
test_addresses_of_sender_and_writer_are_compared(void)
{
	asked_begin(&eval_headerwho, NULL);
	asked_use_tld("com example net");
	read_text("Return-Path: <JOE@a.example.com>\n"
		  "From: joe@b.example.com\nTo: x@y.example\n\n");
	CHECK(!ask("check_for_matching_env_and_hdr_from", NULL));
	CHECK(!ask("check_equal_from_domains", NULL));
	read_text("Return-Path: <joe@example.net>\n"
		  "From: joe@example.com\n\n");
	CHECK(ask("check_equal_from_domains", NULL));
	CHECK(ask("check_for_missing_to_header", NULL));
	read_text("Return-Path: <JOE@example.com>\n"
		  "From: Joe <joe@example.com>\n\n");
	CHECK(ask("check_for_matching_env_and_hdr_from", NULL));
	asked_end();
}

static void
test_programs_that_send_spam_are_known_by_their_ids(void)
{
	asked_begin(&eval_headerwho, NULL);
	asked_use_tld("com example net");
	read_text("Message-ID: <ABCDEFGHIJKLMNOPQRSTUVWXYZAB.joe@x.example>\n"
		  "From: \"Joe\" <joe@x.example>\n\n");
	CHECK(ask("check_ratware_name_id", NULL));
	read_text("Message-ID: <ABCDEFGHIJKLMNOPQRSTUVWXYZAB.joe@x.example>\n"
		  "From: Joe <joe@x.example>\n\n");
	CHECK(!ask("check_ratware_name_id", NULL));
	read_text("Return-Path: <b-example.com.joe@spam.example>\n"
		  "To: joe@mail.example.com\n\n");
	CHECK(ask("check_ratware_envelope_from", NULL));
	read_text("Return-Path: <b-example.com.jo@spam.example>\n"
		  "To: joe@mail.example.com\n\n");
	CHECK(!ask("check_ratware_envelope_from", NULL));
	asked_end();
}

static void
ask_all(const struct eval_family *family, struct span octets)
{
	const struct eval *eval;

	asked_begin(family, NULL);
	asked_use_tld("com");
	asked_read(octets);
	for (eval = family->evals; eval->name != NULL; eval++)
		(void)ask(eval->name, "From", "0", "1", NULL);
	asked_end();
}

/* Anything that took more than linear time would make this last for hours. */
static void
test_long_headers_end(void)
{
	static const struct eval_family *const families[] = {&eval_headerdate,
	    &eval_headerforged, &eval_headertext, &eval_headerwho};
	const char *const units[] = {"a@", "<mailto:", "%", "=?x?Q?",
	    "1 Jan 2000 ", "from x by y ", "\nFrom: ", "[1.1.1.1]",
	    "Re: ", "\"<", "a, ", "\nReceived: 1 Jan 2000 1:1:1 x\nTo: a@b,"};
	struct buf text = BUF_INIT(2 << 20);
	size_t i, k;

	for (i = 0; i < nitems(units); i++) {
		buf_reset(&text);
		buf_adds(&text, i % 2 == 0 ? "From: " : "Received: ");
		while (buf_adds(&text, units[i]))
			;
		for (k = 0; k < nitems(families); k++)
			ask_all(families[k], buf_span(&text));
	}
	CHECK(text.len > text.max / 2);
	buf_free(&text);
}

int
main(void)
{
	TEST(dates_are_read_as_people_write_them);
	TEST(dates_out_of_range_are_moved_into_it);
	TEST(a_date_is_held_against_the_nearest_time_of_receipt);
	TEST(resent_date_goes_before_date);
	TEST(without_dates_nothing_is_shifted);
	TEST(ids_of_outlook_tell_the_time);
	TEST(mail_of_a_service_comes_from_its_machines);
	TEST(hotmail_is_forged_or_absent);
	TEST(octets_that_should_be_encoded_are_counted);
	TEST(capitals_of_a_subject_are_of_words);
	TEST(a_subject_that_greets_by_the_mailbox_is_found);
	TEST(fields_are_counted_if_they_differ);
	TEST(templates_that_were_not_filled_in_are_found);
	TEST(character_sets_of_other_languages_are_far_away);
	TEST(lists_of_recipients_that_are_alike_or_sorted);
	TEST(addresses_of_sender_and_writer_are_compared);
	TEST(programs_that_send_spam_are_known_by_their_ids);
	TEST(long_headers_end);
	return test_end();
}
