#include <stdio.h>

#include "scan/outcome.h"

static const char *const cause_names[] = {
    "nothing", "attachment", "limit", "error", "virus"};

static const enum outcome_action by_policy[] = {
    [POLICY_PASS] = OUTCOME_PASS,
    [POLICY_TAG] = OUTCOME_TAG,
    [POLICY_QUARANTINE] = OUTCOME_QUARANTINE,
    [POLICY_REJECT] = OUTCOME_REJECT,
};

static const struct policy *
policy_of(const struct outcome_rules *rules, const struct report *report)
{
	return report->mail_profile ? &rules->mail_policy : &rules->policy;
}

/* An object in words: its kind by its content or, if that says nothing, by its
 * name, and the name. */
static void
describe(char text[OUTCOME_TEXT_SIZE], enum report_kind kind, struct span name)
{
	if (kind == REPORT_OTHER)
		kind = policy_kind_of_name(name);
	snprintf(text, OUTCOME_TEXT_SIZE, name.len > 0 ? "%s (%.*s)" : "%s",
	    kind != REPORT_OTHER ? report_kind_name(kind) : "file",
	    SPAN_ARG(name));
}

/* Notes an action if it weighs more than what is there, or as much and comes
 * from something worse.  True if it did. */
static bool
weigh(struct outcome *outcome, enum outcome_action action,
    enum outcome_cause cause)
{
	if (action < outcome->action ||
	    (action == outcome->action && cause <= outcome->cause))
		return false;
	outcome->action = action;
	outcome->cause = cause;
	return true;
}

void
outcome_find(const struct outcome_rules *rules, const struct report *report,
    struct outcome *outcome)
{
	const struct policy *policy = policy_of(rules, report);
	enum outcome_cause cause = OUTCOME_NOTHING;
	enum outcome_action action = OUTCOME_PASS;
	enum report_kind kind;
	struct span name;
	size_t at = 0;

	*outcome = (struct outcome){OUTCOME_PASS, OUTCOME_NOTHING, ""};
	while (report_next(report, &at, &kind, &name))
		if (weigh(outcome, by_policy[policy_judge(policy, kind, name)],
			OUTCOME_ATTACHMENT))
			describe(outcome->what, kind, name);
	if (outcome->action == OUTCOME_PASS)
		*outcome = (struct outcome){OUTCOME_PASS, OUTCOME_NOTHING, ""};
	switch (report->result) {
	case REPORT_INFECTED:
		cause = OUTCOME_VIRUS;
		action = rules->infected;
		break;
	case REPORT_ERROR:
		cause = OUTCOME_ERROR;
		action = rules->error;
		break;
	case REPORT_LIMIT:
		cause = OUTCOME_LIMIT;
		action = rules->limit;
		break;
	case REPORT_CLEAN:
		break;
	}
	if (weigh(outcome, action, cause))
		snprintf(
		    outcome->what, sizeof(outcome->what), "%s", report->name);
}

const char *
outcome_cause_name(enum outcome_cause cause)
{
	return cause_names[cause];
}

void
outcome_objects(const struct outcome_rules *rules, const struct report *report,
    const char *separator, struct buf *list)
{
	const struct policy *policy = policy_of(rules, report);
	char text[OUTCOME_TEXT_SIZE];
	enum report_kind kind;
	struct span name;
	size_t at = 0, count = 0;

	while (report_next(report, &at, &kind, &name)) {
		if (policy_judge(policy, kind, name) == POLICY_PASS ||
		    count++ >= OUTCOME_OBJECTS_MAX)
			continue;
		describe(text, kind, name);
		buf_addf(list, "%s%s", count > 1 ? separator : "", text);
	}
	if (count > OUTCOME_OBJECTS_MAX)
		buf_addf(list, "%sand %zu more", separator,
		    count - OUTCOME_OBJECTS_MAX);
}

static bool
is_encrypted(const struct report *report)
{
	enum report_kind kind;
	struct span name;
	size_t at = 0;

	while (report_next(report, &at, &kind, &name))
		if (kind == REPORT_ENCRYPTED)
			return true;
	return false;
}

static void
add_status(const struct report *report, struct buf *fields)
{
	switch (report->result) {
	case REPORT_INFECTED:
		buf_addf(fields, "Infected (%s)", report->name);
		break;
	case REPORT_ERROR:
		buf_addf(fields, "Error (%s)", report->name);
		break;
	case REPORT_LIMIT:
		buf_addf(fields, "Limit (%s)", report->name);
		break;
	case REPORT_CLEAN:
		buf_adds(fields, is_encrypted(report) ? "Encrypted" : "Clean");
		break;
	}
}

void
outcome_fields(const struct outcome_rules *rules, const struct report *report,
    const char *end, struct buf *fields)
{
	struct buf list = BUF_INIT(OUTCOME_LIST_MAX);
	char separator[8];

	/* who never answered has scanned nothing */
	if (report->engine[0] != '\0')
		buf_addf(fields, "X-Virus-Scanned: %s%s", report->engine, end);
	buf_adds(fields, "X-Virus-Status: ");
	add_status(report, fields);
	buf_adds(fields, end);
	snprintf(separator, sizeof(separator), ",%s\t", end);
	outcome_objects(rules, report, separator, &list);
	if (list.len > 0)
		buf_addf(fields, "X-Virus-Policy: %s%s", buf_str(&list), end);
	buf_free(&list);
}

void
outcome_words(const struct outcome_rules *rules, const struct report *report,
    const struct outcome *outcome, struct buf *words)
{
	struct buf list = BUF_INIT(OUTCOME_LIST_MAX);

	outcome_objects(rules, report, ", ", &list);
	switch (report->result) {
	case REPORT_INFECTED:
		buf_addf(words, "%s FOUND", report->name);
		break;
	case REPORT_ERROR:
		buf_addf(words, "%s ERROR", report->name);
		break;
	case REPORT_LIMIT:
		buf_addf(words, "%s LIMIT", report->name);
		break;
	case REPORT_CLEAN:
		buf_adds(words,
		    outcome->action >= OUTCOME_QUARANTINE ? "REFUSED" : "OK");
		break;
	}
	if (list.len > 0)
		buf_addf(words, " %s", buf_str(&list));
	buf_free(&list);
}

void
outcome_reply(const struct outcome *outcome, struct buf *reply)
{
	if (outcome->action != OUTCOME_REJECT)
		buf_adds(reply, outcome->cause == OUTCOME_LIMIT
				    ? "451 4.3.0 Too much to scan for viruses"
				    : "451 4.3.0 Cannot scan for viruses now");
	else
		buf_addf(reply, "554 5.7.1 %s: %s",
		    outcome->cause == OUTCOME_VIRUS   ? "Virus found"
		    : outcome->cause == OUTCOME_LIMIT ? "Cannot be scanned"
						      : "Attachment refused",
		    outcome->what);
}
