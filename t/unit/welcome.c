/* globs, welcome, welcomesubject: lists of who may write what. */
#include "asked.h"
#include "eval/families.h"
#include "eval/globs.h"
#include "test.h"

#define RELAY                                                                  \
	"Received: from mail.relay.example (mail.relay.example [192.0.2.7])\n" \
	"\tby mx.home.example (Postfix) with ESMTP id 1; now\n"

static void
read_text(const char *text)
{
	asked_read(span_of(text));
}

static bool
matches(const char *pattern, const char *text)
{
	return glob_matches(span_of(pattern), span_of(text), 0);
}

static void
test_stars_and_question_marks_stand_for_octets(void)
{
	CHECK(matches("*", "") && matches("*", "a"));
	CHECK(matches("a*b*c", "abbc") && matches("a*b*c", "axbxbxc"));
	CHECK(!matches("a*b*c", "axbxb"));
	CHECK(matches("?a", "xa") && !matches("?a", "a"));
	CHECK(matches("**a**", "a") && !matches("a", "ab"));
	CHECK(matches("", "") && !matches("", "a"));
	CHECK(glob_matches(span_of("a.*"), span_of("a.b"), '.'));
	CHECK(!glob_matches(span_of("a.*"), span_of("a.b.c"), '.'));
	CHECK(glob_matches(span_of("a.*.*"), span_of("a.b.c"), '.'));
}

static bool
has(const struct globs *globs, const char *address)
{
	return globs_have(globs, span_of(address));
}

static void
test_a_list_is_searched_by_the_ends_of_addresses(void)
{
	struct arena arena = {0};
	struct globs globs;

	globs_init(&globs, &arena);
	CHECK(!has(&globs, "joe@a.example"));
	globs_add_all(&globs, span_of("Joe@A.example *@b.example *.c.example "
				      "ann@* *d.example *@*.e.?? f*"));
	CHECK(has(&globs, "joe@a.example"));
	CHECK(!has(&globs, "joe@x.a.example"));
	CHECK(has(&globs, "any@b.example"));
	CHECK(!has(&globs, "any@x.b.example"));
	CHECK(has(&globs, "any@x.y.c.example"));
	CHECK(!has(&globs, "any@c.example"));
	CHECK(has(&globs, "ann@anywhere"));
	CHECK(has(&globs, "x@bad.example"));
	CHECK(has(&globs, "x@y.e.xy") && !has(&globs, "x@y.e.xyz"));
	CHECK(has(&globs, "f@g") && !has(&globs, "") && !has(&globs, "."));
	globs_remove_all(&globs, span_of("*@B.example *@nobody"));
	CHECK(!has(&globs, "any@b.example"));
	globs_add_all(&globs, span_of("*@b.example"));
	CHECK(has(&globs, "any@b.example"));
	arena_free(&arena);
}

static void
test_a_thousand_patterns_are_told_apart(void)
{
	struct arena arena = {0};
	struct globs globs;
	char text[64];
	int i;

	globs_init(&globs, &arena);
	for (i = 0; i < 10000; i += 2) {
		snprintf(text, sizeof(text), "*@d%d.example", i);
		globs_add(&globs, arena_copy(&arena, span_of(text)));
	}
	for (i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "joe@d%d.example", i);
		CHECK(has(&globs, text) == (i % 2 == 0));
	}
	arena_free(&arena);
}

static void
test_senders_and_recipients_are_looked_for_in_lists(void)
{
	asked_begin(&eval_welcome, "welcomelist_from *@a.example\n"
				   "blacklist_from joe@b.example\n"
				   "whitelist_to *@c.example\n"
				   "blocklist_to ?@d.example\n"
				   "more_spam_to e@e.example\n"
				   "all_spam_to f@*\n");
	asked_use_tld("example com");
	read_text("From: Joe <JOE@a.example>\nTo: x@c.example\n\n");
	CHECK(ask("check_from_in_welcomelist", NULL));
	CHECK(ask("check_from_in_whitelist", NULL));
	CHECK(!ask("check_from_in_blocklist", NULL));
	CHECK(ask("check_to_in_welcomelist", NULL));
	CHECK(!ask("check_to_in_blocklist", NULL));
	read_text("From: joe@b..example\nCc: E@E.example\nX-Original-To: f@g\n"
		  "Delivered-To: x@d.example\n\n");
	CHECK(ask("check_from_in_blacklist", NULL));
	CHECK(ask("check_to_in_blacklist", NULL));
	CHECK(ask("check_to_in_more_spam", NULL));
	CHECK(ask("check_to_in_all_spam", NULL));
	read_text("Received: from x by y for <f@h.example>; now\n\n");
	CHECK(ask("check_to_in_all_spam", NULL));
	read_text("Received: from x by y for <f@h>; now\n\n");
	CHECK(!ask("check_to_in_all_spam", NULL));
	asked_end();
}

