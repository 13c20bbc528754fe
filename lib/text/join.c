#include "text/join.h"
#include "text/charset.h"

void
join_init(struct join *join, struct arena *arena, struct span head, size_t size,
    bool latin1)
{
	*join = (struct join){.arena = arena, .latin1 = latin1};
	join->p = arena_alloc(arena, size + 1);
	memcpy(join->p, head.p, head.len);
	join->len = head.len;
}

/* White space came to its end. */
static void
end_blank(struct join *join)
{
	if (!join->blank)
		return;
	if (join->ends < 2) {
		join->p[join->len++] = ' ';
	} else {
		if (join->blank_first)
			join->p[join->len++] = ' ';
		join->p[join->len++] = '\n';
		if (join->blank_last)
			join->p[join->len++] = ' ';
	}
	join->blank = join->blank_first = join->blank_last = false;
	join->ends = 0;
}

static void
add_blank(struct join *join, bool is_end)
{
	join->blank = true;
	if (is_end) {
		join->ends += join->ends < 2;
		join->blank_last = false;
	} else if (join->ends == 0) {
		join->blank_first = true;
	} else {
		join->blank_last = true;
	}
}

/* How many octets white space has at the front; 0 if there is none. */
static size_t
blank_len(const struct join *join, struct span text)
{
	unsigned char c = (unsigned char)text.p[0];
	struct span rest = text;

	if (c <= ' ')
		return c == ' ' || (c >= '\t' && c <= '\r');
	/* all others begin with one of these */
	if (join->latin1 || (c != 0xc2 && c != 0xe1 && c != 0xe2 && c != 0xe3))
		return 0;
	return charset_is_space(charset_take(&rest)) ? text.len - rest.len : 0;
}

/* Adds what is no white space; returns how many octets of text it took. */
static size_t
add_octet(struct join *join, struct span text)
{
	unsigned char c = (unsigned char)text.p[0];
	size_t len = 1;

	if (join->latin1 && (c & 0xfc) == 0xc0 && text.len > 1) {
		c = (unsigned char)(c << 6 | (text.p[1] & 0x3f));
		len = 2;
	}
	join->p[join->len++] = c == 0 ? '\n' : (char)c;
	return len;
}

/* How many octets in front are visible ASCII, as most are. */
static size_t
plain_len(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.p[len] > ' ' && (text.p[len] & 0x80) == 0)
		len++;
	return len;
}

void
join_add(struct join *join, struct span text)
{
	size_t len;

	for (; text.len > 0; text = span_from(text, len)) {
		len = plain_len(text);
		if (len > 0) {
			end_blank(join);
			memcpy(join->p + join->len, text.p, len);
			join->len += len;
			continue;
		}
		len = blank_len(join, text);
		if (len > 0) {
			add_blank(join, text.p[0] == '\n');
			continue;
		}
		end_blank(join);
		len = add_octet(join, text);
	}
}

static void
add_line(struct arena *arena, struct join_lines *lines, struct span line)
{
	struct span *list;

	if (lines->text.count == lines->room) {
		lines->room = lines->room == 0 ? 16 : 2 * lines->room;
		list = arena_array(arena, lines->room, sizeof(*list));
		if (lines->text.count > 0)
			memcpy(list, lines->text.lines,
			    lines->text.count * sizeof(*list));
		lines->text.lines = list;
	}
	lines->text.lines[lines->text.count++] = line;
}

/* How much of a line that is too long makes a line of its own. */
static size_t
short_len(struct span line)
{
	size_t len = MAIL_LINE_MAX + 1;

	while (len > 0 && line.p[len - 1] != ' ')
		len--;
	return len > 0 ? len : MAIL_LINE_MAX;
}

void
join_end(struct join *join, struct text *text)
{
	struct join_lines lines = {{NULL, 0}, 0};
	struct span rest, line;
	const char *end;

	end_blank(join);
	rest = (struct span){join->p, join->len};
	while (rest.len > 0) {
		end = memchr(rest.p, '\n', rest.len);
		line = rest;
		if (end != NULL)
			line.len = (size_t)(end - rest.p) + 1;
		if (line.len > MAIL_LINE_MAX)
			line.len = short_len(line);
		add_line(join->arena, &lines, line);
		rest = span_from(rest, line.len);
	}
	*text = lines.text;
}

void
join_pieces(struct arena *arena, struct span rest, struct join_lines *lines)
{
	static const char places[] = "\n> ";
	const char *end;
	size_t i;

	if (rest.len <= MAIL_LINE_MAX) {
		add_line(arena, lines, rest);
		return;
	}
	while (rest.len > 2 * MAIL_LINE_MAX) {
		struct span piece = {rest.p, MAIL_LINE_MAX + 1};

		for (i = 0; places[i] != '\0'; i++) {
			end = memchr(
			    rest.p + MAIL_LINE_MAX, places[i], MAIL_LINE_MAX);
			if (end == NULL)
				continue;
			piece.len = (size_t)(end - rest.p) + 1;
			break;
		}
		add_line(arena, lines, piece);
		rest = span_from(rest, piece.len);
	}
	if (rest.len > 0)
		add_line(arena, lines, rest);
}
