/*
 * htmlnames: a number for each different text, counted from 0.
 *
 * For names of elements and addresses, which strangers choose: what would take
 * long to be looked for gets no number.
 */
#ifndef HTML_HTMLNAMES_H
#define HTML_HTMLNAMES_H

#include <stdint.h>

#include "base/arena.h"

#define HTML_NAMES_NONE SIZE_MAX

/* All zero but for arena and max, how many different ones get a number. */
struct html_names {
	struct arena *arena;
	size_t max;
	size_t count;
	struct html_name_slot *slots;
	size_t size;
};

/* The number of it; as large as count was before if it is new.
 * HTML_NAMES_NONE if it gets none.  name must live as long as the arena. */
size_t html_names_add(struct html_names *names, struct span name);

#endif
