/*
 * patterns: regular expressions that are arguments of functions of rules,
 * compiled once.
 */
#ifndef EVAL_PATTERNS_H
#define EVAL_PATTERNS_H

#include "base/map.h"
#include "base/regex.h"
#include "eval/eval.h"

/* All zero is an empty one. */
struct patterns {
	struct arena arena;
	struct map map; /* struct regex *, by their text */
	bool delimited; /* they may be written "/x/i"; else "/" means itself */
};

/* Compiles that argument of all rules that call the function.  What is no
 * pattern is noted as a mistake of the rule. */
void patterns_take(struct patterns *patterns, struct ruleset *set,
    const char *function, size_t argument);
void patterns_free(struct patterns *patterns);

/* Whether one that was taken matches. */
bool patterns_match(
    const struct patterns *patterns, struct span pattern, struct span subject);

/* Whether there is one of that text. */
bool patterns_have(const struct patterns *patterns, struct span pattern);

#endif
