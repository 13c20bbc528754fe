/*
 * A pattern is read once, from left to right, by its syntax; what is known of
 * each piece is joined by rules/pieces.h.
 */
#include "rules/literals.h"
#include "base/regex.h"
#include "rules/pieces.h"

#define DEPTH_MAX 100 /* groups in groups */
#define CLASS_MAX 5   /* octets of a class that is tried one by one */

struct reader {
	struct arena *arena;
	const char *p;
	const char *end;
	unsigned depth;
	bool failed; /* something that is not understood: nothing is known */
};

static struct piece read_choice(struct reader *reader);

static bool
more(const struct reader *reader)
{
	return !reader->failed && reader->p < reader->end;
}

static bool
maybe(struct reader *reader, const char *text)
{
	struct span rest = {reader->p, (size_t)(reader->end - reader->p)};

	if (!span_starts(rest, text))
		return false;
	reader->p += strlen(text);
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "\x". */
static struct piece
read_hex(struct reader *reader)
{
	bool braces = maybe(reader, "{");
	unsigned value = 0, digits = 0;

	while (reader->p < reader->end && hex_value(*reader->p) >= 0 &&
	       digits < (braces ? 8 : 2)) {
		value = value * 16 + (unsigned)hex_value(*reader->p++);
		digits++;
	}
	if (braces && !maybe(reader, "}"))
		reader->failed = true;
	return value < 256 ? piece_octet(reader->arena, (char)value)
			   : piece_unknown();
}

/* Behind a backslash, which is not in a class. */
static struct piece
read_escape(struct reader *reader)
{
	char c;

	if (!more(reader)) {
		reader->failed = true;
		return piece_unknown();
	}
	c = *reader->p++;
	switch (c) {
	case 'b':
	case 'B':
	case 'A':
	case 'z':
	case 'Z':
	case 'G':
	case 'K':
		return piece_empty(reader->arena);
	case 't':
		return piece_octet(reader->arena, '\t');
	case 'n':
		return piece_octet(reader->arena, '\n');
	case 'r':
		return piece_octet(reader->arena, '\r');
	case 'f':
		return piece_octet(reader->arena, '\f');
	case 'e':
		return piece_octet(reader->arena, '\033');
	case 'x':
		return read_hex(reader);
	case 'd':
	case 'D':
	case 'w':
	case 'W':
	case 's':
	case 'S':
	case 'h':
	case 'H':
	case 'v':
	case 'V':
	case 'R':
	case 'N':
		return piece_unknown();
	default:
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9')) {
			/* \1, \p{..}, \Q, \012, ... */
			reader->failed = !(c >= '1' && c <= '9');
			return piece_unknown();
		}
		return piece_octet(reader->arena, c);
	}
}

/* A member of a class that stands for one octet; -1 if it stands for more. */
static int
read_member(struct reader *reader)
{
	struct piece piece;

	if (*reader->p != '\\')
		return (unsigned char)*reader->p++;
	reader->p++;
	if (more(reader) && *reader->p == 'b') {
		reader->p++;
		return '\b';
	}
	piece = read_escape(reader);
	if (!piece.exact || piece.set.list[0].len != 1)
		return -1;
	return (unsigned char)piece.set.list[0].p[0];
}

/* Behind "[".  A small class is its octets, one by one. */
static struct piece
read_class(struct reader *reader)
{
	struct set set = {
	    arena_array(reader->arena, CLASS_MAX + 1, sizeof(struct span)), 0};
	bool known = !maybe(reader, "^"), first = true;
	int from, to, c;

	while (more(reader) && (first || *reader->p != ']')) {
		first = false;
		if (maybe(reader, "[:")) { /* [:alpha:] */
			while (more(reader) && !maybe(reader, ":]"))
				reader->p++;
			known = false;
			continue;
		}
		from = to = read_member(reader);
		if (reader->end - reader->p > 1 && reader->p[0] == '-' &&
		    reader->p[1] != ']') {
			reader->p++;
			to = read_member(reader);
		}
		if (from < 0 || to < 0)
			known = false;
		for (c = from; known && c <= to && set.count <= CLASS_MAX; c++)
			set_add_octet(reader->arena, &set, (char)c);
	}
	if (!maybe(reader, "]"))
		reader->failed = true;
	return known && set.count > 0 && set.count <= CLASS_MAX
		   ? (struct piece){true, set, 1}
		   : piece_unknown();
}

/* Passes over a group whose content does not matter, from behind its "(". */
static void
skip_group(struct reader *reader)
{
	read_choice(reader);
	if (!maybe(reader, ")"))
		reader->failed = true;
}

/* Behind "(?": what kind of group it is.  1: one whose content counts, 0: one
 * that is read already and matches nothing, -1: one that is not understood. */
