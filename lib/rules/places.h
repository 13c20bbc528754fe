/*
 * places: where files of rules are.
 */
#ifndef RULES_PLACES_H
#define RULES_PLACES_H

#include "base/arena.h"

#define RULES_DIRECTORIES_MAX 2

/* The directories that are read if nobody says which, in their order; returns
 * how many.  First what sa-update brought, or else what came with SpamAssassin,
 * or else our own, which are found from where the program is; then the
 * administrator's, if it is there.  The paths lie in the arena. */
size_t rules_default_directories(
    struct arena *arena, const char *list[RULES_DIRECTORIES_MAX]);

#endif
