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

	slot = map_pointer_at(&patterns->map, &patterns->arena, text);
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
	size_t i;

	for (i = 0; i < patterns->map.cap; i++)
		regex_free(patterns->map.slots[i].pointer);
	arena_free(&patterns->arena);
	*patterns = (struct patterns){0};
}

bool
patterns_have(const struct patterns *patterns, struct span pattern)
{
	return map_pointer(&patterns->map, pattern) != NULL;
}

bool
patterns_match(
    const struct patterns *patterns, struct span pattern, struct span subject)
{
	const struct regex *regex = map_pointer(&patterns->map, pattern);

	return regex != NULL && regex_find(regex, subject, 0, NULL) == 1;
}
