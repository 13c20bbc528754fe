/*
 * ruleline: lines that say what a rule is.
 */
#include <stdlib.h>

#include "base/regex.h"
#include "rules/rulesetpart.h"

#define NUMBER_MAX 32
#define NAME_MAX_OF_RULE 100 /* that SpamAssassin takes */
#define CAPTURE_PRIORITY (-10000)

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* digits, and with a point further ones; "-" in front */
bool
ruleline_number(struct span text, double *number)
{
	char digits[NUMBER_MAX];
	size_t i = 0, begin;

	if (text.len == 0 || text.len >= sizeof(digits))
		return false;
	if (text.p[0] == '-')
		i++;
	for (begin = i; i < text.len && is_digit(text.p[i]); i++)
		;
	if (i == begin)
		return false;
	if (i < text.len) {
		if (text.p[i++] != '.')
			return false;
		for (begin = i; i < text.len && is_digit(text.p[i]); i++)
			;
		if (i == begin || i < text.len)
			return false;
	}
	memcpy(digits, text.p, text.len);
	digits[text.len] = '\0';
	*number = strtod(digits, NULL);
	return true;
}

/* The letters behind a pattern.  Those that PCRE2 need not know change nothing
 * for octets that are searched once. */
static bool
take_flags(struct span letters, unsigned *flags)
{
	size_t i;

	for (i = 0; i < letters.len; i++)
		switch (letters.p[i]) {
		case 'i':
			*flags |= REGEX_NOCASE;
			break;
		case 'm':
			*flags |= REGEX_MULTILINE;
			break;
		case 's':
			*flags |= REGEX_DOTALL;
			break;
		case 'x':
			*flags |= REGEX_EXTENDED;
			break;
		case 'a':
		case 'd':
		case 'l':
		case 'n':
		case 'p':
		case 'u':
			break;
		default:
			return false;
		}
	return true;
}

static char
closing(char open)
{
	switch (open) {
	case '{':
		return '}';
	case '(':
		return ')';
	case '<':
		return '>';
	case '[':
		return ']';
	default:
		return open;
	}
}

static bool
has_bare(struct span text, char delimiter)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == delimiter)
			return true;
		if (text.p[i] == '\\')
			i++;
	}
	return false;
}

/* "/text/flags" or "m{text}flags".  NULL, or what is wrong. */
static const char *
take_pattern(struct span text, struct rule *rule)
{
	struct span flags;
	char end;

	if (span_starts(text, "/")) {
		end = '/';
		text = span_from(text, 1);
	} else {
		if (span_starts(text, "m"))
			text = span_from(text, 1);
		else if (span_starts(text, "qr"))
			text = span_from(text, 2);
		else
			return "no pattern";
		if (text.len == 0 || is_word(text.p[0]) || text.p[0] == '\\')
			return "no pattern";
		end = closing(text.p[0]);
		text = span_from(text, 1);
	}
	flags = span_from(text, text.len);
	while (text.len > 0 && text.p[text.len - 1] != end &&
	       is_word(text.p[text.len - 1])) {
		text.len--;
		flags = (struct span){flags.p - 1, flags.len + 1};
	}
	if (text.len == 0 || text.p[text.len - 1] != end)
		return "pattern without an end";
	text.len--;
	if (end != '}' && end != ')' && end != ']' && has_bare(text, end))
		return "pattern with its delimiter inside";
	rule->pattern = text;
	rule->regex = 0;
	return take_flags(flags, &rule->regex) ? NULL : "unknown flag";
}

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
	rule->priority = old.priority;
	rule->scored = old.scored;
	memcpy(rule->scores, old.scores, sizeof(rule->scores));
	rule->describe = old.describe;
	rule->file = reader->file;
	rule->line = reader->line;
	if (is_capture(rule->pattern))
		rule->priority = CAPTURE_PRIORITY;
}

static void
wrong(struct reader *reader, struct span name, const char *why)
{
	note(reader, NOTE_ERROR, "rule %.*s: %s", SPAN_ARG(name), why);
}

/* Takes the name off a line.  false if there is none, or nothing behind it. */
static bool
take_name(struct reader *reader, struct span *value, struct span *name)
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

/* Where a quoted argument ends: at a quote with a comma or nothing behind it.
 * rest.len if it does not. */
static size_t
quote_end(struct span rest, char quote)
{
	struct span after;
	size_t i;

	for (i = 0; i < rest.len; i++) {
		if (rest.p[i] != quote)
			continue;
		after = span_trim(span_from(rest, i + 1));
		if (after.len == 0 || after.p[0] == ',')
			break;
	}
	return i;
}

