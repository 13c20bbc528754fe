/*
 * places: where files of rules are.
 */
#ifndef RULES_PLACES_H
#define RULES_PLACES_H

#include "base/arena.h"

#define RULES_DIRECTORIES_MAX 3

/* The directories that are read if nobody says which, in their order; returns
 * how many.  Those of SpamAssassin as far as they are there: what sa-update
 * brought, or else what came with it, and the administrator's.  If there is
 * none, our own, which are found from where the program is.  The paths lie in
 * the arena. */
size_t rules_default_directories(
    struct arena *arena, const char *list[RULES_DIRECTORIES_MAX]);

#endif
