/*
 * A pattern is read once, from left to right.  What is known of a piece of it
 * is either exact (the piece matches these strings and nothing else) or a need
 * (each match of the piece holds one of these strings).  Pieces in a row are
 * joined as long as the result is exact and small; where that ends, what there
 * is becomes a need, and the rarest need of the row wins.
 */
#include "rules/literals.h"
#include "base/regex.h"

#define CROSS_MAX 64  /* strings of what is exact */
#define DEPTH_MAX 100 /* groups in groups */
#define CLASS_MAX 5   /* octets of a class that is tried one by one */
#define RARITY_MIN 9  /* bits; what is more common is of no use */

struct set {
	struct span *list;
	size_t count;
};

struct piece {
	bool exact;
	struct set set; /* of a need: empty if nothing is known */
};

struct reader {
	struct arena *arena;
	const char *p;
	const char *end;
	unsigned depth;
	bool failed; /* something that is not understood: nothing is known */
};

static struct piece read_choice(struct reader *reader);

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Bits that an octet tells in mail, about. */
static unsigned
octet_rarity(char c)
{
	if (c == ' ' || c == 'e' || c == 't' || c == 'a' || c == 'o')
		return 3;
	if (strchr("inshrdl", c) != NULL && c != '\0')
		return 4;
	if (strchr("ucmfpgwyb", c) != NULL && c != '\0')
		return 5;
	return c >= 'a' && c <= 'z' ? 7 : 6;
}

unsigned
literals_rarity(struct span string, size_t *at)
{
	size_t i, k, len = string.len < 4 ? string.len : 4;
	unsigned bits, best = 0;

	*at = 0;
	for (i = 0; i + len <= string.len; i++) {
		for (bits = 0, k = 0; k < len; k++)
			bits += octet_rarity(string.p[i + k]);
		if (bits > best) {
			best = bits;
			*at = i;
		}
	}
	return best;
}

static unsigned
set_rarity(const struct set *set)
{
	unsigned bits, least = 1000;
	size_t i, at;

	for (i = 0; i < set->count; i++) {
		bits = set->list[i].len < 2
			   ? 0
			   : literals_rarity(set->list[i], &at);
		least = bits < least ? bits : least;
	}
	/* many strings are found more often than one */
	for (i = set->count; i > 1 && least > 0; i /= 4)
		least--;
	return set->count == 0 || least < RARITY_MIN ? 0 : least;
}

static struct set
one(struct reader *reader, const char *p, size_t len)
{
	struct set set = {arena_alloc(reader->arena, sizeof(struct span)), 1};

	set.list[0] = arena_copy(reader->arena, (struct span){p, len});
	return set;
}

static struct piece
nothing(void)
{
	return (struct piece){.exact = false};
}

static struct piece
empty(struct reader *reader)
{
	return (struct piece){true, one(reader, "", 0)};
}

static struct piece
octet(struct reader *reader, char c)
{
	c = lower(c);
	return (struct piece){true, one(reader, &c, 1)};
}

static bool
set_has(const struct set *set, struct span string)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (span_eq(set->list[i], string))
			return true;
	return false;
}

/* Both together; nothing if that is too many. */
static struct set
both(struct reader *reader, struct set a, struct set b, size_t max)
{
	struct set set = {arena_array(reader->arena, a.count + b.count + 1,
			      sizeof(struct span)),
	    0};
	size_t i;

	for (i = 0; i < a.count + b.count; i++) {
		struct span s = i < a.count ? a.list[i] : b.list[i - a.count];

		if (a.count + b.count > CROSS_MAX || !set_has(&set, s))
			set.list[set.count++] = s;
	}
	return set.count > max ? (struct set){NULL, 0} : set;
}

/* Each of a before each of b; nothing if that is too many or too long. */
static struct set
product(struct reader *reader, struct set a, struct set b)
{
	struct set set = {NULL, 0};
	char text[2 * LITERALS_LENGTH];
	size_t i, k;

	if (a.count * b.count > CROSS_MAX)
		return set;
	set.list =
	    arena_array(reader->arena, a.count * b.count, sizeof(struct span));
	for (i = 0; i < a.count; i++)
		for (k = 0; k < b.count; k++) {
			if (a.list[i].len + b.list[k].len > LITERALS_LENGTH)
				return (struct set){NULL, 0};
			memcpy(text, a.list[i].p, a.list[i].len);
			memcpy(
			    text + a.list[i].len, b.list[k].p, b.list[k].len);
			set.list[set.count++] = arena_copy(reader->arena,
			    (struct span){text, a.list[i].len + b.list[k].len});
		}
	return set;
}

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
	c = lower(c);
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
	return value < 256 ? octet(reader, (char)value) : nothing();
}