static void
test_resent_fields_are_the_only_ones_that_count(void)
{
	asked_begin(&eval_welcome, "blocklist_from joe@b.example\n"
				   "blocklist_to x@y.example\n");
	asked_use_tld("example com");
	read_text("From: joe@b.example\nResent-From: ann@c.example\n"
		  "To: x@y.example\nResent-To: z@y.example\n\n");
	CHECK(!ask("check_from_in_blocklist", NULL));
	CHECK(!ask("check_to_in_blocklist", NULL));
	asked_end();
}

static void
test_lists_have_names(void)
{
	asked_begin(&eval_welcome, "enlist_addrlist (BANKS) *@bank.example\n"
				   "enlist_addrlist (BANKS) *@b.com *@c.com\n"
				   "enlist_addrlist none@bank.example\n"
				   "blocklist_from *@b.com\n");
	asked_use_tld("example com");
	read_text("From: a@C.com\nReply-To: x@bank.example\nTo: y@b.com\n\n");
	CHECK(ask("check_from_in_list", "BANKS", NULL));
	CHECK(!ask("check_from_in_list", "banks", NULL));
	CHECK(ask("check_replyto_in_list", "BANKS", NULL));
	CHECK(ask("check_to_in_list", "BANKS", NULL));
	CHECK(ask("check_to_in_list", "blocklist_from", NULL));
	CHECK(!ask("check_to_in_list", "NONE", NULL));
	CHECK(ruleset_note_count(asked_set) == 1);
	asked_end();
}

static bool
is_welcome_by(const char *relay)
{
	char settings[200];
	bool welcome;

	snprintf(settings, sizeof(settings),
	    "welcomelist_from_rcvd *@a.example %s\n", relay);
	asked_begin(&eval_welcome, settings);
	asked_use_tld("example com");
	read_text(RELAY "From: joe@a.example\n\n");
	welcome = ask("check_from_in_welcomelist", NULL);
	CHECK(welcome == !ask("check_forged_in_welcomelist", NULL));
	asked_end();
	return welcome;
}

static void
test_some_are_welcome_only_by_their_relays(void)
{
	CHECK(is_welcome_by("relay.example"));
	CHECK(is_welcome_by("mail.Relay.example"));
	CHECK(!is_welcome_by("elay.example"));
	CHECK(!is_welcome_by("x.mail.relay.example"));
	CHECK(is_welcome_by("[192.0.2.7]"));
	CHECK(!is_welcome_by("[192.0.2.70]"));
	CHECK(is_welcome_by("[192.0.2]"));
	CHECK(is_welcome_by("[192.]"));
	CHECK(!is_welcome_by("[19]"));
	CHECK(is_welcome_by("[192.0.2.0/24]"));
	CHECK(is_welcome_by("[192.0.2.0]/29"));
	CHECK(!is_welcome_by("[192.0.2.8/29]"));
	CHECK(!is_welcome_by("[2001:db8::]/32"));
	CHECK(!is_welcome_by("[]"));
	CHECK(!is_welcome_by("[192.0.2.0/99]"));
}

