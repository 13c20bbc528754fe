/*
 * ruleread: lines of files of rules, and which of them count.
 */
#include <errno.h>

#include "rules/conditions.h"
#include "rules/plugins.h"
#include "rules/rulesetpart.h"
#include "rules/ruletext.h"

#define PATH_LEN_MAX 4096
#define KEY_MAX 64 /* octets of a line's first word */
#define VERSION "4.000001"

static void
load_plugin(struct ruleset *set, struct span name)
{
	if (set->plugins.count < RULESET_PLUGINS_MAX)
		*map_at(&set->plugins, &set->arena, name) = 1;
}

static void
run_loadplugin(struct reader *reader, struct span value)
{
	struct span name = plugins_name(span_word(&value));

	if (plugins_known(name))
		load_plugin(reader->set, name);
	else
		note(reader, NOTE_UNKNOWN, "no plugin '%.*s'", SPAN_ARG(name));
}

static void
run_enable_compat(struct reader *reader, struct span value)
{
	struct ruleset *set = reader->set;

	if (set->compats.count < RULESET_PLUGINS_MAX)
		*map_at(&set->compats, &set->arena, value) = 1;
}

/* Begins a condition that holds, or does not. */
static void
begin(struct reader *reader, bool holds)
{
	if (reader->nest == RULESET_NEST_MAX) {
		note(reader, NOTE_ERROR, "too many conditions in conditions");
		return;
	}
	reader->conditions[reader->nest++] =
	    (struct condition){reader->line, reader->skip};
	if (!holds)
		reader->skip = true;
}

static void
run_if(struct reader *reader, struct span value)
{
	const char *why;
	int holds =
	    reader->skip ? 0 : conditions_true(reader->set, value, &why);

	if (holds < 0)
		note(reader, NOTE_ERROR, "%s: %.*s", why, SPAN_ARG(value));
	begin(reader, holds > 0);
}

static void
run_ifplugin(struct reader *reader, struct span value)
{
	if (value.len == 0)
		note(reader, NOTE_ERROR, "ifplugin without a plugin");
	begin(reader, conditions_plugin(reader->set, value));
}

static void
run_else(struct reader *reader, struct span value)
{
	(void)value;
	if (reader->nest == 0)
		note(reader, NOTE_ERROR, "else without if");
	else
		reader->skip =
		    reader->conditions[reader->nest - 1].outer || !reader->skip;
}

static void
run_endif(struct reader *reader, struct span value)
{
	(void)value;
	if (reader->nest == 0)
		note(reader, NOTE_ERROR, "endif without if");
	else
		reader->skip = reader->conditions[--reader->nest].outer;
}

/* A file for another version ends here, as if it were empty from here on. */
static void
run_require_version(struct reader *reader, struct span value)
{
	if (span_is(value, "@@VERSION@@") || span_is(value, VERSION))
		return;
	note(reader, NOTE_ERROR, "for version %.*s, and not for " VERSION,
	    SPAN_ARG(value));
	reader->skip = true;
}

static void read_source(
    struct ruleset *set, const struct source *source, unsigned depth);

/* A path that does not begin with "/" is beside the file. */
static int
keep_included(struct reader *reader, struct span path, struct source *source)
{
	struct buf full = BUF_INIT(PATH_LEN_MAX);
	struct span directory = span_of(reader->file);
	int kept = -1;

	while (directory.len > 0 && directory.p[directory.len - 1] != '/')
		directory.len--;
	if (!span_starts(path, "/"))
		buf_addspan(&full, directory);
	buf_addspan(&full, path);
	if (full.full)
		errno = ENAMETOOLONG;
	else
		kept = rulefile_keep(reader->set, buf_str(&full), source);
	buf_free(&full);
	return kept;
}

static void
run_include(struct reader *reader, struct span value)
{
	struct source source;
	int kept;

	if (reader->depth == RULESET_NEST_MAX) {
		note(reader, NOTE_ERROR, "too many files in files");
		return;
	}
	kept = keep_included(reader, value, &source);
	if (kept == 0)
		read_source(reader->set, &source, reader->depth + 1);
	else if (kept < 0)
		note(reader, NOTE_ERROR, "cannot read '%.*s': %s",
		    SPAN_ARG(value), strerror(errno));
}

static const struct command commands[] = {
    {"if", run_if, true},
    {"ifplugin", run_ifplugin, true},
    {"else", run_else, true},
    {"endif", run_endif, true},
    {"include", run_include, false},
    {"require_version", run_require_version, false},
    {"loadplugin", run_loadplugin, false},
    {"tryplugin", run_loadplugin, false},
    {"enable_compat", run_enable_compat, false},
};

