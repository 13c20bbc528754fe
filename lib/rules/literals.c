/*
 * A pattern is read once, from left to right, by its syntax; what is known of
 * each piece is joined by rules/pieces.h.
 */
#include "rules/literals.h"
#include "base/ascii.h"
#include "base/regex.h"
#include "rules/pieces.h"

#define DEPTH_MAX 100 /* groups in groups */
#define NAMES_MAX 64  /* groups with a name */

struct reader {
	struct arena *arena;
	const char *p;
	const char *end;
	unsigned depth;
	bool starts; /* how it begins is asked, and little else */
	bool failed; /* something that is not understood: nothing is known */
	struct {
		struct span name;
		struct piece piece;
	} names[NAMES_MAX];
	size_t name_count;
};

static struct piece read_choice(struct reader *reader);

/* One octet of these. */
static struct piece
class_piece(const struct reader *reader, const struct octets *octets)
{
	struct piece piece = piece_class(reader->arena, octets);

	if (reader->starts)
		piece.starts =
		    starts_of(reader->arena, &piece.run.steps[0].octets);
	return piece;
}

static struct piece
octet_piece(const struct reader *reader, char c)
{
	struct octets octets = {{0}};

	octets_add(&octets, (unsigned char)c);
	return class_piece(reader, &octets);
}

static bool
more(const struct reader *reader)
{
	return !reader->failed && reader->p < reader->end;
}

static bool
maybe(struct reader *reader, const char *text)
{
	size_t len;

	if (reader->p == reader->end || *reader->p != *text)
		return false;
	len = strlen(text);
	if ((size_t)(reader->end - reader->p) < len ||
	    memcmp(reader->p, text, len) != 0)
		return false;
	reader->p += len;
	return true;
}

/* Behind "\x". */
static struct piece
read_hex(struct reader *reader)
{
	bool braces = maybe(reader, "{");
	unsigned value = 0, digits = 0;

	while (reader->p < reader->end && ascii_hex(*reader->p) >= 0 &&
	       digits < (braces ? 8 : 2)) {
		value = value * 16 + (unsigned)ascii_hex(*reader->p++);
		digits++;
	}
	if (braces && !maybe(reader, "}"))
		reader->failed = true;
	return value < 256 ? octet_piece(reader, (char)value) : piece_unknown();
}

static bool
is_word(unsigned c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* \d, \w, \s; in capitals what is not in them. */
static struct piece
escape_class(const struct reader *reader, char kind)
{
	bool others = kind < 'a', is;
	struct octets octets = {{0}};
	unsigned c;

	for (c = 0; c < 256; c++) {
		is = kind == 'd' || kind == 'D' ? c >= '0' && c <= '9'
		     : kind == 'w' || kind == 'W'
			 ? is_word(c)
			 : c == ' ' || (c >= '\t' && c <= '\r');
		if (is != others)
			octets_add(&octets, (unsigned char)c);
	}
	return class_piece(reader, &octets);
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
		return octet_piece(reader, '\t');
	case 'n':
		return octet_piece(reader, '\n');
	case 'r':
		return octet_piece(reader, '\r');
	case 'f':
		return octet_piece(reader, '\f');
	case 'e':
		return octet_piece(reader, '\033');
	case 'x':
		return read_hex(reader);
	case 'd':
	case 'D':
	case 'w':
	case 'W':
	case 's':
	case 'S':
		return escape_class(reader, c);
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
		return octet_piece(reader, c);
	}
}

/* A member of a class: its octet, or -1 and all of its octets in *octets. */
static int
read_member(struct reader *reader, struct octets *octets)
{
	struct piece piece;
	size_t i;

	if (*reader->p != '\\')
		return (unsigned char)*reader->p++;
	reader->p++;
	if (more(reader) && *reader->p == 'b') {
		reader->p++;
		return '\b';
	}
	piece = read_escape(reader);
	if (piece.exact && piece.set.count == 1 && piece.set.list[0].len == 1)
		return (unsigned char)piece.set.list[0].p[0];
	if (!piece.shaped || piece.run.count != 1) {
		reader->failed = true;
		return -1;
	}
	for (i = 0; i < nitems(octets->bits); i++)
		octets->bits[i] |= piece.run.steps[0].octets.bits[i];
	return -1;
}

/* Behind "[:" in a class: "alpha:]".  What is in it is not known so well. */
static void
read_posix(struct reader *reader, struct octets *octets)
{
	while (more(reader) && !maybe(reader, ":]"))
		reader->p++;
	memset(octets, 0xff, sizeof(*octets));
}

/* Behind "[". */
static struct piece
read_class(struct reader *reader)
{
	bool others = maybe(reader, "^"), first = true, posix = false;
	struct octets octets = {{0}};
	int from, to;
	size_t i;

	while (more(reader) && (first || *reader->p != ']')) {
		first = false;
		if (maybe(reader, "[:")) {
			read_posix(reader, &octets);
			posix = true;
			continue;
		}
		from = to = read_member(reader, &octets);
		if (from >= 0 && reader->end - reader->p > 1 &&
		    reader->p[0] == '-' && reader->p[1] != ']') {
			reader->p++;
			to = read_member(reader, &octets);
		}
		for (; from >= 0 && from <= to; from++)
			octets_add(&octets, (unsigned char)from);
	}
	if (!maybe(reader, "]"))
		reader->failed = true;
	if (others && posix)
		return piece_unknown();
	for (i = 0; others && i < nitems(octets.bits); i++)
		octets.bits[i] = ~octets.bits[i];
	return class_piece(reader, &octets);
}

