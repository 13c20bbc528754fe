/*
 * A file of rules.  What comes out must be within the bounds that its header
 * names, and may be asked in every way.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool holds)
{
	if (!holds)
		__builtin_trap();
}

static void
look_at(const struct ruleset *set)
{
	const struct rule *rule;
	size_t i, sum = 0, at = 0, k;

	check(ruleset_count(set) <= RULESET_RULES_MAX);
	for (i = 0; i < ruleset_count(set); i++) {
		rule = ruleset_rule(set, i);
		check(ruleset_find(set, span_of(rule->name)) == (long)i);
		check(strlen(rule->name) <= RULESET_NAME_MAX);
		check(rule->kind <= RULE_REMOTE && rule->line > 0);
		check(rule->pattern.len <= RULESET_LINE_MAX);
		for (k = 0; k < rule->pattern.len; k++)
			sum += (unsigned char)rule->pattern.p[k];
		for (k = 0; k < rule->argument_count; k++)
			sum += rule->arguments[k].len;
		for (k = 0; k < rule->describe.len; k++)
			sum += (unsigned char)rule->describe.p[k];
		for (k = 0; k < rule->unset.len; k++)
			sum += (unsigned char)rule->unset.p[k];
	}
	while (ruleset_setting(set, "trusted_networks", &at) != NULL)
		sum++;
	ruleset_value(set, "required_score");
	for (i = 0; i < ruleset_note_count(set); i++)
		sum += strlen(ruleset_note(set, i)->text);
	/* so that all of that is looked at */
	check(sum != SIZE_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[] = "/dev/shm/pimail-fuzz-XXXXXX";
	static int fd = -1;
	struct ruleset *set;
	char name[64];

	if (fd < 0) {
		fd = mkstemp(path);
		check(fd >= 0);
		unlink(path);
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	check(ftruncate(fd, 0) == 0 &&
	      pwrite(fd, data, size, 0) == (ssize_t)size);
	set = ruleset_new();
	if (ruleset_read(set, name) == 0)
		ruleset_finish(set);
	look_at(set);
	ruleset_free(set);
	return 0;
}