/* One argument off the front; false if there is none that makes sense. */
static bool
take_argument(struct span *rest, struct span *argument)
{
	char quote = rest->p[0];
	size_t len;

	if (quote == '\'' || quote == '"') {
		*rest = span_from(*rest, 1);
		len = quote_end(*rest, quote);
		if (len == rest->len)
			return false;
		*argument = (struct span){rest->p, len};
		*rest = span_from(*rest, len + 1);
	} else {
		for (len = 0;
		     len < rest->len &&
		     (rest->p[len] == '.' || rest->p[len] == ':' ||
			 rest->p[len] == '-' ||
			 (is_word(rest->p[len]) && rest->p[len] != '_'));
		     len++)
			;
		if (len == 0)
			return false;
		*argument = (struct span){rest->p, len};
		*rest = span_from(*rest, len);
	}
	*rest = span_trim(*rest);
	if (rest->len == 0)
		return true;
	if (rest->p[0] != ',')
		return false;
	*rest = span_trim(span_from(*rest, 1));
	return true;
}

#define ARGUMENTS_MAX 1000

/* "function(arguments)".  NULL, or what is wrong. */
static const char *
take_function(struct ruleset *set, struct span text, struct rule *rule)
{
	struct span list[ARGUMENTS_MAX], rest, *kept;
	size_t len = 0, count = 0;

	while (len < text.len && is_word(text.p[len]))
		len++;
	if (len == 0 || len == text.len || text.p[len] != '(' ||
	    text.p[text.len - 1] != ')')
		return "no function with arguments";
	rule->kind = RULE_EVAL;
	rule->function = (struct span){text.p, len};
	rule->pattern = span_from(text, len + 1);
	rule->pattern.len--;
	rest = span_trim(rule->pattern);
	while (rest.len > 0) {
		if (count == ARGUMENTS_MAX)
			return "too many arguments";
		if (!take_argument(&rest, &list[count++]))
			return "arguments that are not understood";
	}
	kept = arena_array(&set->arena, count, sizeof(*kept));
	if (count > 0)
		memcpy(kept, list, count * sizeof(*kept));
	rule->arguments = kept;
	rule->argument_count = count;
	return NULL;
}

