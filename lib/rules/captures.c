#include "rules/captures.h"

#include "base/ascii.h"

/* Any text at all. */
#define ANYTHING "(?:.|\\n)*"

static bool
is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Words of upper case and digits with one "_" between them. */
static bool
is_name(struct span name)
{
	size_t i;

	if (name.len == 0 || name.p[0] < 'A' || name.p[0] > 'Z' ||
	    name.p[name.len - 1] == '_')
		return false;
	for (i = 0; i < name.len; i++)
		if (!is_name_char(name.p[i]) ||
		    (name.p[i] == '_' && name.p[i + 1] == '_'))
			return false;
	return true;
}

bool
captures_named(struct span pattern)
{
	const char *p;

	while ((p = span_find(pattern, span_of("(?"))) != NULL) {
		pattern = span_from(pattern, (size_t)(p - pattern.p) + 2);
		if (pattern.len > 0 && pattern.p[0] == 'P')
			pattern = span_from(pattern, 1);
		if (pattern.len > 1 &&
		    (pattern.p[0] == '<' || pattern.p[0] == '\'') &&
		    pattern.p[1] >= 'A' && pattern.p[1] <= 'Z')
			return true;
	}
	return false;
}

/* How much of a text is a name that a template wants, with the argument that it
 * may have: "NAME(ARGUMENT)"; 0 if it is none. */
static size_t
wanted_len(struct span text)
{
	size_t len = 0;

	while (len < text.len && is_name_char(text.p[len]))
		len++;
	if (!is_name((struct span){text.p, len}))
		return 0;
	if (len < text.len && text.p[len] == '(') {
		while (
		    len < text.len && text.p[len] != ')' && text.p[len] != '}')
			len++;
		if (len == text.len || text.p[len++] != ')')
			return 0;
	}
	return len < text.len && text.p[len] == '}' ? len : 0;
}

bool
captures_next(struct span pattern, size_t *at, struct span *name)
{
	struct span rest;
	const char *p;
	size_t len;

	for (;;) {
		rest = span_from(pattern, *at);
		p = span_find(rest, span_of("%{"));
		if (p == NULL)
			return false;
		*at = (size_t)(p - pattern.p) + 2;
		if (p > pattern.p && p[-1] == '\\')
			continue;
		rest = span_from(pattern, *at);
		len = wanted_len(rest);
		if (len == 0)
			continue;
		*name = (struct span){rest.p, len};
		*at += len + 1;
		return true;
	}
}

void
captures_add(struct captures *captures, struct arena *arena, struct span name,
    struct span text)
{
	struct capture *capture;
	size_t i;

	if (text.len == 0 || text.len > CAPTURES_TEXT_MAX ||
	    captures->count == CAPTURES_MAX ||
	    captures->octets + text.len > CAPTURES_OCTETS_MAX)
		return;
	for (i = 0; i < captures->count; i++) {
		capture = &captures->list[i];
		if (span_eq(capture->name, name) &&
		    span_eq(capture->text, text))
			return;
	}
	if (captures->list == NULL)
		captures->list =
		    arena_array(arena, CAPTURES_MAX, sizeof(*captures->list));
	captures->list[captures->count++] =
	    (struct capture){name, arena_copy(arena, text)};
	captures->octets += text.len;
}

void
captures_keep(struct captures *captures, struct arena *arena,
    const struct regex *regex, const struct regex_match *match)
{
	struct span name;
	size_t i, group;

	for (i = 0; regex_name(regex, i, &name, &group); i++)
		if (group < REGEX_GROUPS_MAX && is_name(name))
			captures_add(captures, arena, arena_copy(arena, name),
			    match->groups[group]);
}

static void
add_quoted(struct buf *buf, struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (!ascii_is_word((unsigned char)text.p[i]))
			buf_adds(buf, "\\");
		buf_add(buf, text.p + i, 1);
	}
}

/* Adds all texts of a name as one group; false if there is none. */
static bool
add_texts(const struct captures *captures, struct span name, struct buf *filled)
{
	const char *before = "(?:";
	size_t i;

	for (i = 0; i < captures->count; i++) {
		if (!span_eq(captures->list[i].name, name))
			continue;
		buf_adds(filled, before);
		add_quoted(filled, captures->list[i].text);
		before = "|";
	}
	if (before[0] != '|')
		return false;
	buf_adds(filled, ")");
	return true;
}

bool
captures_fill(
    const struct captures *captures, struct span pattern, struct buf *filled)
{
	size_t at = 0, done = 0;
	struct span name;

	while (captures_next(pattern, &at, &name)) {
		buf_add(filled, pattern.p + done,
		    (size_t)(name.p - pattern.p) - 2 - done);
		done = at;
		if (!add_texts(captures, name, filled))
			return false;
	}
	buf_addspan(filled, span_from(pattern, done));
	return !filled->full && filled->len <= CAPTURES_PATTERN_MAX;
}

void
captures_widen(struct span pattern, struct buf *wide)
{
	size_t at = 0, done = 0;
	struct span name;

	while (captures_next(pattern, &at, &name)) {
		buf_add(wide, pattern.p + done,
		    (size_t)(name.p - pattern.p) - 2 - done);
		buf_adds(wide, ANYTHING);
		done = at;
	}
	buf_addspan(wide, span_from(pattern, done));
}