/* Passes over a group whose content does not matter, from behind its "(". */
static void
skip_group(struct reader *reader)
{
	read_choice(reader);
	if (!maybe(reader, ")"))
		reader->failed = true;
}

static struct span
read_name(struct reader *reader, char end)
{
	struct span name = {reader->p, 0};

	while (more(reader) && *reader->p != end)
		reader->p++;
	name.len = (size_t)(reader->p - name.p);
	return name;
}

/* Behind "(?": what kind of group it is.  1: one whose content counts, and
 * maybe its name, 0: one that is read already and matches nothing, -1: one that
 * is not understood. */
static int
read_group_kind(struct reader *reader, struct span *name)
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
		*name = read_name(reader, '>');
		return maybe(reader, ">") ? 1 : -1;
	}
	/* (?i) and (?i:...); case does not matter here, but x does */
	while (more(reader) && strchr("imsn-^", *reader->p) != NULL)
		reader->p++;
	if (maybe(reader, ":"))
		return 1;
	return maybe(reader, ")") ? 0 : -1;
}

/* What is known of a group by its name. */
static struct piece
named_piece(const struct reader *reader, struct span name)
{
	size_t i;

	for (i = 0; i < reader->name_count; i++)
		if (span_eq(reader->names[i].name, name))
			return reader->names[i].piece;
	return piece_unknown();
}

static void
name_piece(struct reader *reader, struct span name, struct piece piece)
{
	size_t i;

	for (i = 0; i < reader->name_count; i++)
		if (span_eq(reader->names[i].name, name))
			break;
	if (i == NAMES_MAX)
		return;
	reader->names[i].name = name;
	reader->names[i].piece = piece;
	if (i == reader->name_count)
		reader->name_count++;
}

/* Behind "(". */
static struct piece
read_group(struct reader *reader)
{
	struct piece piece = piece_unknown();
	struct span name = {NULL, 0};
	int kind = 1;

	if (++reader->depth > DEPTH_MAX || maybe(reader, "*"))
		kind = -1;
	else if (maybe(reader, "?&")) { /* a call of a named group */
		piece = named_piece(reader, read_name(reader, ')'));
		kind = 2;
	} else if (maybe(reader, "?"))
		kind = read_group_kind(reader, &name);
	if (kind == 0)
		piece = piece_empty(reader->arena);
	else if (kind == 1) {
		piece = read_choice(reader);
		if (name.p != NULL)
			name_piece(reader, name, piece);
	}
	if (kind < 0 || (kind > 0 && !maybe(reader, ")")))
		reader->failed = true;
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
	case '.': {
		static const struct octets all = {
		    {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

		return class_piece(reader, &all);
	}
	case '^':
	case '$':
		return piece_empty(reader->arena);
	default:
		return octet_piece(reader, c);
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
	struct row row = row_begin(reader->arena, reader->starts);
	struct piece piece;
	unsigned min, max;

	while (more(reader) && *reader->p != '|' && *reader->p != ')') {
		piece = read_atom(reader);
		read_times(reader, &min, &max);
		row_add(reader->arena, &row, piece, min, max);
	}
	return row_end(reader->arena, &row);
}

static struct piece
read_choice(struct reader *reader)
{
	struct piece piece = read_row(reader);

	while (maybe(reader, "|"))
		piece = piece_or(reader->arena, piece, read_row(reader));
	return piece;
}

/* Reads a whole pattern; false if not all of it is understood. */
static bool
read_pattern(struct reader *reader, struct span pattern, unsigned flags,
    struct piece *piece)
{
	if (pattern.len == 0 || (flags & REGEX_EXTENDED) != 0)
		return false;
	reader->p = pattern.p;
	reader->end = pattern.p + pattern.len;
	/* what is called may stand behind, so that it has to be read first */
	if (span_find(pattern, span_of("(?(DEFINE)")) != NULL) {
		read_choice(reader);
		reader->p = pattern.p;
	}
	*piece = read_choice(reader);
	return !reader->failed && reader->p == reader->end;
}

void
literals_of(struct arena *arena, struct span pattern, unsigned flags,
    struct literals *literals)
{
	struct reader reader = {.arena = arena};
	struct piece need;
	size_t i;

	literals->count = 0;
	literals->times = 1;
	literals->runs = NULL;
	literals->width = WIDTH_ANY;
	if (!read_pattern(&reader, pattern, flags, &need))
		return;
	need = piece_need(arena, need);
	set_thin(&need.set);
	literals->times = need.times;
	literals->width = need.width;
	for (i = 0; i < need.set.count && i < LITERALS_MAX; i++)
		literals->list[literals->count++] = need.set.list[i];
	literals->runs = need.windows;
}

const struct starts *
literals_starts(struct arena *arena, struct span pattern, unsigned flags)
{
	struct reader reader = {.arena = arena, .starts = true};
	struct piece piece;

	return read_pattern(&reader, pattern, flags, &piece) ? piece.starts
							     : NULL;
}
