/*
 * judge: rules, ready to be asked about messages.
 *
 * Only what a score depends on is evaluated, once for a message, when it is
 * asked for: a rule under a meta that is decided already never runs.  Text is
 * passed over once for the literals of all patterns (rules/prefilter.h), and a
 * pattern is tried only on lines that hold one of its own.
 */
#ifndef RULES_JUDGE_H
#define RULES_JUDGE_H

#include "eval/eval.h"
#include "rules/ruleset.h"
#include "spam/score.h"

struct judge;

/* Makes ready.  score_set: 1 with the network, 2 with the learner, or-ed.  What
 * is wrong with a rule is noted in the set, which must live as long. */
struct judge *judge_new(struct ruleset *set, unsigned score_set);
void judge_free(struct judge *judge);

/* Compiles the patterns that a score depends on now, or all, so that all notes
 * are there and nothing is compiled later. */
void judge_compile(struct judge *judge, bool all);

/* Takes a message apart, in every way that rules need it.  mail was reset, and
 * its envelope set.  max: octets of text of a part. */
void judge_read(
    struct judge *judge, struct mail *mail, struct span octets, size_t max);

/* Asks all rules that count.  learned is the learner's probability of spam,
 * below 0 if it says nothing.  At the deadline (clock_ms()) it ends, and the
 * score says so. */
void judge_run(struct judge *judge, struct mail *mail, double learned,
    int64_t deadline, struct score *score);

/* After judge_run(), what a rule says of the same message, asked or not until
 * now: how often it hit. */
double judge_ask(struct judge *judge, size_t rule);

const struct tld *judge_tld(const struct judge *judge);

#endif
