#define _GNU_SOURCE
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/file.h"
#include "base/scan.h"
#include "scan/policy.h"

static const char *const action_names[] = {
    "pass", "tag", "quarantine", "reject"};

static void
add_rule(struct policy *policy, enum policy_action action,
    enum report_kind kind, struct span pattern)
{
	struct policy_rule *rules, *rule;

	rules = realloc(policy->rules, (policy->count + 1) * sizeof(*rules));
	if (rules == NULL)
		fatal("out of memory");
	policy->rules = rules;
	rule = &rules[policy->count++];
	rule->action = action;
	rule->kind = kind;
	if (pattern.len > 0)
		memcpy(rule->pattern, pattern.p, pattern.len);
	rule->pattern[pattern.len] = '\0';
}

void
policy_default(struct policy *policy, bool mail_profile)
{
	const struct span none = {NULL, 0};
	int kind;

	policy->rules = NULL;
	policy->count = 0;
	for (kind = REPORT_EXECUTABLE; kind <= REPORT_ENCRYPTED; kind++)
		add_rule(policy,
		    kind == REPORT_EXECUTABLE && mail_profile ? POLICY_REJECT
							      : POLICY_TAG,
		    (enum report_kind)kind, none);
}

void
policy_free(struct policy *policy)
{
	free(policy->rules);
	policy->rules = NULL;
	policy->count = 0;
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A line without the blanks around it and its comment, which begins at a '#'
 * that is first or behind a blank. */
static struct span
strip(struct span line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (line.p[i] == '#' && (i == 0 || is_blank(line.p[i - 1])))
			line.len = i;
	while (line.len > 0 && is_blank(line.p[line.len - 1]))
		line.len--;
	while (line.len > 0 && is_blank(line.p[0])) {
		line.p++;
		line.len--;
	}
	return line;
}

/* Whether it may be meant as a pattern and not as a kind with a typo. */
static bool
is_pattern(struct span what)
{
	size_t i;

	for (i = 0; i < what.len; i++)
		if (what.p[i] == '\0')
			return false;
	for (i = 0; i < what.len; i++)
		if (strchr("*?[.", what.p[i]) != NULL)
			return what.len <= REPORT_FILE_MAX;
	return false;
}

/* Reads "ACTION WHAT".  0, or -1. */
static int
read_rule(struct policy *policy, struct span line)
{
	enum report_kind kind;
	struct span word;
	struct scan scan;
	size_t i;

	scan_init(&scan, line);
	word = scan_while(&scan, ascii_is_lower);
	for (i = 0; i < nitems(action_names); i++)
		if (span_eq(word, span_of(action_names[i])))
			break;
	if (i == nitems(action_names) || scan_while(&scan, is_blank).len == 0)
		return -1;
	word = scan_rest(&scan);
	kind = report_kind_find(word);
	if (kind == REPORT_OTHER && !is_pattern(word))
		return -1;
	if (kind != REPORT_OTHER)
		word.len = 0;
	add_rule(policy, (enum policy_action)i, kind, word);
	return 0;
}

int
policy_read(struct policy *policy, struct span text, unsigned *line)
{
	struct scan scan;
	struct span rule;

	scan_init(&scan, text);
	for (*line = 1; scan_peek(&scan) >= 0; (*line)++) {
		rule = memchr(scan.p, '\n', (size_t)(scan.end - scan.p)) != NULL
			   ? scan_until(&scan, '\n')
			   : scan_rest(&scan);
		rule = strip(rule);
		if (rule.len == 0)
			continue;
		if (policy->count >= POLICY_RULES_MAX) {
			errno = EMSGSIZE;
			return -1;
		}
		if (read_rule(policy, rule) < 0) {
			errno = EINVAL;
			return -1;
		}
	}
	return 0;
}

void
policy_load(struct policy *policy, const char *path)
{
	struct buf text = BUF_INIT(POLICY_TEXT_MAX);
	unsigned line;

	if (file_read(path, &text) < 0)
		fatal("cannot read '%s': %s", path, strerror(errno));
	if (policy_read(policy, buf_span(&text), &line) < 0)
		fatal("'%s', line %u: %s", path, line,
		    errno == EINVAL ? "not an action and a kind or pattern"
				    : "too many rules");
	buf_free(&text);
}

bool
policy_has(const struct policy *policy, enum policy_action action)
{
	size_t i;

	for (i = 0; i < policy->count; i++)
		if (policy->rules[i].action == action)
			return true;
	return false;
}

/* The action of the last rule that fits. */
static enum policy_action
judge(const struct policy *policy, enum report_kind kind, const char *name,
    const char *trimmed)
{
	const struct policy_rule *rule;
	size_t i;

	for (i = policy->count; i > 0; i--) {
		rule = &policy->rules[i - 1];
		if (rule->kind != REPORT_OTHER
			? rule->kind == kind
			: fnmatch(rule->pattern, name, FNM_CASEFOLD) == 0 ||
			      fnmatch(rule->pattern, trimmed, FNM_CASEFOLD) ==
				  0)
			return rule->action;
	}
	return POLICY_PASS;
}

/* Copies the end of a name as a string. */
static void
copy_name(char copy[REPORT_FILE_MAX + 1], struct span name)
{
	size_t i;

	if (name.len > REPORT_FILE_MAX) {
		name.p += name.len - REPORT_FILE_MAX;
		name.len = REPORT_FILE_MAX;
	}
	for (i = 0; i < name.len; i++)
		copy[i] = name.p[i] != '\0' ? name.p[i] : '?';
	copy[name.len] = '\0';
}

enum policy_action
policy_judge(
    const struct policy *policy, enum report_kind kind, struct span name)
{
	char whole[REPORT_FILE_MAX + 1], trimmed[REPORT_FILE_MAX + 1];
	enum policy_action action, other;
	enum report_kind named;

	copy_name(whole, name);
	copy_name(trimmed, policy_trim(name));
	action = judge(policy, kind, whole, trimmed);
	/* what it is and what it says that it is may each be dangerous */
	named = policy_kind_of_name(name);
	if (named == kind || named == REPORT_OTHER)
		return action;
	other = judge(policy, named, whole, trimmed);
	return other > action ? other : action;
}

const char *
policy_action_name(enum policy_action action)
{
	return action_names[action];
}
