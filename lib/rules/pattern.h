/*
 * pattern: the regular expression of a rule, ready to be searched for.
 */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include "base/arena.h"
#include "base/regex.h"
#include "rules/starts.h"

/* Compiles.  A pattern that is too large for PCRE2 because it repeats a large
 * group so and so often is written so that the group stands in it once.  NULL,
 * and why says it in words. */
struct regex *rule_regex(struct span pattern, unsigned flags, struct buf *why);

/* The same for a large pattern that many lines are searched for: one that is
 * tried only where *starts says that a match can begin (REGEX_ANCHORED).  NULL
 * if that is of no use. */
struct regex *rule_regex_anchored(
    struct span pattern, unsigned flags, struct starts_table **starts);

#endif