static int
read_group_kind(struct reader *reader)
{
	if (maybe(reader, "#")) {
		while (more(reader) && *reader->p != ')')
			reader->p++;
		return maybe(reader, ")") ? 0 : -1;
	}
	if (maybe(reader, "=") || maybe(reader, "!") || maybe(reader, "<=") ||
	    maybe(reader, "<!") || maybe(reader, "(DEFINE)")) {
		skip_group(reader);
		return reader->failed ? -1 : 0;
	}
	if (maybe(reader, ">") || maybe(reader, "|"))
		return 1;
	if (maybe(reader, "P<") || maybe(reader, "<")) {
		while (more(reader) && *reader->p != '>')
			reader->p++;
		return maybe(reader, ">") ? 1 : -1;
	}
	/* (?i) and (?i:...); case does not matter here, but x does */
	while (more(reader) && strchr("imsn-^", *reader->p) != NULL)
		reader->p++;
	if (maybe(reader, ":"))
		return 1;
	return maybe(reader, ")") ? 0 : -1;
}

/* Behind "(". */
static struct piece
read_group(struct reader *reader)
{
	struct piece piece = piece_unknown();
	int kind = 1;

	if (++reader->depth > DEPTH_MAX || maybe(reader, "*"))
		kind = -1;
	else if (maybe(reader, "?&")) { /* a call of a named group */
		while (more(reader) && *reader->p != ')')
			reader->p++;
		kind = maybe(reader, ")") ? 2 : -1;
	} else if (maybe(reader, "?"))
		kind = read_group_kind(reader);
	if (kind < 0)
		reader->failed = true;
	else if (kind == 0)
		piece = piece_empty(reader->arena);
	else if (kind == 1) {
		piece = read_choice(reader);
		if (!maybe(reader, ")"))
			reader->failed = true;
	}
	reader->depth--;
	return piece;
}

static struct piece
read_atom(struct reader *reader)
{
	char c = *reader->p++;

	switch (c) {
	case '(':
		return read_group(reader);
	case '[':
		return read_class(reader);
	case '\\':
		return read_escape(reader);
	case '.':
		return piece_unknown();
	case '^':
	case '$':
		return piece_empty(reader->arena);
	default:
		return piece_octet(reader->arena, c);
	}
}

/* "{n}", "{n,}", "{n,m}"; anything else is text. */
static bool
read_braces(struct reader *reader, unsigned *min, unsigned *max)
{
	const char *p = reader->p + 1;
	unsigned from = 0, to;
	bool digits = false;

	for (; p < reader->end && *p >= '0' && *p <= '9' && from < 100000;
	     p++) {
		from = from * 10 + (unsigned)(*p - '0');
		digits = true;
	}
	to = from;
	if (!digits)
		return false;
	if (p < reader->end && *p == ',') {
		p++;
		to = UINT32_MAX;
		if (p < reader->end && *p >= '0' && *p <= '9')
			for (to = 0; p < reader->end && *p >= '0' &&
				     *p <= '9' && to < 100000;
			     p++)
				to = to * 10 + (unsigned)(*p - '0');
	}
	if (p == reader->end || *p != '}')
		return false;
	reader->p = p + 1;
	*min = from;
	*max = to;
	return true;
}

/* How often what stands before may come. */
static void
read_times(struct reader *reader, unsigned *min, unsigned *max)
{
	*min = *max = 1;
	if (!more(reader))
		return;
	if (maybe(reader, "?")) {
		*min = 0;
	} else if (maybe(reader, "*")) {
		*min = 0;
		*max = UINT32_MAX;
	} else if (maybe(reader, "+"))
		*max = UINT32_MAX;
	else if (*reader->p != '{' || !read_braces(reader, min, max))
		return;
	if (!maybe(reader, "?"))
		maybe(reader, "+");
}

/* Pieces up to "|", ")" or the end. */
static struct piece
read_row(struct reader *reader)
{
	struct row row = row_begin(reader->arena);
	struct piece piece;
	unsigned min, max;

	while (more(reader) && *reader->p != '|' && *reader->p != ')') {
		piece = read_atom(reader);
		read_times(reader, &min, &max);
		row_add(reader->arena, &row, piece, min, max);
	}
	return row_end(&row);
}

static struct piece
read_choice(struct reader *reader)
{
	struct piece piece = read_row(reader);

	while (maybe(reader, "|"))
		piece = piece_or(reader->arena, piece, read_row(reader));
	return piece;
}

void
literals_of(struct arena *arena, struct span pattern, unsigned flags,
    struct literals *literals)
{
	struct reader reader = {
	    arena, pattern.p, pattern.p + pattern.len, 0, false};
	struct piece need;
	size_t i;

	literals->count = 0;
	literals->times = 1;
	if (pattern.len == 0 || (flags & REGEX_EXTENDED) != 0)
		return;
	need = piece_need(read_choice(&reader));
	if (reader.failed || reader.p != reader.end)
		return;
	literals->times = need.times;
	for (i = 0; i < need.set.count && i < LITERALS_MAX; i++)
		literals->list[literals->count++] = need.set.list[i];
}
