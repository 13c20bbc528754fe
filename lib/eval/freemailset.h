/*
 * freemailset: which addresses are of services that give them to anybody, by
 * freemail_domains and what belongs to it.
 */
#ifndef EVAL_FREEMAILSET_H
#define EVAL_FREEMAILSET_H

#include "eval/globs.h"
#include "rules/ruleset.h"

struct freemailset {
	struct arena arena;
	struct map domains;
	struct text wild; /* domains with wildcards */
	size_t wild_cap;
	struct map welcome;      /* addresses and domains that are none */
	struct globs authorized; /* the same, of welcomelist_auth */
};

void freemailset_init(struct freemailset *data, struct ruleset *set);
void freemailset_free(struct freemailset *data);

/* Whether there is any. */
bool freemailset_is_empty(const struct freemailset *data);

/* Whether an address, in lower case, is one of them.  Names of roles are not,
 * "postmaster" and the like. */
bool freemailset_has(const struct freemailset *data, struct span email);

/* The number that a setting has; otherwise if it is not set. */
size_t freemailset_number(
    const struct ruleset *set, const char *name, size_t otherwise);

#endif
