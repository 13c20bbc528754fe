/*
 * learned: what the learner says, as the rules BAYES_00 to BAYES_999 ask it.
 */
#include "eval/families.h"

/* check_bayes(from, to): more than from, at most to; from 0 on 0 is in it. */
static bool
check_bayes(const struct eval_call *call)
{
	double from = eval_number(call, 0), to = eval_number(call, 1);

	if (call->learned < 0)
		return false;
	return (from <= 0 || call->learned > from) && call->learned <= to;
}

static const char *const plugins[] = {"Bayes", NULL};

/* What SpamAssassin's own database is told is of no use to ours. */
static const struct eval evals[] = {
    {"check_bayes", check_bayes, eval_two},
    {NULL, NULL, NULL},
};

const struct eval_family eval_learned = {
    .name = "learned", .plugins = plugins, .evals = evals};
