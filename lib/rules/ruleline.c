/*
 * ruleline: lines that say what a rule is.
 */
#include "rules/rulesetpart.h"
#include "rules/ruletext.h"

#define NAME_MAX_OF_RULE 100 /* that SpamAssassin takes */
#define CAPTURE_PRIORITY (-10000)

/* Patterns that name what they find run first, for others use that. */
static bool
is_capture(struct span pattern)
{
	const char *p;
	struct span rest = pattern;

	while ((p = span_find(rest, span_of("(?"))) != NULL) {
		rest = span_from(pattern, (size_t)(p - pattern.p) + 2);
		if (span_starts(rest, "P"))
			rest = span_from(rest, 1);
		if (rest.len >= 2 && (rest.p[0] == '<' || rest.p[0] == '\'') &&
		    rest.p[1] >= 'A' && rest.p[1] <= 'Z')
			return true;
	}
	return false;
}

/* The rule is from now on what definition says of it. */
static void
define(struct reader *reader, struct span name, const struct rule *definition)
{
	struct entry *entry = ruleset_entry(reader, name);
	struct rule *rule, old;

	if (entry == NULL)
		return;
	rule = &entry->rule;
	old = *rule;
	*rule = *definition;
	rule->name = old.name;
	rule->tflags = old.tflags;
	rule->maxhits = old.maxhits;
	rule->first_part = old.first_part;
	rule->last_part = old.last_part;
	rule->priority = old.priority;
	rule->scored = old.scored;
	memcpy(rule->scores, old.scores, sizeof(rule->scores));
	rule->describe = old.describe;
	rule->file = reader->file;
	rule->line = reader->line;
	if (is_capture(rule->pattern))
		rule->priority = CAPTURE_PRIORITY;
}

void
ruleline_wrong(struct reader *reader, struct span name, const char *why)
{
	note(reader, NOTE_ERROR, "rule %.*s: %s", SPAN_ARG(name), why);
}

bool
ruleline_name(struct reader *reader, struct span *value, struct span *name)
{
	*name = span_word(value);
	*value = span_trim(*value);
	if (name->len == 0 || value->len == 0) {
		note(reader, NOTE_ERROR, "too little on the line");
		return false;
	}
	if (name->len > NAME_MAX_OF_RULE) {
		note(reader, NOTE_ERROR, "a name of %zu octets", name->len);
		return false;
	}
	return true;
}

/* body, rawbody, full, uri: a pattern or a function */
static void
define_text(struct reader *reader, struct span value, enum rule_kind kind)
{
	struct rule rule = {.kind = kind};
	const char *why;
	struct span name;

	if (!ruleline_name(reader, &value, &name))
		return;
	if (kind != RULE_URI && span_starts(value, "eval:"))
		why = ruletext_function(&reader->set->arena,
		    span_from(value, strlen("eval:")), &rule);
	else
		why = ruletext_pattern(value, &rule);
	if (why != NULL)
		ruleline_wrong(reader, name, why);
	else
		define(reader, name, &rule);
}

static void
run_body(struct reader *reader, struct span value)
{
	define_text(reader, value, RULE_BODY);
}

static void
run_rawbody(struct reader *reader, struct span value)
{
	define_text(reader, value, RULE_RAWBODY);
}

static void
run_full(struct reader *reader, struct span value)
{
	define_text(reader, value, RULE_FULL);
}

static void
run_uri(struct reader *reader, struct span value)
{
	define_text(reader, value, RULE_URI);
}

static void
run_header(struct reader *reader, struct span value)
{
	struct rule rule = {.kind = RULE_HEADER};
	const char *why;
	struct span name;

	if (!ruleline_name(reader, &value, &name))
		return;
	why = ruletext_header(&reader->set->arena, value, &rule);
	if (why != NULL)
		ruleline_wrong(reader, name, why);
	else
		define(reader, name, &rule);
}

static void
run_mimeheader(struct reader *reader, struct span value)
{
	struct rule rule = {.kind = RULE_MIMEHEADER};
	const char *why;
	struct span name;

	if (!ruleline_name(reader, &value, &name))
		return;
	why = ruletext_mimeheader(value, &rule);
	if (why != NULL)
		ruleline_wrong(reader, name, why);
	else
		define(reader, name, &rule);
}

static void
define_whole(struct reader *reader, struct span value, enum rule_kind kind)
{
	struct rule rule = {.kind = kind};
	struct span name;

	if (!ruleline_name(reader, &value, &name))
		return;
	rule.pattern = value;
	define(reader, name, &rule);
}

static void
run_uri_detail(struct reader *reader, struct span value)
{
	define_whole(reader, value, RULE_URI_DETAIL);
}

static void
run_meta(struct reader *reader, struct span value)
{
	define_whole(reader, value, RULE_META);
}

static void
run_askdns(struct reader *reader, struct span value)
{
	define_whole(reader, value, RULE_REMOTE);
}

static const struct command commands[] = {
    {"header", run_header, false},
    {"body", run_body, false},
    {"rawbody", run_rawbody, false},
    {"full", run_full, false},
    {"uri", run_uri, false},
    {"mimeheader", run_mimeheader, false},
    {"uri_detail", run_uri_detail, false},
    {"meta", run_meta, false},
    {"askdns", run_askdns, false},
};

const struct command *
ruleline_command(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(commands); i++)
		if (span_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}
