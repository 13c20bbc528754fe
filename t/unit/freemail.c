/* freemail, fromname: addresses at services for anybody, and in names. */
#include "asked.h"
#include "eval/families.h"
#include "test.h"

#define DOMAINS "freemail_domains free.example mail.* gm?.example\n"
#define TO_FREE "From: joe@shop.example\nTo: x@a.example\n"

static void
read_text(const char *text)
{
	asked_read(span_of(text));
}

static void
begin(const char *settings)
{
	asked_begin(&eval_freemail, settings);
	asked_use_tld("example com org");
}

static bool
is_from(const char *address)
{
	static char text[300];

	snprintf(text, sizeof(text), "From: <%s>\n\n", address);
	read_text(text);
	return ask("check_freemail_from", NULL);
}

static void
test_domains_may_have_wildcards_within_labels(void)
{
	begin(DOMAINS);
	CHECK(is_from("Joe@Free.Example"));
	CHECK(!is_from("joe@a.free.example"));
	CHECK(!is_from("joe@notfree.example"));
	CHECK(is_from("joe@mail.com"));
	CHECK(!is_from("joe@mail.co.org"));
	CHECK(is_from("joe@gmx.example"));
	CHECK(!is_from("joe@gm.example"));
	asked_end();
}

static void
test_roles_and_ids_are_nobody(void)
{
	begin(DOMAINS);
	CHECK(!is_from("postmaster@free.example"));
	CHECK(!is_from("abuse@free.example"));
	CHECK(!is_from("undisclosed-recipients@free.example"));
	CHECK(!is_from("request-0123456789abcdef@free.example"));
	CHECK(is_from("request-0123456789abcdeg@free.example"));
	CHECK(!is_from("01234567.89abcdef@free.example"));
	CHECK(!is_from("01234567-89ab-cdef-0123-456789abcdef@free.example"));
	CHECK(is_from("01234567@free.example"));
	CHECK(!is_from("caf_=joe=shop.example@free.example"));
	CHECK(is_from("joe=shop@free.example"));
	asked_end();
}

static void
test_who_is_welcome_is_no_such_address(void)
{
	begin(DOMAINS "freemail_welcomelist joe@free.example mail.com\n"
		      "freemail_import_welcomelist_auth 1\n"
		      "welcomelist_auth ann*@free.example\n");
	CHECK(!is_from("joe@free.example"));
	CHECK(is_from("bob@free.example"));
	CHECK(!is_from("bob@mail.com"));
	CHECK(!is_from("anna@free.example"));
	asked_end();
}

static void
test_without_domains_nothing_is_found(void)
{
	begin(NULL);
	CHECK(!is_from("joe@free.example"));
	read_text("From: joe@free.example\n\nann@free.example\n");
	CHECK(!ask("check_freemail_body", NULL));
	CHECK(!ask("check_freemail_replyto", "reply", NULL));
	asked_end();
}

static void
test_answers_to_another_such_address_are_found(void)
{
	begin(DOMAINS);
	read_text("From: a@free.example\nReply-To: b@mail.com\n\n");
	CHECK(ask("check_freemail_replyto", NULL));
	read_text("From: a@free.example\nReply-To: A@free.example\n\n");
	CHECK(!ask("check_freemail_replyto", NULL));
	read_text("From: a@free.example\nReply-To: b@shop.example\n\n");
	CHECK(!ask("check_freemail_replyto", NULL));
	CHECK(!ask("check_freemail_replyto", "reply", NULL));
	read_text("Return-Path: <list-bounces@a.example>\n"
		  "From: a@free.example\nReply-To: b@mail.com\n\n");
	CHECK(!ask("check_freemail_replyto", NULL));
	asked_end();
}

static void
test_answers_are_compared_with_the_body(void)
{
	begin(DOMAINS);
	read_text("From: a@shop.example\nReply-To: b@mail.com\n\n"
		  "Write to c@mail.com now.\n");
	CHECK(ask("check_freemail_replyto", NULL));
	read_text("From: a@free.example\n\nWrite to c@mail.com now.\n");
	CHECK(!ask("check_freemail_replyto", NULL));
	CHECK(ask("check_freemail_replyto", "reply", NULL));
	read_text("From: a@free.example\n\nWrite to a@free.example now.\n");
	CHECK(!ask("check_freemail_replyto", "reply", NULL));
	asked_end();
}

static bool
is_in_body(const char *body)
{
	static char text[1000];

	snprintf(text, sizeof(text), TO_FREE "\n%s\n", body);
	read_text(text);
	return ask("check_freemail_body", NULL);
}

static void
test_only_addresses_to_write_to_count_in_a_body(void)
{
	begin(DOMAINS);
	CHECK(is_in_body("mail joe@free.example"));
	CHECK(is_in_body("(joe.doe@free.example), please"));
	CHECK(is_in_body("mailto:joe@free.example>"));
	CHECK(is_in_body("joe@free.example fax: 12"));
	CHECK(!is_in_body("<joe@free.example>"));
	CHECK(!is_in_body("joe@free.example wrote:"));
	CHECK(!is_in_body("http://x.example/a@b/joe@free.example"));
	CHECK(!is_in_body("joe@free.example.nosuch"));
	CHECK(!is_in_body("@free.example joe@ .@free.example"));
	CHECK(is_in_body("joe@@free.example joe@free.example."));
	asked_end();
}

static void
test_links_to_an_address_are_of_the_body(void)
{
	begin(DOMAINS);
	read_text(TO_FREE "Content-Type: text/html\n\n"
			  "<a href=\"mailto:joe@free.example\">write</a>\n");
	CHECK(ask("check_freemail_body", NULL));
	asked_end();
}

