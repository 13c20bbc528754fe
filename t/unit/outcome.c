/* outcome: of all that asks for something, what weighs most is done. */
#include <stdlib.h>
#include <string.h>

#include "scan/outcome.h"
#include "test.h"

static struct outcome_rules rules;
static struct report report;
static struct outcome outcome;

static void
setup(const char *policy, const char *text)
{
	unsigned line;

	rules.infected = OUTCOME_REJECT;
	rules.limit = OUTCOME_DEFER;
	rules.error = OUTCOME_DEFER;
	policy_free(&rules.policy);
	policy_free(&rules.mail_policy);
	policy_default(&rules.policy, false);
	policy_default(&rules.mail_policy, true);
	CHECK(policy_read(&rules.policy, span_of(policy), &line) == 0);
	CHECK(policy_read(&rules.mail_policy, span_of(policy), &line) == 0);
	CHECK(report_read(&report, span_of(text)) == 0);
}

static void
check(enum outcome_action action, enum outcome_cause cause, const char *what)
{
	outcome_find(&rules, &report, &outcome);
	CHECK(outcome.action == action);
	CHECK(outcome.cause == cause);
	CHECK(strcmp(outcome.what, what) == 0);
}

static void
check_fields(const char *want)
{
	struct buf fields = BUF_INIT(OUTCOME_LIST_MAX + 2048);

	outcome_fields(&rules, &report, "\n", &fields);
	if (strcmp(buf_str(&fields), want) != 0)
		printf("# is: %s\n", buf_str(&fields));
	CHECK(strcmp(buf_str(&fields), want) == 0);
	buf_free(&fields);
}

static void
test_what_is_clean_passes(void)
{
	setup("", "result: clean\nobject: other a.txt\n");
	check(OUTCOME_PASS, OUTCOME_NOTHING, "");
	check_fields("X-Virus-Status: Clean\n");
}

static void
test_results_are_done_as_the_rules_say(void)
{
	setup("", "result: infected A\n");
	check(OUTCOME_REJECT, OUTCOME_VIRUS, "A");
	rules.infected = OUTCOME_TAG;
	check(OUTCOME_TAG, OUTCOME_VIRUS, "A");
	check_fields("X-Virus-Status: Infected (A)\n");
	setup("", "result: limit B\nengine: e\n");
	check(OUTCOME_DEFER, OUTCOME_LIMIT, "B");
	rules.limit = OUTCOME_REJECT;
	check(OUTCOME_REJECT, OUTCOME_LIMIT, "B");
	check_fields("X-Virus-Scanned: e\nX-Virus-Status: Limit (B)\n");
	setup("", "result: error C\n");
	check(OUTCOME_DEFER, OUTCOME_ERROR, "C");
	rules.error = OUTCOME_TAG;
	check(OUTCOME_TAG, OUTCOME_ERROR, "C");
}

static void
test_what_weighs_more_is_done(void)
{
	static const char policy[] =
	    "reject *.exe\nquarantine *.iso\npass *.txt\n";

	setup(policy, "result: error C\nobject: disk a.iso\n");
	check(OUTCOME_QUARANTINE, OUTCOME_ATTACHMENT, "disk (a.iso)");
	setup(policy, "result: error C\nobject: other a.txt\n");
	check(OUTCOME_DEFER, OUTCOME_ERROR, "C");
	setup(policy,
	    "result: limit C\nobject: disk a.iso\nobject: other b.exe\n");
	check(OUTCOME_REJECT, OUTCOME_ATTACHMENT, "executable (b.exe)");
	setup(policy, "result: infected V\nobject: executable b.exe\n");
	check(OUTCOME_REJECT, OUTCOME_VIRUS, "V");
	rules.infected = OUTCOME_TAG;
	check(OUTCOME_REJECT, OUTCOME_ATTACHMENT, "executable (b.exe)");
	setup(policy, "result: infected V\nobject: disk a.iso\n");
	check(OUTCOME_REJECT, OUTCOME_VIRUS, "V");
	/* of what weighs the same the first, or the virus */
	setup("", "result: infected V\nobject: disk a.iso\nobject: link b\n");
	rules.infected = OUTCOME_TAG;
	check(OUTCOME_TAG, OUTCOME_VIRUS, "V");
	setup("", "result: clean\nobject: disk a.iso\nobject: link b\n");
	check(OUTCOME_TAG, OUTCOME_ATTACHMENT, "disk (a.iso)");
}

static void
test_encrypted_is_not_clean_whatever_the_policy_says(void)
{
	setup("pass encrypted\n", "result: clean\nobject: encrypted a.zip\n");
	check(OUTCOME_PASS, OUTCOME_NOTHING, "");
	check_fields("X-Virus-Status: Encrypted\n");
}

static void
test_the_mail_profile_has_its_policy(void)
{
	setup("", "result: clean\nprofile: mail\nobject: executable \n");
	check(OUTCOME_REJECT, OUTCOME_ATTACHMENT, "executable");
	setup("", "result: clean\nobject: executable \n");
	check(OUTCOME_TAG, OUTCOME_ATTACHMENT, "executable");
}

static void
test_lists_of_the_longest_names_fit(void)
{
	struct buf text = BUF_INIT(REPORT_SIZE_MAX);
	struct buf list = BUF_INIT(OUTCOME_LIST_MAX);
	int i;

	buf_adds(&text, "result: clean\n");
	for (i = 0; i < REPORT_OBJECTS_MAX; i++)
		buf_addf(
		    &text, "object: executable %0*d\n", REPORT_FILE_MAX, i);
	setup("", buf_str(&text));
	outcome_objects(&rules, &report, ",\r\n\t", &list);
	CHECK(!list.full);
	CHECK(strstr(buf_str(&list), ",\r\n\tand 380 more") != NULL);
	buf_free(&list);
	buf_free(&text);
}

static void
check_reply(const char *want)
{
	struct buf reply = BUF_INIT(1000);

	outcome_find(&rules, &report, &outcome);
	outcome_reply(&outcome, &reply);
	CHECK(strcmp(buf_str(&reply), want) == 0);
	buf_free(&reply);
}

static void
test_the_client_is_told_what_it_can_do_about(void)
{
	setup("", "result: infected A B\n");
	check_reply("554 5.7.1 Virus found: A B");
	setup("", "result: error secret\n");
	check_reply("451 4.3.0 Cannot scan for viruses now");
	setup("", "result: limit L\n");
	check_reply("451 4.3.0 Too much to scan for viruses");
	rules.limit = OUTCOME_REJECT;
	check_reply("554 5.7.1 Cannot be scanned: L");
	setup("reject macro\n", "result: clean\nobject: macro a.doc\n");
	check_reply("554 5.7.1 Attachment refused: macro (a.doc)");
}

int
main(void)
{
	report_init(&report);
	TEST(what_is_clean_passes);
	TEST(results_are_done_as_the_rules_say);
	TEST(what_weighs_more_is_done);
	TEST(encrypted_is_not_clean_whatever_the_policy_says);
	TEST(the_mail_profile_has_its_policy);
	TEST(lists_of_the_longest_names_fit);
	TEST(the_client_is_told_what_it_can_do_about);
	policy_free(&rules.policy);
	policy_free(&rules.mail_policy);
	report_free(&report);
	return test_end();
}