static void
test_a_wrong_relay_is_a_forgery_unless_any_is_allowed(void)
{
	asked_begin(&eval_welcome,
	    "def_welcomelist_from_rcvd *@a.example other.example\n"
	    "whitelist_allows_relays j*@a.example\n"
	    "welcomelist_from_rcvd *@b.example other.example\n"
	    "welcomelist_from_rcvd *@c.example other.example\n"
	    "unwelcomelist_from_rcvd *@c.example\n");
	asked_use_tld("example com");
	read_text(RELAY "From: ann@a.example\n\n");
	CHECK(ask("check_forged_in_default_welcomelist", NULL));
	CHECK(!ask("check_from_in_default_welcomelist", NULL));
	CHECK(!ask("check_forged_in_welcomelist", NULL));
	read_text(RELAY "From: joe@a.example\n\n");
	CHECK(!ask("check_forged_in_default_welcomelist", NULL));
	read_text(RELAY "From: ann@b.example\n\n");
	CHECK(ask("check_forged_in_whitelist", NULL));
	read_text(RELAY "From: ann@c.example\n\n");
	CHECK(!ask("check_forged_in_welcomelist", NULL));
	/* nobody can be forged whom nobody handed over */
	read_text("From: ann@b.example\n\n");
	CHECK(!ask("check_forged_in_welcomelist", NULL));
	asked_end();
}

static void
test_a_sender_may_have_the_relays_domain(void)
{
	asked_begin(&eval_welcome, NULL);
	asked_use_tld("example com");
	read_text("Return-Path: <joe@lists.relay.example>\n" RELAY "\n");
	CHECK(ask("check_mailfrom_matches_rcvd", NULL));
	read_text("Return-Path: <joe@other.example>\n" RELAY "\n");
	CHECK(!ask("check_mailfrom_matches_rcvd", NULL));
	asked_end();
}

static void
test_subjects_are_welcome_by_what_is_in_them(void)
{
	asked_begin(&eval_welcomesubject, "whitelist_subject [Bug *]\n"
					  "blocklist_subject make m?ney\n");
	read_text("Subject: Re: [bug 12] it is broken\n\n");
	CHECK(ask("check_subject_in_welcomelist", NULL));
	CHECK(ask("check_subject_in_whitelist", NULL));
	CHECK(!ask("check_subject_in_blocklist", NULL));
	read_text("Subject: MAKE M0NEY FAST\n\n");
	CHECK(ask("check_subject_in_blacklist", NULL));
	CHECK(!ask("check_subject_in_welcomelist", NULL));
	read_text("To: x\n\n");
	CHECK(!ask("check_subject_in_blocklist", NULL));
	asked_end();
}

/* Anything that took more than linear time would make this last for hours. */
static void
test_long_lists_of_addresses_end(void)
{
	const char *const units[] = {"a.", "@", "a@b,", "<a@b.c.d>, ",
	    "\na: ", "\nTo: a@b.c", "\nReceived: from a by b for <",
	    " for <a@b.c>; "};
	struct buf text = BUF_INIT(4 << 20);
	size_t i;

	asked_begin(&eval_welcome, "blocklist_from *a*a*a*a*a*b *@*.c.d\n"
				   "blocklist_to *a*a*a*a*a*b nobody@*\n"
				   "welcomelist_from_rcvd *a*a*b x.example\n");
	asked_use_tld("example com");
	for (i = 0; i < nitems(units); i++) {
		buf_reset(&text);
		buf_adds(&text, i % 2 == 0 ? "From: " : "Received: ");
		while (buf_adds(&text, units[i]))
			;
		asked_read(buf_span(&text));
		ask("check_from_in_blocklist", NULL);
		ask("check_from_in_welcomelist", NULL);
		CHECK(!ask("check_to_in_blocklist", NULL));
	}
	asked_end();
	buf_free(&text);
}

int
main(void)
{
	TEST(stars_and_question_marks_stand_for_octets);
	TEST(a_list_is_searched_by_the_ends_of_addresses);
	TEST(a_thousand_patterns_are_told_apart);
	TEST(senders_and_recipients_are_looked_for_in_lists);
	TEST(resent_fields_are_the_only_ones_that_count);
	TEST(lists_have_names);
	TEST(some_are_welcome_only_by_their_relays);
	TEST(a_wrong_relay_is_a_forgery_unless_any_is_allowed);
	TEST(a_sender_may_have_the_relays_domain);
	TEST(subjects_are_welcome_by_what_is_in_them);
	TEST(long_lists_of_addresses_end);
	return test_end();
}
