#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "node/changes.h"
#include "node/limits.h"

/* All texts of a tree as "PATH: TEXT". */
struct lines {
	char **lines;
	size_t count;
};

static void
add_line(struct lines *lines, struct buf *path, const char *text)
{
	size_t len = path->len;

	buf_addf(path, ": %s", text);
	lines->lines[lines->count++] = tree_copy(path->p, path->len);
	path->len = len;
	path->p[len] = '\0';
}

/* Adds what is in a tree; path is where it stands.  It is as deep as
 * tree_parse() allows. */
static void
flatten(struct lines *lines, const struct tree *tree, struct buf *path)
{
	const struct tree *child;
	size_t len = path->len;

	if (tree->kind == TREE_TEXT) {
		add_line(lines, path, tree->text);
		return;
	}
	if (tree->count == 0)
		add_line(lines, path, tree->kind == TREE_MAP ? "{}" : "[]");
	for (child = tree->child; child != NULL; child = child->next) {
		if (child->key != NULL)
			buf_addf(path, "%s%s", len > 0 ? "." : "", child->key);
		flatten(lines, child, path);
		path->len = len;
		if (path->p != NULL)
			path->p[len] = '\0';
	}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
take(struct lines *lines, const struct tree *tree)
{
	struct buf path = BUF_INIT(NODE_FILE_MAX * 2);

	*lines = (struct lines){0};
	lines->lines = tree_alloc(NODE_ITEMS_MAX, sizeof(*lines->lines));
	if (tree != NULL)
		flatten(lines, tree, &path);
	qsort(lines->lines, lines->count, sizeof(*lines->lines), compare);
	buf_free(&path);
}

static void
drop(struct lines *lines)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		free(lines->lines[i]);
	free(lines->lines);
}

static void
put(struct buf *text, char sign, const char *line)
{
	size_t at;

	buf_addf(text, "%c ", sign);
	at = text->len;
	buf_addf(text, "%s", line);
	err_printable(text->p + at, text->len - at);
	buf_adds(text, "\n");
}

/* The two lists, which are sorted, side by side. */
static void
merge(const struct lines *old, const struct lines *fresh, struct buf *text)
{
	size_t i = 0, j = 0;
	int order;

	while (i < old->count || j < fresh->count) {
		if (i == old->count)
			order = 1;
		else if (j == fresh->count)
			order = -1;
		else
			order = strcmp(old->lines[i], fresh->lines[j]);
		if (order < 0)
			put(text, '-', old->lines[i]);
		else if (order > 0)
			put(text, '+', fresh->lines[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

/* Whether what is in both mappings comes in the same order. */
static bool
is_same_order(const struct tree *old, const struct tree *fresh)
{
	const struct tree *at = old->child, *entry;

	for (entry = fresh->child; entry != NULL; entry = entry->next) {
		if (tree_entry(old, entry->key) == NULL)
			continue;
		while (at != NULL && strcmp(at->key, entry->key) != 0)
			at = at->next;
		if (at == NULL)
			return false;
	}
	return true;
}

void
changes_list(const struct tree *old, const struct tree *fresh, struct buf *text)
{
	struct lines before, after;

	take(&before, old);
	take(&after, fresh);
	merge(&before, &after, text);
	drop(&before);
	drop(&after);
	if (old != NULL && !is_same_order(tree_entry(old, "mailboxes"),
			       tree_entry(fresh, "mailboxes")))
		buf_adds(text, "! mailboxes: another order\n");
}
