/*
 * names: a table of names, each with a number.
 */
#ifndef RULES_NAMES_H
#define RULES_NAMES_H

#include <stdint.h>

#include "base/span.h"

#define NAMES_NONE SIZE_MAX

struct names_slot;

/* All zero is an empty one. */
struct names {
	struct names_slot *slots;
	size_t cap; /* a power of 2 */
	size_t count;
};

void names_free(struct names *names);

/* The number of a name; NAMES_NONE if it is not there. */
size_t names_find(const struct names *names, struct span name);

/* Gives a name a number, in place of one that it has.  name must live as long
 * as the table. */
void names_put(struct names *names, struct span name, size_t number);

#endif
