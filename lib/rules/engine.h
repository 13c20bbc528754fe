/*
 * engine: rules, ready to be asked about messages.
 *
 * Only what a score depends on is evaluated, once for a message, when it is
 * asked for: a rule under a meta that is decided already never runs.  Text is
 * passed over once for the literals of all patterns (rules/prefilter.h), and a
 * pattern is tried only on lines that hold one of its own.
 */
#ifndef RULES_ENGINE_H
#define RULES_ENGINE_H

#include "eval/eval.h"
#include "rules/ruleset.h"
#include "spam/score.h"

struct engine;

/* Makes ready.  score_set: 1 with the network, 2 with the learner, or-ed.  What
 * is wrong with a rule is noted in the set, which must live as long. */
struct engine *engine_new(struct ruleset *set, unsigned score_set);
void engine_free(struct engine *engine);

/* Compiles every pattern now, also those that no score depends on, so that all
 * notes are there and nothing is compiled later. */
void engine_compile(struct engine *engine);

/* Takes a message apart, in every way that rules need it.  mail was reset, and
 * its envelope set.  max: octets of text of a part. */
void engine_read(
    struct engine *engine, struct mail *mail, struct span octets, size_t max);

/* Asks all rules that count.  learned is the learner's probability of spam,
 * below 0 if it says nothing.  At the deadline (clock_ms()) it ends, and the
 * score says so. */
void engine_run(struct engine *engine, struct mail *mail, double learned,
    int64_t deadline, struct score *score);

/* After engine_run(), what a rule says of the same message, asked or not until
 * now: how often it hit. */
double engine_ask(struct engine *engine, size_t rule);

const struct tld *engine_tld(const struct engine *engine);

#endif
