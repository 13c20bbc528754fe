/*
 * conditions: what stands behind "if" in a file of rules, as in
 *
 *	if (version >= 4.000000) && !plugin(Mail::SpamAssassin::Plugin::DKIM)
 *
 * For such questions we are SpamAssassin 4.0.1 that asks no network.
 */
#ifndef RULES_CONDITIONS_H
#define RULES_CONDITIONS_H

#include "base/span.h"

struct ruleset;

/* 1 or 0; -1 if it is no condition, and why says so. */
int conditions_true(
    const struct ruleset *set, struct span text, const char **why);

/* Whether a plugin is loaded ("ifplugin"). */
bool conditions_plugin(const struct ruleset *set, struct span name);

#endif
