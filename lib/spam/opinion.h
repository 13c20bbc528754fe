/*
 * opinion: all that has a say in a message's score, asked together: rules,
 * learner, lists, reputation, and lists of the DNS.
 */
#ifndef SPAM_OPINION_H
#define SPAM_OPINION_H

#include "mail/frame.h"
#include "rules/judge.h"
#include "spam/score.h"

#define OPINION_RULES_MAX 16 /* directories and files of rules */
#define OPINION_MODELS_MAX 2 /* the shared one, and the user's over it */

struct opinion_config {
	const char *rules[OPINION_RULES_MAX];   /* ends in NULL */
	const char *models[OPINION_MODELS_MAX]; /* NULL: none */
	bool named_models;      /* by the user: warn if one is not there */
	const char *lists;      /* file; NULL: none */
	const char *reputation; /* file; NULL: none */
	const char *uri_lists;  /* zones; NULL: none */
	const char *dns_server;
	const char *dns_zone;
	uint64_t bytes; /* of text of a part */
	uint64_t time;  /* ms for a message */
	uint64_t learn_min;
};

struct opinion;

/* Opens everything.  What cannot be had ends the program with 111, but a model
 * that is not there yet is warned of. */
struct opinion *opinion_open(const struct opinion_config *config);
void opinion_free(struct opinion *opinion);

/* What the rules say is required: required_score, or 5. */
double opinion_required(const struct opinion *opinion);

/* Whether some file was replaced, so that it is time to open all again in a
 * process that still can. */
bool opinion_is_stale(struct opinion *opinion);

/* The points that a probability of the learner has beyond those of BAYES_*; 0
 * if it is below 0, for then it says nothing. */
double opinion_learned(double probability);

/* Compiles and loads now what else would be when it is needed. */
void opinion_compile(struct opinion *opinion);

/* For struct scorer_work. */
void opinion_confine(void *opinion);
void opinion_score(void *opinion, const struct frame *frame, struct span octets,
    struct arena *arena, struct score *score);

#endif
