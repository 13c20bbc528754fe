/*
 * welcomeset: the lists of addresses that settings make: welcomelist_from and
 * the like, and those with names of their own (enlist_addrlist).
 *
 * What one setting takes off again (unwelcomelist_from ...) is off, wherever in
 * the files that is said.
 */
#ifndef EVAL_WELCOMESET_H
#define EVAL_WELCOMESET_H

#include "eval/globs.h"
#include "rules/ruleset.h"

struct welcomeset {
	struct arena arena;
	struct map lists;         /* struct globs *, by their names */
	struct globs relayed;     /* welcomelist_from_rcvd */
	struct globs def_relayed; /* def_welcomelist_from_rcvd */
	struct globs *any_relay;  /* welcomelist_allows_relays */
	struct globs *from;       /* welcomelist_from */
};

void welcomeset_init(struct welcomeset *data, struct ruleset *set);
void welcomeset_free(struct welcomeset *data);

/* A list by its name, which is that of the setting or its own; NULL if there is
 * none. */
const struct globs *welcomeset_list(
    const struct welcomeset *data, struct span name);

#endif
