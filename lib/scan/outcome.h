/*
 * outcome: what is done with a message because of a report.
 *
 * Viruses, limits, errors and the policy on attachments each ask for something;
 * what weighs most is done.
 */
#ifndef SCAN_OUTCOME_H
#define SCAN_OUTCOME_H

#include "base/buf.h"
#include "scan/policy.h"
#include "scan/report.h"

#define OUTCOME_OBJECTS_MAX 20 /* that are named; of others how many */
#define OUTCOME_TEXT_SIZE (REPORT_NAME_MAX + REPORT_FILE_MAX + 32)
#define OUTCOME_LIST_MAX (OUTCOME_OBJECTS_MAX * OUTCOME_TEXT_SIZE)

/* In this order: of two the later one is done. */
enum outcome_action {
	OUTCOME_PASS,
	OUTCOME_TAG, /* passes, but not without a word */
	OUTCOME_DEFER,
	OUTCOME_QUARANTINE,
	OUTCOME_REJECT
};

enum outcome_cause {
	OUTCOME_NOTHING,
	OUTCOME_ATTACHMENT,
	OUTCOME_LIMIT,
	OUTCOME_ERROR,
	OUTCOME_VIRUS
};

struct outcome_rules {
	enum outcome_action infected;
	enum outcome_action limit;
	enum outcome_action error;
	struct policy policy;
	/* If the database has no signatures for executables. */
	struct policy mail_policy;
};

struct outcome {
	enum outcome_action action;
	enum outcome_cause cause; /* of the action */
	char
	    what[OUTCOME_TEXT_SIZE]; /* the name of the virus, the attachment */
};

void outcome_find(const struct outcome_rules *rules,
    const struct report *report, struct outcome *outcome);

/* "virus", "limit", "error", "attachment" */
const char *outcome_cause_name(enum outcome_cause cause);

/* Appends the objects that the policy does not simply pass, as
 * "executable (setup.exe)", with the separator between them. */
void outcome_objects(const struct outcome_rules *rules,
    const struct report *report, const char *separator, struct buf *list);

/* Appends the fields X-Virus-Scanned, -Status and -Policy, each with that line
 * end. */
void outcome_fields(const struct outcome_rules *rules,
    const struct report *report, const char *end, struct buf *fields);

/* Appends what is said of a file: "Eicar FOUND", "OK executable (a.exe)". */
void outcome_words(const struct outcome_rules *rules,
    const struct report *report, const struct outcome *outcome,
    struct buf *words);

/* The reply to a client if it is rejected or deferred. */
void outcome_reply(const struct outcome *outcome, struct buf *reply);

#endif
