#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/err.h"
#include "node/limits.h"
#include "node/tree.h"

struct reader {
	yaml_parser_t yaml;
	yaml_event_t event; /* the one that is looked at */
	struct span text;
	struct source *source;
	size_t items;
};

void *
tree_alloc(size_t count, size_t size)
{
	void *p;

	p = calloc(count > 0 ? count : 1, size);
	if (p == NULL)
		fatal("out of memory");
	return p;
}

char *
tree_copy(const char *text, size_t len)
{
	char *copy;

	copy = tree_alloc(len + 1, 1);
	memcpy(copy, text, len);
	return copy;
}

void
source_error(struct source *source, unsigned line, const char *fmt, ...)
{
	char text[ERR_LINE_MAX];
	va_list ap;

	if (++source->errors > NODE_ERRORS_MAX || source->file == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	event("%s:%u: %s", source->file, line, text);
	if (source->errors == NODE_ERRORS_MAX)
		event("%s:%u: too many errors", source->file, line);
}

static unsigned
line_of(const struct reader *reader)
{
	return (unsigned)reader->event.start_mark.line + 1;
}

/* What libyaml has against the text. */
static void
syntax_error(struct reader *reader)
{
	const yaml_parser_t *yaml = &reader->yaml;
	unsigned line = (unsigned)yaml->problem_mark.line + 1;
	size_t i;

	if (yaml->error == YAML_MEMORY_ERROR)
		fatal("out of memory");
	if (yaml->error == YAML_READER_ERROR) {
		/* these know their octet only */
		line = 1;
		for (i = 0; i < yaml->problem_offset && i < reader->text.len;
		     i++)
			line += reader->text.p[i] == '\n';
	}
	source_error(reader->source, line, "%s%s%s",
	    yaml->context != NULL ? yaml->context : "",
	    yaml->context != NULL ? ": " : "",
	    yaml->problem != NULL ? yaml->problem : "not YAML");
}

/* Why an event must not be in a manifest, or NULL. */
static const char *
forbidden(const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return "aliases are not allowed";
	case YAML_DOCUMENT_START_EVENT:
		if (event->data.document_start.version_directive != NULL ||
		    event->data.document_start.tag_directives.start !=
			event->data.document_start.tag_directives.end)
			return "directives are not allowed";
		break;
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	default:
		break;
	}
	return anchor != NULL ? "anchors are not allowed"
	       : tag != NULL  ? "tags are not allowed"
			      : NULL;
}

/* Looks at the next event; false if there is none, which was told. */
static bool
next(struct reader *reader)
{
	const char *why;

	yaml_event_delete(&reader->event);
	if (!yaml_parser_parse(&reader->yaml, &reader->event)) {
		syntax_error(reader);
		return false;
	}
	why = forbidden(&reader->event);
	if (why != NULL) {
		source_error(reader->source, line_of(reader), "%s", why);
		return false;
	}
	return true;
}

/* A copy of the scalar that is looked at; NULL if it has control characters. */
static char *
take_text(struct reader *reader)
{
	const unsigned char *value = reader->event.data.scalar.value;
	size_t i, length = reader->event.data.scalar.length;

	for (i = 0; i < length; i++)
		if (value[i] < 0x20 || value[i] == 0x7f) {
			source_error(reader->source, line_of(reader),
			    "a text has a control character or two lines");
			return NULL;
		}
	return tree_copy((const char *)value, length);
}

/* The key of a mapping's next entry, which is looked at; NULL if it is wrong.
 * Comparing with all before is cheap enough for a thousand. */
static char *
take_key(struct reader *reader, const struct tree *map)
{
	const struct tree *other;
	char *key;

	if (reader->event.type != YAML_SCALAR_EVENT) {
		source_error(reader->source, line_of(reader),
		    "a key must be a plain text");
		return NULL;
	}
	key = take_text(reader);
	for (other = map->child; key != NULL && other != NULL;
	     other = other->next)
		if (strcmp(key, other->key) == 0) {
			source_error(reader->source, line_of(reader),
			    "key '%.*s' is in line %u already", NODE_NAME_MAX,
			    key, other->line);
			free(key);
			return NULL;
		}
	return key;
}

