#include "relay/relayip.h"
#include "relay/relayparse.h"

/* Where the comment that begins the text ends: one without its last parenthesis
 * at the first one; 0 if there is none at all. */
static size_t
comment_end(struct span text)
{
	const char *first = memchr(text.p, ')', text.len);
	size_t i, depth = 0;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '(')
			depth++;
		else if (text.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return first != NULL ? (size_t)(first - text.p) + 1 : 0;
}

/* Takes "[192.0.2.1]", also with a port or zone within, off the front. */
static bool
take_box(struct span *text, struct piece *piece)
{
	struct span inner, ip;
	const char *end;
	size_t i;

	if (text->len < 2 || text->p[0] != '[')
		return false;
	end = memchr(text->p, ']', text->len);
	if (end == NULL)
		return false;
	inner = (struct span){text->p + 1, (size_t)(end - text->p) - 1};
	ip = inner;
	piece->port = span_from(inner, inner.len);
	if (!relay_is_ip(ip)) {
		for (i = 0; i < ip.len; i++)
			if (ip.p[i] == '%')
				break;
		/* what stands behind four numbers is a port */
		if (i == ip.len) {
			while (
			    i > 0 && ip.p[i - 1] != ':' && ip.p[i - 1] != '.')
				i--;
			if (i > 0)
				i--;
		}
		ip.len = i;
		if (!relay_is_ip(ip))
			return false;
		piece->port = span_from(inner, i);
	}
	piece->ip = ip;
	*text = span_from(*text, inner.len + 2);
	return true;
}

static size_t
word_len(struct span text)
{
	const char *blank = memchr(text.p, ' ', text.len);

	return blank != NULL ? (size_t)(blank - text.p) : text.len;
}

/* "name[192.0.2.1]" and "name@[192.0.2.1]", with more behind the latter. */
static bool
read_glued(struct span text, struct piece *piece)
{
	size_t len = word_len(text);
	const char *bracket = memchr(text.p, '[', len);
	struct span rest;

	if (bracket == NULL || bracket == text.p)
		return false;
	piece->name = (struct span){text.p, (size_t)(bracket - text.p)};
	rest = span_from(text, piece->name.len);
	if (!take_box(&rest, piece))
		return false;
	piece->rest = rest;
	piece->form = PIECE_GLUED;
	if (span_ends(piece->name, "@")) {
		piece->name.len--;
		piece->form = PIECE_IDENT;
		piece->has_at = piece->boxed = true;
	}
	return true;
}

/* "192.0.2.1", "name@192.0.2.1", "192.0.2.1:25", with more behind a blank. */
static bool
read_ident(struct span text, struct piece *piece)
{
	struct span word;
	size_t i;

	piece->spaced = text.p[0] == ' ';
	text = span_from(text, piece->spaced ? 1 : 0);
	word = (struct span){text.p, word_len(text)};
	if (span_ends(word, ","))
		word.len--;
	piece->rest = span_from(text, word.len);
	for (i = word.len; i > 0 && word.p[i - 1] != '@';)
		i--;
	piece->has_at = i > 0;
	piece->name = (struct span){word.p, i > 0 ? i - 1 : 0};
	word = span_from(word, i);
	if (!relay_is_ip(word)) {
		for (i = 0; i < word.len && word.p[i] != ':';)
			i++;
		piece->port = span_from(word, i);
		word.len = i;
	}
	piece->ip = word;
	piece->form = PIECE_IDENT;
	return relay_is_ip(word);
}

static bool
read_named(struct span text, struct piece *piece)
{
	size_t len = word_len(text);
	struct span rest = span_from(text, len);

	piece->name = (struct span){text.p, len};
	if (len == 0 || !span_starts(rest, " ["))
		return false;
	rest = span_from(rest, 1);
	if (!take_box(&rest, piece) || piece->port.len > 0)
		return false;
	piece->rest = rest;
	piece->form = PIECE_NAMED;
	return true;
}

