/*
 * ruleset: rules and settings as files in SpamAssassin's language say them; see
 * spam-rules(5).
 *
 * Reading makes sense of every line, of conditions (ifplugin, if, else), of
 * what later lines change (score, describe, tflags, a rule defined again), and
 * of replace_tag.  What is wrong or unknown is noted with file and line, and
 * left out; everything else works.  Nothing is compiled here but replace_tag is
 * done: a pattern is what PCRE2 gets.
 */
#ifndef RULES_RULESET_H
#define RULES_RULESET_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

#define RULESET_FILE_MAX (8 << 20) /* octets of a file */
#define RULESET_LINE_MAX (1 << 20) /* octets of a line */
#define RULESET_RULES_MAX 100000
#define RULESET_NOTES_MAX 5000         /* of a kind, that are kept */
#define RULESET_NEST_MAX 20            /* files in files, conditions */
#define RULESET_PATTERN_MAX (64 << 10) /* octets after replace_tag */
#define RULESET_NAME_MAX 128

enum rule_kind {
	RULE_UNDEFINED, /* has a score or so, but nobody defined it */
	RULE_HEADER,
	RULE_BODY,
	RULE_RAWBODY,
	RULE_FULL,
	RULE_URI,
	RULE_MIMEHEADER,
	RULE_URI_DETAIL, /* pattern is the whole text of its conditions */
	RULE_META,
	RULE_EVAL,  /* header, body, rawbody or full NAME eval:f(...) */
	RULE_REMOTE /* one that asks a network: kept for its score and name */
};

enum { /* tflags */
	RULE_NET = 1,
	RULE_NICE = 2,
	RULE_LEARN = 4,
	RULE_USERCONF = 8,
	RULE_MULTIPLE = 16,
	RULE_NOSUBJECT = 32, /* body: not in the line of the subject */
	RULE_CONCAT = 64     /* mimeheader: all parts in one */
};

#define RULE_SCORE_SETS 4 /* 1: with network, 2: with learner, or-ed */

struct rule {
	const char *name;
	enum rule_kind kind;
	struct span selector; /* of header, mimeheader: "From:addr" */
	struct span pattern;  /* the text between the delimiters, with
				 replace_tag done; of meta the expression; of
				 eval the arguments' text */
	unsigned regex;       /* REGEX_* of base/regex.h */
	bool exists;          /* header NAME exists:FIELD */
	bool negated;         /* !~ */
	struct span unset;    /* [if-unset: text]; p NULL if it has none */
	struct span function; /* of eval: its name */
	const struct span *arguments; /* of eval, without quotes */
	size_t argument_count;
	unsigned tflags;
	unsigned maxhits;    /* with RULE_MULTIPLE; 0: no limit */
	unsigned first_part; /* of mimeheader, from 1; 0: any */
	unsigned last_part;  /* 0: any */
	int priority;
	bool scored; /* a file gives it a score */
	double scores[RULE_SCORE_SETS];
	struct span describe; /* p NULL if there is none */
	const char *file;
	unsigned line;
};

/* A setting that is none of the rules' own: "welcomelist_from *@example.com" */
struct setting {
	const char *name; /* the newer name, if there are two */
	struct span value;
	const char *file;
	unsigned line;
};

enum note_kind {
	NOTE_ERROR,   /* left out, for it is wrong */
	NOTE_UNKNOWN, /* left out, for nobody here knows it */
	NOTE_IGNORED, /* known, and of no use here: report_safe, ... */
	NOTE_COSTLY   /* works, and takes much time */
};

struct note {
	enum note_kind kind;
	const char *file;
	unsigned line;
	const char *text;
};

struct ruleset;

struct ruleset *ruleset_new(void);
void ruleset_free(struct ruleset *set);

/* Takes in a file, or the files *.cf and *.pre of a directory in the order of
 * their names.  0; -1 with errno if it cannot be read.  What they say is looked
 * at by ruleset_finish(): first all files *.pre, then the others. */
int ruleset_read(struct ruleset *set, const char *path);

/* After the last file: makes sense of them all, and makes the rules whole
 * (default scores, replace_tag, what is defined twice).  Only then may rules,
 * settings and notes be looked at. */
void ruleset_finish(struct ruleset *set);

size_t ruleset_count(const struct ruleset *set);
const struct rule *ruleset_rule(const struct ruleset *set, size_t i);

/* Its index; -1 if there is none of that name. */
long ruleset_find(const struct ruleset *set, struct span name);

/* Walks the settings of that name in the order of the files; *at starts as 0.
 */
const struct setting *ruleset_setting(
    const struct ruleset *set, const char *name, size_t *at);

/* The last value of a setting; p NULL if there is none. */
struct span ruleset_value(const struct ruleset *set, const char *name);

size_t ruleset_note_count(const struct ruleset *set);
const struct note *ruleset_note(const struct ruleset *set, size_t i);

/* Adds a note about a place: by the reader, and by whoever finds later that a
 * rule does not work. */
void ruleset_add_note(struct ruleset *set, enum note_kind kind,
    const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
