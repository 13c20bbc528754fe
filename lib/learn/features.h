/*
 * features: what a message is to the learner: a set of things that are in it.
 *
 * They come in groups, each of which has an opinion of its own (model.h):
 *
 *	FIELDS  names of header fields, and the words in each of them
 *	HEADER  every four octets in a row of the beginning of the header
 *	WORDS   words and pairs of words that are shown, words that are hidden
 *	TEXT    every four octets in a row of the beginning of what is shown
 *	LINKS   where links lead to, elements of HTML, types of parts
 *
 * A feature is a number of 64 bits that depends on nothing but the message; a
 * model makes places in its table of it with a secret of its own.  Four octets
 * are such a number as they are, and words have a hash that nobody can turn
 * round, so a stranger cannot make a word that counts as another one.
 *
 * Fields that filters add are left out (a filter must not learn from itself),
 * and so are those that come with delivery or reading, for a message that was
 * learned from a mailbox has them and a new one has not.
 */
#ifndef LEARN_FEATURES_H
#define LEARN_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define FEATURES_MAX 16384       /* of a message */
#define FEATURES_OCTETS_MAX 3000 /* of which every four are a feature */
#define FEATURES_WORDS_MAX 3000  /* of what is shown; pairs come on top */
#define FEATURES_HIDDEN_MAX 500  /* words of what is hidden */
#define FEATURES_FIELD_MAX 200   /* words of a field */
#define FEATURES_FIELDS_MAX 2500 /* words of all fields */
#define FEATURES_LINKS_MAX 200   /* links */
#define FEATURES_WORD_MAX 40     /* octets of a word that matter */

enum feature_group {
	FEATURES_FIELDS,
	FEATURES_HEADER,
	FEATURES_WORDS,
	FEATURES_TEXT,
	FEATURES_LINKS,
	FEATURES_GROUPS /* how many there are */
};

/* All zero is an empty one. */
struct features {
	uint64_t *list; /* each once, in the order of their groups */
	size_t count;
	size_t ends[FEATURES_GROUPS]; /* where in the list a group ends */
	uint64_t *seen;               /* a set of them, while they are taken */
	uint64_t mix;                 /* where in the set; a secret */
};

struct mail;

/* Takes them out of a message after render(), in place of those of the message
 * before. */
void features_of(struct features *features, struct mail *mail);
void features_free(struct features *features);

/* Whether a header field says nothing about a message: filters add it, or
 * delivery, or a reader. */
bool features_is_noise(struct span name);

#endif