static struct tree *take(struct reader *reader, unsigned depth);

/* The children of a list or mapping, up to its end. */
static bool
take_children(struct reader *reader, struct tree *parent, unsigned depth)
{
	yaml_event_type_t end = parent->kind == TREE_MAP
				    ? YAML_MAPPING_END_EVENT
				    : YAML_SEQUENCE_END_EVENT;
	struct tree **tail = &parent->child;
	struct tree *child;
	unsigned line;
	char *key = NULL;

	if (depth == NODE_DEPTH_MAX) {
		source_error(reader->source, parent->line, "nested too deeply");
		return false;
	}
	while (next(reader) && reader->event.type != end) {
		line = line_of(reader);
		if (parent->count++ == NODE_ENTRIES_MAX) {
			source_error(reader->source, line,
			    "more than %d entries", NODE_ENTRIES_MAX);
			return false;
		}
		if (parent->kind == TREE_MAP) {
			key = take_key(reader, parent);
			if (key == NULL || !next(reader)) {
				free(key);
				return false;
			}
		}
		child = take(reader, depth + 1);
		if (child == NULL) {
			free(key);
			return false;
		}
		child->line = line;
		child->key = key;
		*tail = child;
		tail = &child->next;
	}
	return reader->event.type == end;
}

/* What begins with the event that is looked at. */
static struct tree *
take(struct reader *reader, unsigned depth)
{
	struct tree *tree;
	bool good;

	if (reader->items++ == NODE_ITEMS_MAX) {
		source_error(reader->source, line_of(reader),
		    "more than %d items", NODE_ITEMS_MAX);
		return NULL;
	}
	tree = tree_alloc(1, sizeof(*tree));
	tree->line = line_of(reader);
	if (reader->event.type == YAML_SCALAR_EVENT) {
		tree->kind = TREE_TEXT;
		tree->text = take_text(reader);
		good = tree->text != NULL;
	} else {
		tree->kind = reader->event.type == YAML_MAPPING_START_EVENT
				 ? TREE_MAP
				 : TREE_LIST;
		good = take_children(reader, tree, depth);
	}
	if (good)
		return tree;
	tree_free(tree);
	return NULL;
}

/* The only document of a stream. */
static struct tree *
take_document(struct reader *reader)
{
	struct tree *tree;

	if (!next(reader) || !next(reader)) /* the stream, the document */
		return NULL;
	if (reader->event.type != YAML_DOCUMENT_START_EVENT) {
		source_error(reader->source, 1, "the file is empty");
		return NULL;
	}
	if (!next(reader))
		return NULL;
	tree = take(reader, 0);
	if (tree == NULL)
		return NULL;
	if (next(reader) && next(reader)) { /* the document's end */
		if (reader->event.type == YAML_STREAM_END_EVENT)
			return tree;
		source_error(
		    reader->source, line_of(reader), "more than one document");
	}
	tree_free(tree);
	return NULL;
}

struct tree *
tree_parse(struct span text, struct source *source)
{
	struct reader reader = {.text = text, .source = source};
	struct tree *tree;

	if (!yaml_parser_initialize(&reader.yaml))
		fatal("out of memory");
	yaml_parser_set_encoding(&reader.yaml, YAML_UTF8_ENCODING);
	/* it wants a pointer to nothing, too */
	yaml_parser_set_input_string(&reader.yaml,
	    (const unsigned char *)(text.p != NULL ? text.p : ""), text.len);
	tree = take_document(&reader);
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.yaml);
	return tree;
}

const struct tree *
tree_entry(const struct tree *map, const char *key)
{
	const struct tree *entry;

	for (entry = map->child; entry != NULL; entry = entry->next)
		if (strcmp(entry->key, key) == 0)
			break;
	return entry;
}

void
tree_free(struct tree *tree)
{
	struct tree *child, *following;

	if (tree == NULL)
		return;
	for (child = tree->child; child != NULL; child = following) {
		following = child->next;
		tree_free(child);
	}
	free(tree->key);
	free(tree->text);
	free(tree);
}
