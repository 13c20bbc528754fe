/*
 * pattern: the regular expression of a rule, ready to be searched for.
 */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include "base/arena.h"
#include "base/regex.h"

/* Compiles.  A pattern that is too large for PCRE2 because it repeats a large
 * group so and so often is written so that the group stands in it once.  NULL,
 * and why says it in words. */
struct regex *rule_regex(struct span pattern, unsigned flags, struct buf *why);

/* The same for a large pattern that many lines are searched for, with a look
 * ahead for how a match begins.  NULL if that is of no use. */
struct regex *rule_regex_ahead(struct span pattern, unsigned flags);

#endif
