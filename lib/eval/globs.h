/*
 * globs: lists of addresses in which '*' stands for any octets and '?' for one,
 * as in welcomelist_from.
 *
 * There may be thousands of them, and each message is asked for several
 * addresses.  So a pattern is filed under what is behind its last wildcard and
 * the '@' or '.' that follows, "example.com" of "*@example.com", and an address
 * is compared with those only that are filed under one of its ends.  All is in
 * lower case.
 */
#ifndef EVAL_GLOBS_H
#define EVAL_GLOBS_H

#include "base/map.h"
#include "text/mail.h"

#define GLOBS_ADDRESS_MAX 8192 /* octets of an address that is looked at */

struct glob {
	struct span pattern;
	struct text relays; /* by which ones: of lists of pairs */
	size_t relay_cap;
	bool removed;
	struct glob *next; /* of the same end */
};

struct globs {
	struct arena *arena;
	struct map patterns; /* struct glob *, by the whole pattern */
	struct map ends;     /* the same, by their ends: chains */
};

void globs_init(struct globs *globs, struct arena *arena);

/* Adds a pattern, or finds it if it is there. */
struct glob *globs_add(struct globs *globs, struct span pattern);

/* Adds all of a text, with blanks between; removes those of one. */
void globs_add_all(struct globs *globs, struct span patterns);
void globs_remove_all(struct globs *globs, struct span patterns);

/* A name of the other side of a pair: who may hand it over. */
void globs_add_relay(struct globs *globs, struct glob *glob, struct span relay);

/* Whether one of them stands for the address.  It is taken in lower case. */
bool globs_have(const struct globs *globs, struct span address);

/* Calls visit for each that does until it says true, which is the result. */
bool globs_visit(const struct globs *globs, struct span address,
    bool (*visit)(const struct glob *glob, void *context), void *context);

/* Whether a pattern stands for a text, both in lower case.  If stop is not 0,
 * '*' does not reach over that octet. */
bool glob_matches(struct span pattern, struct span text, char stop);

/* Copies a text in lower case (ASCII). */
struct span glob_lower(struct arena *arena, struct span text);

#endif