/* Behind a backslash, which is not in a class. */
static struct piece
read_escape(struct reader *reader)
{
	char c;

	if (!more(reader)) {
		reader->failed = true;
		return nothing();
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
		return empty(reader);
	case 't':
		return octet(reader, '\t');
	case 'n':
		return octet(reader, '\n');
	case 'r':
		return octet(reader, '\r');
	case 'f':
		return octet(reader, '\f');
	case 'e':
		return octet(reader, '\033');
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
		return nothing();
	default:
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9')) {
			/* \1, \p{..}, \Q, \012, ... */
			reader->failed = !(c >= '1' && c <= '9');
			return nothing();
		}
		return octet(reader, c);
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

static void
add_octet(struct set *set, struct reader *reader, int c, size_t *count)
{
	char octet = lower((char)c);
	struct span string = {&octet, 1};

	if (set_has(set, string))
		return;
	if (++*count <= CLASS_MAX)
		set->list[set->count++] = arena_copy(reader->arena, string);
}

/* Behind "[".  A small class is its octets, one by one. */
static struct piece
read_class(struct reader *reader)
{
	struct set set = {
	    arena_array(reader->arena, CLASS_MAX + 1, sizeof(struct span)), 0};
	bool known = !maybe(reader, "^"), first = true;
	size_t count = 0;
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
		/* a long range is too much anyway */
		for (c = from; known && c <= to && c <= from + 64; c++)
			add_octet(&set, reader, c, &count);
	}
	if (!maybe(reader, "]"))
		reader->failed = true;
	return known && count > 0 && count <= CLASS_MAX
		   ? (struct piece){true, set}
		   : nothing();
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
	struct piece piece = nothing();
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
		piece = empty(reader);
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
		return nothing();
	case '^':
	case '$':
		return empty(reader);
	default:
		return octet(reader, c);
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

/* A row of pieces while it is read. */
struct row {
	struct set now;  /* what is exact since the last break */
	struct set best; /* need so far */
	unsigned rarity; /* of best */
	bool broken;     /* the whole is not exact */
};

static void
row_need(struct row *row, struct set set)
{
	unsigned bits = set_rarity(&set);

	if (bits > row->rarity) {
		row->best = set;
		row->rarity = bits;
	}
}

/* What was exact ends here, and becomes a need. */
static void
row_break(struct row *row, struct set next)
{
	row_need(row, row->now);
	row->now = next;
	row->broken = true;
}

static void
row_add(struct reader *reader, struct row *row, struct piece piece)
{
	struct set set;

	if (!piece.exact) {
		row_need(row, piece.set);
		row_break(row, empty(reader).set);
		return;
	}
	set = product(reader, row->now, piece.set);
	if (set.count > 0)
		row->now = set;
	else
		row_break(row, piece.set);
}

static void
row_add_times(struct reader *reader, struct row *row, struct piece piece,
    unsigned min, unsigned max)
{
	unsigned i;

	if (min == 0) {
		if (max == 1 && piece.exact && piece.set.count < CROSS_MAX / 4)
			piece.set = both(
			    reader, piece.set, empty(reader).set, CROSS_MAX);
		else
			piece = nothing();
		row_add(reader, row, piece);
		return;
	}
	if (min > 8)
		min = 8, max = UINT32_MAX;
	for (i = 0; i < min; i++)
		row_add(reader, row, piece);
	if (max > min) /* what follows stands behind the last of them */
		row_break(row, piece.exact ? piece.set : empty(reader).set);
}

/* Pieces up to "|", ")" or the end. */
static struct piece
read_row(struct reader *reader)
{
	struct row row = {.now = empty(reader).set};
	struct piece piece;
	unsigned min, max;

	while (more(reader) && *reader->p != '|' && *reader->p != ')') {
		piece = read_atom(reader);
		read_times(reader, &min, &max);
		row_add_times(reader, &row, piece, min, max);
	}
	if (!row.broken)
		return (struct piece){true, row.now};
	row_need(&row, row.now);
	return (struct piece){false, row.best};
}

/* A need of what may be exact; an empty one if one of its strings is of no
 * use. */
static struct set
need_of(struct piece piece)
{
	return set_rarity(&piece.set) > 0 ? piece.set : (struct set){NULL, 0};
}

static struct piece
read_choice(struct reader *reader)
{
	struct piece all = read_row(reader), piece;
	struct set a, b;

	while (maybe(reader, "|")) {
		piece = read_row(reader);
		if (all.exact && piece.exact &&
		    all.set.count + piece.set.count <= LITERALS_MAX) {
			all.set =
			    both(reader, all.set, piece.set, LITERALS_MAX);
			continue;
		}
		a = need_of(all);
		b = need_of(piece);
		all.exact = false;
		if (a.count == 0 || b.count == 0)
			all.set = (struct set){NULL, 0};
		else
			all.set = both(reader, a, b, LITERALS_MAX);
	}
	return all;
}

void
literals_of(struct arena *arena, struct span pattern, unsigned flags,
    struct literals *literals)
{
	struct reader reader = {
	    arena, pattern.p, pattern.p + pattern.len, 0, false};
	struct piece piece;
	struct set set;
	size_t i;

	literals->count = 0;
	if (pattern.len == 0 || (flags & REGEX_EXTENDED) != 0)
		return;
	piece = read_choice(&reader);
	set = need_of(piece);
	if (reader.failed || reader.p != reader.end)
		return;
	for (i = 0; i < set.count && i < LITERALS_MAX; i++)
		literals->list[literals->count++] = set.list[i];
}
