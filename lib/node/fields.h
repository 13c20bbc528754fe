/*
 * fields: the mappings of a manifest or a pin, by a table of their keys.
 *
 * Whatever is wrong is counted and told by source_error(), so that a reader
 * goes straight on and looks at source->errors at the end.
 */
#ifndef NODE_FIELDS_H
#define NODE_FIELDS_H

#include <stdbool.h>

#include "node/domain.h"
#include "node/tree.h"

/* A key of a mapping, and what reads its value; into is fields_take()'s.  A
 * table has at most 32. */
struct field {
	const char *name;
	bool required;
	void (*take)(void *into, const struct tree *value);
};

/* Gives the value of each key of a mapping to its function.  Keys that are not
 * in the table are errors, and so is a required one that is not there. */
void fields_take(struct source *source, const struct tree *map,
    const struct field *fields, size_t count, void *into);

/* Whether a value is of that kind; if it is not, that is an error. */
bool fields_is(
    struct source *source, const struct tree *value, enum tree_kind kind);

/* Reads a list of domains, at least one and each once.  The caller frees
 * *domains, which has *count of them also after an error. */
void fields_domains(struct source *source, const struct tree *value,
    struct domain **domains, size_t *count);

/* A fingerprint, of which it makes upper case, and how to reach a node; the
 * text, good or not. */
const char *fields_key(struct source *source, const struct tree *value);
const char *fields_reach(struct source *source, const struct tree *value);

#endif
