#include "eval/patterns.h"
#include "rules/pattern.h"
#include "rules/ruletext.h"

#define WHY_MAX 1024

static void
compile(struct patterns *patterns, struct ruleset *set, const struct rule *rule,
    struct span text)
{
	struct buf why = BUF_INIT(WHY_MAX);
	struct rule parsed = {.pattern = text};
	const char *wrong = NULL;
	void **slot;

	patterns->table.arena = &patterns->arena;
	slot = table_add(&patterns->table, text);
	if (*slot != NULL)
		return;
	if (patterns->delimited &&
	    (span_starts(text, "/") || span_starts(text, "m")))
		wrong = ruletext_pattern(text, &parsed);
	if (wrong == NULL)
		*slot = rule_regex(parsed.pattern, parsed.regex, &why);
	if (*slot == NULL)
		ruleset_add_note(set, NOTE_ERROR, rule->file, rule->line,
		    "%s: no pattern: %s", rule->name,
		    wrong != NULL ? wrong : buf_str(&why));
	buf_free(&why);
}

void
patterns_take(struct patterns *patterns, struct ruleset *set,
    const char *function, size_t argument)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < ruleset_count(set); i++) {
		rule = ruleset_rule(set, i);
		if (rule->kind == RULE_EVAL &&
		    span_is(rule->function, function) &&
		    rule->argument_count > argument)
			compile(patterns, set, rule, rule->arguments[argument]);
	}
}

void
patterns_free(struct patterns *patterns)
{
	struct table_entry *entry;
	size_t i;

	for (i = 0; i < patterns->table.size; i++)
		for (entry = patterns->table.slots[i]; entry != NULL;
		     entry = entry->next)
			regex_free(entry->value);
	arena_free(&patterns->arena);
	*patterns = (struct patterns){0};
}

bool
patterns_have(const struct patterns *patterns, struct span pattern)
{
	void **slot = table_find(&patterns->table, pattern);

	return slot != NULL && *slot != NULL;
}

bool
patterns_match(
    const struct patterns *patterns, struct span pattern, struct span subject)
{
	void **slot = table_find(&patterns->table, pattern);

	return slot != NULL && *slot != NULL &&
	       regex_find(*slot, subject, 0, NULL) == 1;
}
