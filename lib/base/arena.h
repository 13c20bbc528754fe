/*
 * arena: memory that is given back all at once.
 *
 * For what is taken out of one message or one file of rules: many small things
 * with the same end.  What an arena gives is aligned for any type and zero.
 * Running out of memory ends the program with 111; bounds are the business of
 * those who know what they count.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/span.h"

struct arena_block;

/* All zero is an empty arena. */
struct arena {
	struct arena_block *blocks; /* the one in use first */
	size_t total;               /* octets given since the last reset */
};

void *arena_alloc(struct arena *arena, size_t len);

/* An array of count things of that size. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy that ends in NUL. */
struct span arena_copy(struct arena *arena, struct span span);

/* Everything that was given is gone.  Keeps a little memory for the next. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
