/*
 * replace: tags in patterns, "<A>", as replace_tag says what they are.
 */
#ifndef RULES_REPLACE_H
#define RULES_REPLACE_H

struct rule;
struct ruleset;

/* Replaces the tags in the pattern of a rule. */
void replace_tags(struct ruleset *set, struct rule *rule);

#endif
