/*
 * tree: the part of YAML that a manifest may use, as a tree with line numbers.
 *
 * Texts, lists and mappings with texts as keys, one document.  Anchors,
 * aliases, tags and directives are errors, since nobody writes them by hand
 * and they make a small file large; so are two equal keys in one mapping,
 * which YAML forbids and libyaml lets pass, and control characters.
 */
#ifndef NODE_TREE_H
#define NODE_TREE_H

#include <stddef.h>

#include "base/span.h"

/* A file that is being read, and how many errors it had. */
struct source {
	const char *file; /* its path, for messages; NULL: say nothing */
	unsigned errors;
};

/* Counts an error and prints "file:line: text", the first few of them. */
void source_error(struct source *source, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree {
	enum tree_kind kind;
	unsigned line;      /* where it begins, or its key */
	char *key;          /* NULL if it is not in a mapping */
	char *text;         /* of a TREE_TEXT */
	size_t count;       /* how many children */
	struct tree *child; /* the first one */
	struct tree *next;  /* of the same list or mapping */
};

/* Parses a text.  NULL if it has an error, which was told. */
struct tree *tree_parse(struct span text, struct source *source);
void tree_free(struct tree *tree);

/* What a mapping has under that key, or NULL. */
const struct tree *tree_entry(const struct tree *map, const char *key);

/* calloc() that ends the program with 111 if there is no memory; also for the
 * other modules of this folder. */
void *tree_alloc(size_t count, size_t size);

/* A copy as a C string, which the caller frees. */
char *tree_copy(const char *text, size_t len);

#endif
