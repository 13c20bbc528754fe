/*
 * policy: what is done with attachments by their kind and name, without any
 * signature.
 *
 * A policy is a text of lines "ACTION WHAT", see av-scan(1): the action is
 * pass, tag, quarantine or reject; WHAT is a kind (executable, macro, script,
 * link, disk, encrypted) or a pattern of names ("*.iso", as fnmatch(3) in any
 * case; one of "*?[." is in it, so that no typo is a pattern).  The last line
 * that fits an object decides.  '#' at the beginning of a word begins a
 * comment.
 */
#ifndef SCAN_POLICY_H
#define SCAN_POLICY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "scan/report.h"

#define POLICY_RULES_MAX 500
#define POLICY_TEXT_MAX (1 << 20) /* octets of a file */

/* In this order: of two the later one is done. */
enum policy_action {
	POLICY_PASS,
	POLICY_TAG,
	POLICY_QUARANTINE,
	POLICY_REJECT
};

struct policy_rule {
	enum policy_action action;
	enum report_kind kind; /* REPORT_OTHER: by pattern */
	char pattern[REPORT_FILE_MAX + 1];
};

struct policy {
	struct policy_rule *rules;
	size_t count;
};

/* The default: every kind is tagged; executables are rejected if mail_profile,
 * for then nothing else would find what is in them. */
void policy_default(struct policy *policy, bool mail_profile);

/* Reads a text; its rules go behind those that are there.  0; -1 with errno
 * EINVAL and *line, counted from 1, if a line is wrong; EMSGSIZE if there are
 * too many. */
int policy_read(struct policy *policy, struct span text, unsigned *line);
/* The same from a file.  Ends the program with 111 if that cannot be. */
void policy_load(struct policy *policy, const char *path);
void policy_free(struct policy *policy);

/* Whether some rule has that action. */
bool policy_has(const struct policy *policy, enum policy_action action);

/* What is to be done with an object, by its kind and name; if the name promises
 * another kind, the worse of both. */
enum policy_action policy_judge(
    const struct policy *policy, enum report_kind kind, struct span name);
const char *policy_action_name(enum policy_action action);

/* A name without what stands at its end and hides its extension: blanks and
 * dots, which Windows drops; control characters, which mail programs drop, as
 * they are or as a report has them; quotes that were not paired. */
struct span policy_trim(struct span name);

/* The kind that a file's name promises: by its last extension (setup.scr,
 * notes.js, photo.jpg.lnk, "a.exe   "), in any case; REPORT_OTHER for all
 * others.  Trailing dots and blanks, which Windows drops, do not hide it. */
enum report_kind policy_kind_of_name(struct span name);

/* The kind by the first octets and marks inside: MZ, ELF, Mach-O, "#!",
 * a shortcut's GUID, disk images, OLE files with VBA. */
enum report_kind policy_kind_of_content(struct span octets);

#endif
