#include "rules/replace.h"
#include "rules/rulesetpart.h"

void
replace_tags(struct ruleset *set, struct rule *rule)
{
	(void)set;
	(void)rule;
}
