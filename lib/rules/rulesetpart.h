/*
 * rulesetpart: what the parts of the reader of rules share; nobody else
 * includes it.
 */
#ifndef RULES_RULESETPART_H
#define RULES_RULESETPART_H

#include "base/map.h"
#include "rules/ruleset.h"
#include "rules/settings.h"

#define RULESET_KEYWORDS_MAX 10000 /* names at the beginning of a line */
#define RULESET_SETTINGS_MAX 1000000
#define RULESET_FILES_MAX 10000
#define RULESET_PLUGINS_MAX 1000
#define RULESET_NOTE_KINDS (NOTE_COSTLY + 1)

struct entry {
	struct rule rule;
	bool replaced; /* replace_rules names it */
};

/* A file, or what is left to read of those that were given. */
struct source {
	const char *name;
	struct span octets;
};

struct reader;

/* The first word of a line. */
struct command {
	const char *name;
	void (*run)(struct reader *reader, struct span value);
	bool always; /* even where a condition is false */
};

/* A first word that was seen, and what it is. */
struct keyword {
	const char *name;
	const struct command *command; /* NULL: a setting */
	enum settings_use use;
	size_t setting;      /* the keyword under which it is kept */
	struct buf settings; /* struct setting */
};

/* What replace_tag, _pre, _inter and _post say. */
enum { REPLACE_TAG, REPLACE_PRE, REPLACE_INTER, REPLACE_POST, REPLACE_KINDS };

struct replacements {
	struct map names;  /* which value, and 1 */
	struct buf values; /* struct span */
};

struct ruleset {
	struct arena arena;
	struct buf rules;         /* struct entry */
	struct map rule_names;    /* which rule, and 1 */
	struct buf keywords;      /* struct keyword */
	struct map keyword_names; /* which keyword, and 1 */
	struct buf notes;         /* struct note */
	size_t note_counts[RULESET_NOTE_KINDS];
	struct map files;     /* that were read */
	struct span language; /* "de_DE" */
	struct buf pres;      /* struct source: *.pre */
	struct buf configs;   /* struct source: the others */
	struct map plugins;   /* that are loaded, without their class */
	struct map compats;   /* names behind enable_compat */
	struct replacements replacements[REPLACE_KINDS];
	struct span replace_start;
	struct span replace_end;
	struct buf scratch;
};

/* Where the reader is. */
struct condition {
	unsigned line;
	bool outer; /* what was before it is skipped */
};

struct reader {
	struct ruleset *set;
	const char *file;
	unsigned line;
	unsigned depth; /* files in files */
	bool skip;      /* in a condition that is false */
	struct condition conditions[RULESET_NEST_MAX];
	size_t nest;
};

void note(struct reader *reader, enum note_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The rule of that name, which is made if there is none; NULL if it is no name
 * for a rule or there are too many, which is noted. */
struct entry *ruleset_entry(struct reader *reader, struct span name);

/* The keyword of that name; NULL if there are too many. */
struct keyword *ruleset_keyword(struct ruleset *set, struct span name);
struct keyword *ruleset_keyword_at(const struct ruleset *set, size_t i);

/* Takes a file into source.  0; 1 if that was done before, and is not done
 * again; -1 with errno. */
int rulefile_keep(struct ruleset *set, const char *path, struct source *source);

/* Makes sense of all files that were taken in. */
void ruleread_all(struct ruleset *set);

/* The command of that name; NULL if it is none. */
const struct command *ruleread_command(struct span name);
const struct command *ruleline_command(struct span name);
const struct command *ruleabout_command(struct span name);

/* Takes the name of a rule off a line.  false, and noted, if there is none, or
 * nothing behind it. */
bool ruleline_name(
    struct reader *reader, struct span *value, struct span *name);

/* Notes what is wrong with a rule. */
void ruleline_wrong(struct reader *reader, struct span name, const char *why);

#endif
