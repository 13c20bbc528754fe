/*
 * trial: rules that work, and take much time.
 */
#ifndef RULES_TRIAL_H
#define RULES_TRIAL_H

#include "rules/judge.h"

/* Tries every pattern on long lines, and notes those that give up there, and
 * those that nothing can be looked for that is quicker than trying them on each
 * line. */
void trial_run(struct judge *judge);

#endif