const struct command *
ruleread_command(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(commands); i++)
		if (span_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static void
clear_settings(struct ruleset *set, const char *clear)
{
	struct keyword *keyword;
	const char *name;
	size_t i;

	for (i = 0; (name = settings_cleared(clear, i)) != NULL; i++) {
		keyword = ruleset_keyword(set, span_of(name));
		if (keyword != NULL)
			buf_reset(&keyword->settings);
	}
}

static void
set_setting(
    struct reader *reader, const struct keyword *keyword, struct span value)
{
	struct setting setting = {NULL, value, reader->file, reader->line};
	struct keyword *under;
	double number;

	if (settings_cleared(keyword->name, 0) != NULL) {
		clear_settings(reader->set, keyword->name);
		return;
	}
	if (keyword->use == SETTINGS_UNKNOWN)
		note(reader, NOTE_UNKNOWN, "no setting '%s'", keyword->name);
	if (keyword->use == SETTINGS_IGNORED)
		note(reader, NOTE_IGNORED, "%s", keyword->name);
	if (keyword->use != SETTINGS_KEPT)
		return;
	under = ruleset_keyword_at(reader->set, keyword->setting);
	setting.name = under->name;
	if (value.len == 0) {
		note(reader, NOTE_ERROR, "too little on the line");
		return;
	}
	if (settings_is_number(under->name) &&
	    !ruletext_number(value, &number)) {
		note(reader, NOTE_ERROR, "%s: no number", under->name);
		return;
	}
	if (!buf_add(&under->settings, &setting, sizeof(setting)))
		note(reader, NOTE_ERROR, "too many of %s", under->name);
}

/* A name as SpamAssassin takes it: in lower case, "_" for "-".  false if it is
 * too long. */
static bool
make_key(struct span word, char key[KEY_MAX])
{
	size_t i;
	char c;

	if (word.len >= KEY_MAX)
		return false;
	for (i = 0; i < word.len; i++) {
		c = word.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		key[i] = c == '-' ? '_' : c;
	}
	key[i] = '\0';
	return true;
}

/* The text without a comment, and "\#" as "#". */
static struct span
without_comment(struct reader *reader, struct span line)
{
	struct span copy;
	const char *hash = memchr(line.p, '#', line.len);
	size_t i, len = 0;
	char *to;

	if (hash == NULL)
		return line;
	if (hash == line.p || hash[-1] != '\\') {
		line.len = (size_t)(hash - line.p);
		return line;
	}
	copy = arena_copy(&reader->set->arena, line);
	to = (char *)(size_t)copy.p;
	for (i = 0; i < line.len; i++) {
		if (line.p[i] == '#') {
			if (line.p[i - 1] != '\\')
				break;
			len--;
		}
		to[len++] = line.p[i];
	}
	return (struct span){copy.p, len};
}

/* Takes "lang xx" off: false if that is none of ours. */
static bool
is_our_language(const struct ruleset *set, struct span *line)
{
	struct span rest = *line, ours = set->language, language;

	if (!span_is(span_word(&rest), "lang"))
		return true;
	language = span_word(&rest);
	if (ours.len > language.len)
		ours.len = language.len;
	if (!span_ieq(ours, language))
		return false;
	*line = span_trim(rest);
	return true;
}

static void
read_line(struct reader *reader, struct span line)
{
	const struct keyword *keyword;
	struct span word;
	char key[KEY_MAX];

	line = span_trim(without_comment(reader, line));
	if (line.len == 0)
		return;
	if (span_starts(line, "lang") && !is_our_language(reader->set, &line))
		return;
	word = span_word(&line);
	line = span_trim(line);
	if (!make_key(word, key)) {
		if (!reader->skip)
			note(reader, NOTE_UNKNOWN, "no setting '%.*s'",
			    SPAN_ARG(word));
		return;
	}
	/* what nobody has named yet is no condition */
	if (reader->skip && ruleread_command(span_of(key)) == NULL)
		return;
	keyword = ruleset_keyword(reader->set, span_of(key));
	if (keyword == NULL)
		note(reader, NOTE_ERROR, "too many settings");
	else if (reader->skip && !keyword->command->always)
		return;
	else if (keyword->command != NULL)
		keyword->command->run(reader, line);
	else
		set_setting(reader, keyword, line);
}

static void
read_source(struct ruleset *set, const struct source *source, unsigned depth)
{
	struct reader reader = {
	    .set = set, .file = source->name, .depth = depth};
	struct span rest = source->octets, line;
	const char *end;

	while (rest.len > 0) {
		end = memchr(rest.p, '\n', rest.len);
		line = rest;
		if (end != NULL)
			line.len = (size_t)(end - rest.p);
		rest = span_from(rest, line.len + 1);
		reader.line++;
		if (line.len > RULESET_LINE_MAX)
			note(&reader, NOTE_ERROR, "a line of %zu octets",
			    line.len);
		else
			read_line(&reader, line);
	}
	while (reader.nest > 0) {
		reader.line = reader.conditions[--reader.nest].line;
		note(&reader, NOTE_ERROR, "if without endif");
	}
}

static void
read_sources(struct ruleset *set, const struct buf *list)
{
	const struct source *sources = (const void *)list->p;
	size_t i;

	for (i = 0; i < list->len / sizeof(*sources); i++)
		read_source(set, &sources[i], 0);
}

void
ruleread_all(struct ruleset *set)
{
	struct span name;
	size_t i;

	if (set->pres.len == 0)
		*map_at(&set->compats, &set->arena,
		    span_of("welcomelist_blocklist")) = 1;
	for (i = 0; set->pres.len == 0 && plugins_standard(i) != NULL; i++) {
		name = span_of(plugins_standard(i));
		if (plugins_known(name))
			load_plugin(set, name);
	}
	read_sources(set, &set->pres);
	read_sources(set, &set->configs);
	buf_reset(&set->pres);
	buf_reset(&set->configs);
}
