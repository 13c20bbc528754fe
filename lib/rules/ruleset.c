#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "rules/plugins.h"
#include "rules/replace.h"
#include "rules/rulesetpart.h"
#include "rules/settings.h"

#define NOTE_MAX 512 /* octets of its text */
#define COUNT(buf, type) ((buf).len / sizeof(type))

/* The language of messages, as the environment has it: "de_DE". */
static struct span
find_language(void)
{
	static const char *const names[] = {
	    "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};
	const char *value = NULL;
	size_t i;

	for (i = 0; i < nitems(names); i++) {
		value = getenv(names[i]);
		if (value != NULL && *value != '\0')
			break;
	}
	if (i == nitems(names) || strcmp(value, "C") == 0 ||
	    strcmp(value, "POSIX") == 0)
		value = "en_US";
	return (struct span){value, strcspn(value, ":@.+,")};
}

struct ruleset *
ruleset_new(void)
{
	struct ruleset *set = calloc(1, sizeof(*set));
	size_t i;

	if (set == NULL)
		fatal("out of memory");
	buf_init(&set->rules, RULESET_RULES_MAX * sizeof(struct entry));
	buf_init(&set->keywords, RULESET_KEYWORDS_MAX * sizeof(struct keyword));
	buf_init(&set->notes,
	    RULESET_NOTE_KINDS * RULESET_NOTES_MAX * sizeof(struct note));
	buf_init(&set->pres, RULESET_FILES_MAX * sizeof(struct source));
	buf_init(&set->configs, RULESET_FILES_MAX * sizeof(struct source));
	buf_init(&set->scratch, RULESET_FILE_MAX);
	for (i = 0; i < REPLACE_KINDS; i++)
		buf_init(&set->replacements[i].values,
		    RULESET_RULES_MAX * sizeof(struct span));
	set->language = arena_copy(&set->arena, find_language());
	set->replace_start = span_of("<");
	set->replace_end = span_of(">");
	return set;
}

void
ruleset_free(struct ruleset *set)
{
	size_t i;

	if (set == NULL)
		return;
	for (i = 0; i < COUNT(set->keywords, struct keyword); i++)
		buf_free(&ruleset_keyword_at(set, i)->settings);
	for (i = 0; i < REPLACE_KINDS; i++)
		buf_free(&set->replacements[i].values);
	buf_free(&set->rules);
	buf_free(&set->keywords);
	buf_free(&set->notes);
	buf_free(&set->pres);
	buf_free(&set->configs);
	buf_free(&set->scratch);
	arena_free(&set->arena);
	free(set);
}

static struct entry *
entry_at(const struct ruleset *set, size_t i)
{
	return &((struct entry *)(void *)set->rules.p)[i];
}

static bool
is_name(struct span name)
{
	size_t i;
	char c;

	for (i = 0; i < name.len; i++) {
		c = name.p[i];
		if (c != '_' && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') &&
		    (i == 0 || !(c >= '0' && c <= '9')))
			return false;
	}
	return name.len > 0 && name.len <= RULESET_NAME_MAX;
}

struct entry *
ruleset_entry(struct reader *reader, struct span name)
{
	struct ruleset *set = reader->set;
	uint32_t n = map_get(&set->rule_names, name);
	struct entry entry = {0};

	if (n != 0)
		return entry_at(set, n - 1);
	if (!is_name(name)) {
		note(reader, NOTE_ERROR, "no name for a rule: '%.*s'",
		    SPAN_ARG(name));
		return NULL;
	}
	name = arena_copy(&set->arena, name);
	entry.rule.name = name.p;
	entry.rule.file = reader->file;
	entry.rule.line = reader->line;
	if (!buf_add(&set->rules, &entry, sizeof(entry))) {
		note(reader, NOTE_ERROR, "too many rules");
		return NULL;
	}
	n = (uint32_t)COUNT(set->rules, struct entry);
	*map_at(&set->rule_names, &set->arena, name) = n;
	return entry_at(set, n - 1);
}

struct keyword *
ruleset_keyword_at(const struct ruleset *set, size_t i)
{
	return &((struct keyword *)(void *)set->keywords.p)[i];
}

struct keyword *
ruleset_keyword(struct ruleset *set, struct span name)
{
	uint32_t n = map_get(&set->keyword_names, name);
	size_t i;
	struct keyword keyword = {0}, *other;
	struct buf newer = BUF_INIT(RULESET_NAME_MAX + 16);

	if (n != 0)
		return ruleset_keyword_at(set, n - 1);
	name = arena_copy(&set->arena, name);
	keyword.name = name.p;
	buf_init(
	    &keyword.settings, RULESET_SETTINGS_MAX * sizeof(struct setting));
	keyword.command = ruleread_command(name);
	if (keyword.command == NULL)
		keyword.command = ruleline_command(name);
	if (keyword.command == NULL)
		keyword.command = ruleabout_command(name);
	i = COUNT(set->keywords, struct keyword);
	keyword.setting = i;
	if (!buf_add(&set->keywords, &keyword, sizeof(keyword)))
		return NULL;
	*map_at(&set->keyword_names, &set->arena, name) = (uint32_t)i + 1;
	if (keyword.command != NULL)
		return ruleset_keyword_at(set, i);
	keyword.use = settings_use(name.p);
	if (settings_newer(name, &newer)) {
		other = ruleset_keyword(set, buf_span(&newer));
		if (other != NULL) {
			keyword.use = other->use;
			keyword.setting = other->setting;
		}
	}
	buf_free(&newer);
	*ruleset_keyword_at(set, i) = keyword;
	return ruleset_keyword_at(set, i);
}

/* What a rule has that no file gives a score: 1, or little if it is on trial,
 * below 0 if it speaks for a message. */
static void
set_default_scores(struct rule *rule)
{
	double score = strncmp(rule->name, "T_", 2) == 0 ? 0.01 : 1;
	size_t i;

	if (rule->scored || rule->kind == RULE_UNDEFINED)
		return;
	for (i = 0; i < RULE_SCORE_SETS; i++)
		rule->scores[i] = rule->tflags & RULE_NICE ? -score : score;
}

/* Whether we have its function, or know why not. */
static void
check_function(struct ruleset *set, struct rule *rule)
{
	if (rule->kind != RULE_EVAL)
		return;
	switch (plugins_function(rule->function)) {
	case PLUGINS_LOCAL:
		break;
	case PLUGINS_REMOTE:
		rule->kind = RULE_REMOTE;
		break;
	case PLUGINS_UNKNOWN:
		rule->kind = RULE_UNDEFINED;
		ruleset_add_note(set, NOTE_UNKNOWN, rule->file, rule->line,
		    "rule %s: no function '%.*s'", rule->name,
		    SPAN_ARG(rule->function));
		break;
	}
}

void
ruleset_finish(struct ruleset *set)
{
	size_t i;

	ruleread_all(set);
	for (i = 0; i < ruleset_count(set); i++) {
		struct entry *entry = entry_at(set, i);

		check_function(set, &entry->rule);
		set_default_scores(&entry->rule);
		if (entry->replaced)
			replace_tags(set, &entry->rule);
	}
	buf_free(&set->scratch);
}

size_t
ruleset_count(const struct ruleset *set)
{
	return COUNT(set->rules, struct entry);
}

const struct rule *
ruleset_rule(const struct ruleset *set, size_t i)
{
	return &entry_at(set, i)->rule;
}

long
ruleset_find(const struct ruleset *set, struct span name)
{
	return (long)map_get(&set->rule_names, name) - 1;
}

const struct setting *
ruleset_setting(const struct ruleset *set, const char *name, size_t *at)
{
	uint32_t n = map_get(&set->keyword_names, span_of(name));
	const struct buf *list;

	if (n == 0)
		return NULL;
	list = &ruleset_keyword_at(set, n - 1)->settings;
	if (*at >= COUNT(*list, struct setting))
		return NULL;
	return &((const struct setting *)(void *)list->p)[(*at)++];
}

struct span
ruleset_value(const struct ruleset *set, const char *name)
{
	const struct setting *setting;
	struct span value = {NULL, 0};
	size_t at = 0;

	while ((setting = ruleset_setting(set, name, &at)) != NULL)
		value = setting->value;
	return value;
}

size_t
ruleset_note_count(const struct ruleset *set)
{
	return COUNT(set->notes, struct note);
}

const struct note *
ruleset_note(const struct ruleset *set, size_t i)
{
	return &((const struct note *)(void *)set->notes.p)[i];
}

static void __attribute__((format(printf, 5, 0)))
add_note(struct ruleset *set, enum note_kind kind, const char *file,
    unsigned line, const char *fmt, va_list args)
{
	char text[NOTE_MAX];
	struct note made = {kind, file, line, NULL};

	if (++set->note_counts[kind] > RULESET_NOTES_MAX)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	made.text = arena_copy(&set->arena, span_of(text)).p;
	buf_add(&set->notes, &made, sizeof(made));
}

void
ruleset_add_note(struct ruleset *set, enum note_kind kind, const char *file,
    unsigned line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(set, kind, file, line, fmt, args);
	va_end(args);
}

void
note(struct reader *reader, enum note_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(reader->set, kind, reader->file, reader->line, fmt, args);
	va_end(args);
}
