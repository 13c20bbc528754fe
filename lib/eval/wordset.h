/*
 * wordset: the words of texts and how often they are there.
 */
#ifndef EVAL_WORDSET_H
#define EVAL_WORDSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct wordset_word {
	uint32_t hash;
	uint32_t count;
	struct span text;
};

/* All zero is an empty one. */
struct wordset {
	struct wordset_word *words;
	size_t count;
	size_t cap;
};

void wordset_reset(struct wordset *set);
void wordset_free(struct wordset *set);

/* Adds what stands between white space (of Unicode, in UTF-8) and has a letter,
 * a digit or '_' in it.  The text must live as long as the set. */
void wordset_add(struct wordset *set, struct span text);
void wordset_add_word(struct wordset *set, struct span word);

/* After the last one: each word once, with its count, in an order. */
void wordset_sort(struct wordset *set);

/* How many words of a are not as often in b; both are sorted. */
size_t wordset_missing(const struct wordset *a, const struct wordset *b);

#endif