/* body, rawbody, full, uri: a pattern or a function */
static void
define_text(struct reader *reader, struct span value, enum rule_kind kind)
{
	struct rule rule = {.kind = kind};
	const char *why;
	struct span name;

	if (!take_name(reader, &value, &name))
		return;
	if (kind != RULE_URI && span_starts(value, "eval:"))
		why = take_function(
		    reader->set, span_from(value, strlen("eval:")), &rule);
	else
		why = take_pattern(value, &rule);
	if (why != NULL)
		wrong(reader, name, why);
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

static bool
is_field(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (!is_word(name.p[i]) && name.p[i] != '.' && name.p[i] != '-')
			return false;
	return name.len > 0;
}

/* "name", "name:", "name:one", "name:one:two" with the modifiers there are. */
static bool
is_selector(struct span text)
{
	static const char *const modifiers[] = {"raw", "addr", "name", "host",
	    "domain", "ip", "revip", "first", "last"};
	struct span part = text;
	const char *colon = memchr(text.p, ':', text.len);
	size_t i, count;

	if (colon == NULL)
		return is_field(text);
	part.len = (size_t)(colon - text.p);
	if (!is_field(part))
		return false;
	for (count = 0; colon != NULL; count++) {
		text = span_from(text, part.len + 1);
		part = text;
		colon = text.len > 0 ? memchr(text.p, ':', text.len) : NULL;
		if (colon != NULL)
			part.len = (size_t)(colon - text.p);
		for (i = 0; i < nitems(modifiers); i++)
			if (span_is(part, modifiers[i]))
				break;
		if (i == nitems(modifiers) && (part.len > 0 || count > 0))
			return false;
	}
	return count <= 2;
}

/* "[if-unset: text]" at the end of a line. */
static void
take_unset(struct span *text, struct rule *rule)
{
	static const char mark[] = "[if-unset:";
	struct span rest = *text, value;
	const char *p;

	if (!span_ends(rest, "]"))
		return;
	while ((p = span_find(rest, span_of(mark))) != NULL) {
		rest = span_from(*text, (size_t)(p - text->p) + strlen(mark));
		if (p == text->p || !is_blank(p[-1]) || rest.len < 2 ||
		    !is_blank(rest.p[0]))
			continue;
		value = rest;
		value.len--;
		while (value.len > 1 && is_blank(value.p[0]))
			value = span_from(value, 1);
		rule->unset = value;
		text->len = (size_t)(p - text->p);
		*text = span_trim(*text);
		return;
	}
}

/* "selector =~ /pattern/", or with "!~". */
static const char *
take_match(struct span text, struct rule *rule)
{
	size_t len = 0;

	while (len < text.len && !is_blank(text.p[len]) && text.p[len] != '=' &&
	       text.p[len] != '!')
		len++;
	rule->selector = (struct span){text.p, len};
	text = span_trim(span_from(text, len));
	if (rule->selector.len == 0 ||
	    (!span_starts(text, "=~") && !span_starts(text, "!~")))
		return "no '=~' behind a field";
	rule->negated = text.p[0] == '!';
	text = span_trim(span_from(text, 2));
	take_unset(&text, rule);
	return take_pattern(text, rule);
}

static void
cut_colon(struct span *selector)
{
	if (span_ends(*selector, ":"))
		selector->len--;
}

static const char *
take_header(struct ruleset *set, struct span text, struct rule *rule)
{
	const char *why;

	if (span_starts(text, "eval:"))
		return take_function(set, span_from(text, 5), rule);
	if (span_starts(text, "rbleval:"))
		return take_function(set, span_from(text, 8), rule);
	if (span_starts(text, "exists:")) {
		rule->exists = true;
		rule->selector = span_from(text, 7);
		cut_colon(&rule->selector);
		return is_field(rule->selector) ? NULL : "no name of a field";
	}
	why = take_match(text, rule);
	if (why == NULL && !is_selector(rule->selector))
		why = "no name of a field";
	cut_colon(&rule->selector);
	return why;
}

static void
run_header(struct reader *reader, struct span value)
{
	struct rule rule = {.kind = RULE_HEADER};
	const char *why;
	struct span name;

	if (!take_name(reader, &value, &name))
		return;
	why = take_header(reader->set, value, &rule);
	if (why != NULL)
		wrong(reader, name, why);
	else
		define(reader, name, &rule);
}

static void
run_mimeheader(struct reader *reader, struct span value)
{
	struct rule rule = {.kind = RULE_MIMEHEADER};
	const char *why;
	struct span name;

	if (!take_name(reader, &value, &name))
		return;
	why = take_match(value, &rule);
	if (why != NULL)
		wrong(reader, name, why);
	else
		define(reader, name, &rule);
}

static void
define_whole(struct reader *reader, struct span value, enum rule_kind kind)
{
	struct rule rule = {.kind = kind};
	struct span name;

	if (!take_name(reader, &value, &name))
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
		if (!ruleline_number(word, &scores[count])) {
			wrong(reader, name, "no number for a score");
			return;
		}
	}
	if (word.len > 0 || (count != 1 && count != RULE_SCORE_SETS)) {
		wrong(reader, name, "neither 1 nor 4 scores");
		return;
	}
	entry = ruleset_entry(reader, name);
	if (entry == NULL)
		return;
	if (relative && !entry->rule.scored) {
		wrong(reader, name, "a score added to none");
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

	if (!take_name(reader, &value, &name))
		return;
	entry = ruleset_entry(reader, name);
	if (entry != NULL)
		entry->rule.describe = value;
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

	if (!take_name(reader, &value, &name))
		return;
	entry = ruleset_entry(reader, name);
	if (entry == NULL)
		return;
	entry->rule.tflags = 0;
	entry->rule.maxhits = 0;
	while ((word = span_word(&value)).len > 0) {
		for (i = 0; i < nitems(flags); i++)
			if (span_is(word, flags[i]))
				entry->rule.tflags |= 1u << i;
		if (span_starts(word, "maxhits=") &&
		    ruleline_number(span_from(word, 8), &hits) && hits > 0 &&
		    hits < 1e6)
			entry->rule.maxhits = (unsigned)hits;
	}
}

static void
run_priority(struct reader *reader, struct span value)
{
	struct entry *entry;
	struct span name;
	double number;

	if (!take_name(reader, &value, &name))
		return;
	if (!ruleline_number(value, &number) || number < -1e9 || number > 1e9) {
		wrong(reader, name, "no number for a priority");
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

	if (!take_name(reader, &value, &name))
		return;
	if (!buf_add(&list->values, &value, sizeof(value))) {
		note(reader, NOTE_ERROR, "too many replacements");
		return;
	}
	names_put(&list->names, name, list->values.len / sizeof(value) - 1);
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
run_replace_start(struct reader *reader, struct span value)
{
	reader->set->replace_start = value;
}

static void
run_replace_end(struct reader *reader, struct span value)
{
	reader->set->replace_end = value;
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
ruleline_command(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(commands); i++)
		if (span_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}