static void
test_many_addresses_in_a_body_say_nothing(void)
{
	begin(DOMAINS);
	CHECK(is_in_body("a@free.example b@free.example b@free.example"));
	CHECK(!is_in_body("a@free.example b@free.example c@free.example"));
	CHECK(is_in_body("a@free.example b@a.example c@a.example d@a.example"));
	CHECK(!is_in_body("a@free.example b@a.example c@a.example d@a.example "
			  "e@a.example"));
	asked_end();
	begin(DOMAINS "freemail_skip_when_over_max 0\n");
	CHECK(is_in_body("a@free.example b@free.example c@free.example"));
	asked_end();
	begin(DOMAINS "freemail_max_body_freemails 2\n");
	CHECK(!is_in_body("a@free.example b@free.example"));
	asked_end();
}

static void
test_addresses_are_told_apart_by_patterns(void)
{
	begin(DOMAINS "header A eval:check_freemail_header('Cc', '\\d@')\n"
		      "header B eval:check_freemail_body('\\d@')\n"
		      "header C eval:check_freemail_from('[')\n");
	read_text(TO_FREE "Cc: joe7@free.example\n\nann@free.example\n");
	CHECK(ask("check_freemail_header", "Cc", NULL));
	CHECK(ask("check_freemail_header", "Cc", "\\d@", NULL));
	CHECK(!ask("check_freemail_header", "To", NULL));
	CHECK(ask("check_freemail_body", NULL));
	CHECK(!ask("check_freemail_body", "\\d@", NULL));
	CHECK(ruleset_note_count(asked_set) == 1);
	asked_end();
}

static void
name(const char *from, const char *to)
{
	static char text[1000];

	snprintf(text, sizeof(text), "From: %s\nTo: %s\n\n", from, to);
	read_text(text);
}

static void
test_another_address_in_the_place_of_a_name_is_a_spoof(void)
{
	asked_begin(&eval_fromname, NULL);
	asked_use_tld("example com");
	name("\"ann@bank.example\" <x@thief.com>", "ann@bank.example");
	CHECK(ask("check_fromname_spoof", NULL));
	CHECK(ask("check_fromname_contains_email", NULL));
	CHECK(ask("check_fromname_owners_differ", NULL));
	CHECK(ask("check_fromname_equals_to", NULL));
	CHECK(!ask("check_fromname_equals_replyto", NULL));
	/* the same owner elsewhere, and the same domain */
	name("\"ann@bank.example\" <ann@bank.com>", "x@y.example");
	CHECK(!ask("check_fromname_spoof", NULL));
	CHECK(ask("check_fromname_spoof", "0", NULL));
	CHECK(ask("check_fromname_spoof", "2", NULL));
	name("\"ann@www.bank.example\" <bob@bank.example>", "x@y.example");
	CHECK(!ask("check_fromname_spoof", "2", NULL));
	CHECK(ask("check_fromname_different", NULL));
	name("Ann <ann@bank.example>", "x@y.example");
	CHECK(!ask("check_fromname_contains_email", NULL));
	asked_end();
}

static void
test_owners_and_lists_are_exceptions_of_spoofs(void)
{
	asked_begin(&eval_fromname, "fns_add_addrlist (bank) *@branch.com\n"
				    "fns_ignore_headers List-Id\n");
	asked_use_tld("example com");
	name("\"ann@bank.example\" <x@branch.com>", "x@y.example");
	CHECK(!ask("check_fromname_spoof", NULL));
	name("\"ann@bank.example\" <x@www.branch.com>", "x@y.example");
	CHECK(!ask("check_fromname_spoof", NULL));
	name("\"ann@bank.example\" <x@thief.com>\nList-Id: <a.example>", "x");
	CHECK(!ask("check_fromname_spoof", NULL));
	asked_end();
}

static void
test_a_long_name_with_an_address_is_no_spoof(void)
{
	asked_begin(&eval_fromname, "fns_extrachars 10\n");
	asked_use_tld("example com");
	name("\"ann@bank.example by twelve\" <x@thief.com>", "x@y.example");
	CHECK(!ask("check_fromname_spoof", NULL));
	name("\"ann@bank.example ten\" <x@thief.com>", "x@y.example");
	CHECK(ask("check_fromname_spoof", NULL));
	asked_end();
}

/* Anything that took more than linear time would make this last for hours. */
static void
test_long_bodies_end(void)
{
	const char *const units[] = {"a@", "@", "a.", "a@a.a.a.a.a.",
	    "http://a@", "://", "mailto:a@b.com ", "a@b.com\n", "%40", "\n"};
	struct buf text = BUF_INIT(4 << 20);
	size_t i;

	begin(DOMAINS);
	for (i = 0; i < nitems(units); i++) {
		buf_reset(&text);
		buf_adds(&text, TO_FREE "\n");
		while (buf_adds(&text, units[i]))
			;
		asked_read(buf_span(&text));
		CHECK(!ask("check_freemail_body", NULL));
	}
	asked_end();
	buf_free(&text);
}

int
main(void)
{
	TEST(domains_may_have_wildcards_within_labels);
	TEST(roles_and_ids_are_nobody);
	TEST(who_is_welcome_is_no_such_address);
	TEST(without_domains_nothing_is_found);
	TEST(answers_to_another_such_address_are_found);
	TEST(answers_are_compared_with_the_body);
	TEST(only_addresses_to_write_to_count_in_a_body);
	TEST(links_to_an_address_are_of_the_body);
	TEST(many_addresses_in_a_body_say_nothing);
	TEST(addresses_are_told_apart_by_patterns);
	TEST(another_address_in_the_place_of_a_name_is_a_spoof);
	TEST(owners_and_lists_are_exceptions_of_spoofs);
	TEST(a_long_name_with_an_address_is_no_spoof);
	TEST(long_bodies_end);
	return test_end();
}
