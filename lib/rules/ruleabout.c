/*
 * ruleabout: lines that say something about a rule, defined there or not: its
 * score, its flags, what its tags are.
 */
#include "rules/rulesetpart.h"
#include "rules/ruletext.h"

/* Names of other rules whose hits count for this one, in corpora: of no use
 * here but that it makes the name known. */
static void
run_reuse(struct reader *reader, struct span value)
{
	struct entry *entry = ruleset_entry(reader, span_word(&value));

	if (entry != NULL && entry->rule.kind == RULE_UNDEFINED)
		entry->rule.kind = RULE_REMOTE;
}

static void
run_score(struct reader *reader, struct span value)
{
	double scores[RULE_SCORE_SETS];
	struct span name = span_word(&value), word;
	struct entry *entry;
	bool relative = false;
	size_t i, count = 0;

	for (; (word = span_word(&value)).len > 0; count++) {
		if (count == RULE_SCORE_SETS)
			break;
		if (span_starts(word, "(") && span_ends(word, ")")) {
			relative = true;
			word = span_from(word, 1);
			word.len--;
		}
		if (!ruletext_number(word, &scores[count])) {
			ruleline_wrong(reader, name, "no number for a score");
			return;
		}
	}
	if (word.len > 0 || (count != 1 && count != RULE_SCORE_SETS)) {
		ruleline_wrong(reader, name, "neither 1 nor 4 scores");
		return;
	}
	entry = ruleset_entry(reader, name);
	if (entry == NULL)
		return;
	if (relative && !entry->rule.scored) {
		ruleline_wrong(reader, name, "a score added to none");
		return;
	}
	entry->rule.scored = true;
	for (i = 0; i < RULE_SCORE_SETS; i++) {
		if (!relative)
			entry->rule.scores[i] = 0;
		entry->rule.scores[i] += scores[count == 1 ? 0 : i];
	}
}

static void
run_describe(struct reader *reader, struct span value)
{
	struct entry *entry;
	struct span name;

	if (!ruleline_name(reader, &value, &name))
		return;
	entry = ruleset_entry(reader, name);
	if (entry != NULL)
		entry->rule.describe = value;
}

/* "N", "N-M", "N-" or "-M". */
static void
take_range(struct span text, struct rule *rule)
{
	const char *dash = memchr(text.p, '-', text.len);
	struct span first = text, last = text;
	double number;

	if (dash != NULL) {
		first.len = (size_t)(dash - text.p);
		last = span_from(text, first.len + 1);
	}
	if (ruletext_number(first, &number) && number > 0 && number < 1e6)
		rule->first_part = (unsigned)number;
	if (ruletext_number(last, &number) && number > 0 && number < 1e6)
		rule->last_part = (unsigned)number;
}

static void
run_tflags(struct reader *reader, struct span value)
{
	static const char *const flags[] = {"net", "nice", "learn", "userconf",
	    "multiple", "nosubject", "concat"};
	struct entry *entry;
	struct span name, word;
	double hits;
	size_t i;

	if (!ruleline_name(reader, &value, &name))
		return;
	entry = ruleset_entry(reader, name);
	if (entry == NULL)
		return;
	entry->rule.tflags = 0;
	entry->rule.maxhits = 0;
	entry->rule.first_part = entry->rule.last_part = 0;
	while ((word = span_word(&value)).len > 0) {
		for (i = 0; i < nitems(flags); i++)
			if (span_is(word, flags[i]))
				entry->rule.tflags |= 1u << i;
		if (span_starts(word, "maxhits=") &&
		    ruletext_number(span_from(word, 8), &hits) && hits > 0 &&
		    hits < 1e6)
			entry->rule.maxhits = (unsigned)hits;
		if (span_starts(word, "range="))
			take_range(span_from(word, 6), &entry->rule);
	}
}

static void
run_priority(struct reader *reader, struct span value)
{
	struct entry *entry;
	struct span name;
	double number;

	if (!ruleline_name(reader, &value, &name))
		return;
	if (!ruletext_number(value, &number) || number < -1e9 || number > 1e9) {
		ruleline_wrong(reader, name, "no number for a priority");
		return;
	}
	entry = ruleset_entry(reader, name);
	if (entry != NULL)
		entry->rule.priority = (int)number;
}

static void
add_replacement(struct reader *reader, struct span value, size_t kind)
{
	struct replacements *list = &reader->set->replacements[kind];
	struct span name;

	if (!ruleline_name(reader, &value, &name))
		return;
	if (!buf_add(&list->values, &value, sizeof(value))) {
		note(reader, NOTE_ERROR, "too many replacements");
		return;
	}
	*map_at(&list->names, &reader->set->arena, name) =
	    (uint32_t)(list->values.len / sizeof(value));
}

static void
run_replace_tag(struct reader *reader, struct span value)
{
	add_replacement(reader, value, REPLACE_TAG);
}

static void
run_replace_pre(struct reader *reader, struct span value)
{
	add_replacement(reader, value, REPLACE_PRE);
}

static void
run_replace_inter(struct reader *reader, struct span value)
{
	add_replacement(reader, value, REPLACE_INTER);
}

static void
run_replace_post(struct reader *reader, struct span value)
{
	add_replacement(reader, value, REPLACE_POST);
}

static void
run_replace_rules(struct reader *reader, struct span value)
{
	struct entry *entry;
	struct span name;

	while ((name = span_word(&value)).len > 0) {
		entry = ruleset_entry(reader, name);
		if (entry != NULL)
			entry->replaced = true;
	}
}

static void
set_mark(struct reader *reader, struct span value, struct span *mark)
{
	if (value.len == 0)
		note(reader, NOTE_ERROR, "too little on the line");
	else
		*mark = value;
}

static void
run_replace_start(struct reader *reader, struct span value)
{
	set_mark(reader, value, &reader->set->replace_start);
}

static void
run_replace_end(struct reader *reader, struct span value)
{
	set_mark(reader, value, &reader->set->replace_end);
}

static const struct command commands[] = {
    {"reuse", run_reuse, false},
    {"score", run_score, false},
    {"describe", run_describe, false},
    {"tflags", run_tflags, false},
    {"priority", run_priority, false},
    {"replace_tag", run_replace_tag, false},
    {"replace_pre", run_replace_pre, false},
    {"replace_inter", run_replace_inter, false},
    {"replace_post", run_replace_post, false},
    {"replace_rules", run_replace_rules, false},
    {"replace_start", run_replace_start, false},
    {"replace_end", run_replace_end, false},
};

const struct command *
ruleabout_command(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(commands); i++)
		if (span_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}
