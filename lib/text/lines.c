#include "text/reading.h"

#define BLANK_LINES_MAX 20 /* one after the other */

bool
reading_is_blank(struct span line)
{
	/* most lines are told by their first octet */
	if (line.len > 0 && (unsigned char)line.p[0] > ' ')
		return false;
	return span_trim(line).len == 0;
}

struct span
reading_without_cr(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	struct span line;
	size_t len = 0;

	while (text.len > 0) {
		line = span_line(&text);
		memcpy(p + len, line.p, line.len);
		len += line.len;
		if (span_ends(line, "\r\n"))
			p[--len - 1] = '\n';
	}
	return (struct span){p, len};
}

/* Takes blank lines off the front; returns how many. */
static size_t
take_blanks(struct span *rest)
{
	struct span next = *rest;
	size_t count = 0;

	while (next.len > 0 && reading_is_blank(span_line(&next))) {
		*rest = next;
		count++;
	}
	return count;
}

/* Blank lines that are left out: octets of the body from begin on, up to end.
 */
struct gap {
	size_t begin;
	size_t end;
};

/* The next gap from *rest on; false if there is none.  Of a run of blank lines
 * that is too long its first one and its last ones stay; at the begin of a text
 * a line more. */
static bool
find_gap(struct span text, struct span *rest, struct gap *gap)
{
	struct span run;
	size_t count, first;

	while (rest->len > 0) {
		run = *rest;
		first = run.p == text.p ? 2 : 1;
		count = take_blanks(rest);
		if (count >= first + BLANK_LINES_MAX) {
			count -= first + BLANK_LINES_MAX - 1;
			while (first-- > 0)
				span_line(&run);
			gap->begin = (size_t)(run.p - text.p);
			while (count-- > 0)
				span_line(&run);
			gap->end = (size_t)(run.p - text.p);
			return true;
		}
		if (rest->len > 0)
			span_line(rest);
	}
	return false;
}

struct span
reading_without_blanks(struct arena *arena, struct span text)
{
	struct span rest = text;
	struct gap gap;
	size_t len = 0, at = 0;
	char *p = NULL;

	while (find_gap(text, &rest, &gap)) {
		if (p == NULL)
			p = arena_alloc(arena, text.len);
		memcpy(p + len, text.p + at, gap.begin - at);
		len += gap.begin - at;
		at = gap.end;
	}
	if (p == NULL)
		return text;
	memcpy(p + len, text.p + at, text.len - at);
	return (struct span){p, len + text.len - at};
}

struct span
reading_first_line(struct arena *arena, struct span body, struct span boundary)
{
	struct span rest = body, line;
	char *p;

	if (body.len == 0)
		return body;
	line = span_line(&rest);
	if (rest.len == 0 || reading_is_blank(line))
		return body;
	if (boundary.p != NULL && span_starts(line, "--") &&
	    line.len - 2 >= boundary.len &&
	    memcmp(line.p + 2, boundary.p, boundary.len) == 0)
		return body;
	p = arena_alloc(arena, body.len + 1);
	p[0] = '\n';
	memcpy(p + 1, body.p, body.len);
	return (struct span){p, body.len + 1};
}
