/*
 * ruletext: the pieces that lines of rules are made of.
 *
 * Functions that return a text take a piece into the rule: NULL if that was
 * good, or else the text says what is wrong.  What they take is not copied.
 */
#ifndef RULES_RULETEXT_H
#define RULES_RULETEXT_H

#include "base/arena.h"
#include "rules/ruleset.h"

/* Digits, "-" before them or not, and a point with further ones or not.  false
 * if it is something else. */
bool ruletext_number(struct span text, double *number);

/* "/pattern/flags", "m{pattern}flags" */
const char *ruletext_pattern(struct span text, struct rule *rule);

/* "function('argument', 2)".  The list of arguments is in the arena. */
const char *ruletext_function(
    struct arena *arena, struct span text, struct rule *rule);

/* What stands behind the name in a line "header": "selector =~ /pattern/flags
 * [if-unset: text]", the same with "!~", "exists:Field", or a function; in a
 * line "mimeheader" one of the first two */
const char *ruletext_header(
    struct arena *arena, struct span text, struct rule *rule);
const char *ruletext_mimeheader(struct span text, struct rule *rule);

#endif
