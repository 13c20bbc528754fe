/*
 * judgepart: what an judge is made of, between rules/judge.c, which makes it
 * ready, and rules/asking.c, which asks it.
 */
#ifndef RULES_JUDGEPART_H
#define RULES_JUDGEPART_H

#include "base/regex.h"
#include "eval/uridetail.h"
#include "rules/captures.h"
#include "rules/judge.h"
#include "rules/meta.h"
#include "rules/prefilter.h"
#include "rules/starts.h"

/* Texts that patterns search. */
enum source { SOURCE_BODY, SOURCE_RAWBODY, SOURCE_URI, SOURCES };

struct check {
	const struct rule *rule;
	bool runs;     /* it has a score, or is a sub-rule */
	bool needed;   /* a score depends on it */
	bool tried;    /* to compile */
	bool captures; /* what its named groups match is kept */
	bool template; /* its pattern wants what others have kept */
	struct regex *regex;
	struct regex *filled; /* the template, for this message */
	struct meta *meta;
	struct uridetail *detail;
	const struct eval *eval;
	size_t family;
	size_t selector; /* of a header rule */
	long filter;     /* its number in the filter of its source; -1: none */
	bool often;      /* many lines are searched */
	struct starts_table *starts; /* where to try it; NULL: search */
	unsigned width; /* octets of the longest match, or WIDTH_ANY */
};

/* Pieces of the header that rules ask for, each once. */
struct selected {
	struct span name;
	struct selector selector;
	bool known;       /* for this message */
	struct span text; /* p NULL if it is not there */
};

/* What is known of the value: TRUTH, whether it is 0. */
enum known { UNKNOWN, ASKED, TRUTH, KNOWN };

struct answer {
	enum known known;
	double value;
	struct span matched;
};

struct judge {
	struct ruleset *set;
	unsigned score_set;
	struct arena arena;
	struct check *checks;
	size_t count;
	struct answer *answers;
	struct selected *selected;
	size_t selected_count;
	struct prefilter *filters[SOURCES];
	size_t filter_count[SOURCES]; /* patterns */
	struct tld *tld;
	struct relay_networks *networks;
	void **data;       /* of the families */
	size_t *capturing; /* rules with captures */
	size_t capturing_count;
	size_t *templates; /* rules with templates */
	size_t template_count;

	/* of the message */
	struct mail *mail;
	double learned;
	int64_t deadline;
	unsigned searches;
	const char *cut; /* why not everything was asked */
	bool gave_up;    /* some pattern took too many steps */
	struct prefilter_lines *lines[SOURCES];
	bool scanned[SOURCES];
	bool flooded[SOURCES]; /* too many literals: all lines are searched */
	bool begun;            /* the families know of the message */
	struct captures captures;
};

/* Notes something about a rule. */
void judge_note(struct judge *judge, const struct check *check,
    enum note_kind kind, const char *why);

/* The following are for asking.  As regex_find(); what is given up has taken
 * its time, and is told. */
int judge_find(struct judge *judge, const struct regex *regex, struct span text,
    size_t from, size_t last, struct regex_match *match);

/* What to search a message for; NULL if the rule does not run. */
const struct regex *judge_filled(struct judge *judge, struct check *check);

/* Searches one line, adds to the answer, and says whether it has enough. */
bool judge_search(struct judge *judge, const struct check *check,
    const struct regex *regex, struct span line, size_t from, size_t last,
    struct answer *answer);

/* Asks a rule about headers of parts. */
void judge_ask_part(
    struct judge *judge, struct check *check, struct answer *answer);

/* The pattern of a rule; NULL if it is none, which is noted once. */
const struct regex *judge_pattern(struct judge *judge, struct check *check);

#endif