/* "HELO name", perhaps behind "account user". */
static bool
read_helo(struct span text, struct piece *piece)
{
	struct span rest = text, word;

	if (span_starts(text, "account ")) {
		span_word(&rest);
		span_word(&rest);
		rest = span_from(rest, 1);
	}
	word = (struct span){rest.p, rest.len < 5 ? rest.len : 5};
	if (!span_is(word, "HELO ") && !span_is(word, "EHLO ") &&
	    !span_is(word, "LHLO "))
		return false;
	piece->name = rest = span_from(rest, 5);
	take_box(&rest, piece);
	piece->rest = rest;
	piece->form = PIECE_HELO;
	return true;
}

static bool
read_boxed(struct span text, struct piece *piece)
{
	piece->form = PIECE_BOXED;
	piece->spaced = span_starts(text, " ");
	if (piece->spaced)
		text = span_from(text, 1);
	if (!take_box(&text, piece) || span_starts(text, " ["))
		return false;
	piece->rest = text;
	return true;
}

static void
read_comment(struct piece *piece)
{
	static bool (*const readers[])(struct span, struct piece *) = {
	    read_boxed, read_helo, read_named, read_glued, read_ident};
	struct span text = span_from(piece->text, 1);
	struct piece empty = *piece;
	size_t i;

	if (text.len > 0)
		text.len--;
	for (i = 0; text.len > 0 && i < nitems(readers); i++) {
		*piece = empty;
		if (readers[i](text, piece))
			return;
	}
	*piece = empty;
	piece->form = PIECE_OTHER;
	piece->name = text;
}

static void
read_word(struct piece *piece)
{
	struct span rest = piece->text;

	piece->form = PIECE_WORD;
	piece->name = piece->text;
	if (relay_is_ip(piece->text)) {
		piece->form = PIECE_IP;
		piece->ip = piece->text;
	} else if (take_box(&rest, piece)) {
		piece->form = PIECE_BOX;
		piece->rest = rest;
	}
}

/* How many octets the piece at the front of a text has. */
static size_t
piece_len(struct span text)
{
	size_t len;

	if (text.p[0] == '(') {
		len = comment_end(text);
		return len > 0 ? len : text.len;
	}
	for (len = 1; len < text.len && text.p[len] != ' '; len++)
		if (text.p[len] == '(')
			break;
	return len;
}

static void
split_by(struct trace *trace, struct span rest)
{
	size_t len = word_len(rest);

	trace->by = (struct span){rest.p, len};
	trace->after = span_from(rest, len);
}

/* Where no word "by" stands by itself it may be within a comment that has no
 * end. */
static void
find_by(struct trace *trace)
{
	struct span rest = trace->line;
	const char *by = span_find(rest, span_of(" by "));

	if (by == NULL)
		return;
	while (trace->count > 0 && trace->pieces[trace->count - 1].text.p > by)
		trace->count--;
	split_by(trace, span_from(rest, (size_t)(by - rest.p) + 4));
}

void
relay_split(struct trace *trace)
{
	struct span rest = trace->line;
	const char *by = trace->upper ? "BY " : "by ";
	struct piece *piece;
	bool glued = false;

	trace->count = 0;
	trace->by = (struct span){NULL, 0};
	trace->after = span_from(rest, rest.len);
	while (rest.len > 0 && trace->count < TRACE_PIECES_MAX) {
		if (rest.p[0] == ' ') {
			rest = span_from(rest, 1);
			glued = false;
			continue;
		}
		if (!glued && trace->count > 0 && span_starts(rest, by)) {
			split_by(trace, span_from(rest, 3));
			return;
		}
		piece = &trace->pieces[trace->count++];
		*piece = (struct piece){.glued = glued};
		piece->text = (struct span){rest.p, piece_len(rest)};
		piece->name = piece->ip = piece->rest = piece->port =
		    span_from(piece->text, piece->text.len);
		if (rest.p[0] == '(')
			read_comment(piece);
		else
			read_word(piece);
		rest = span_from(rest, piece->text.len);
		glued = true;
	}
	find_by(trace);
}
