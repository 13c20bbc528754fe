#include <ctype.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "text/charset.h"
#include "text/decode.h"
#include "text/words.h"

#define NAME_PIECES_MAX 100 /* of a file's name, RFC 2231 */

/* An encoded word, or the text in front of the next one. */
struct token {
	struct span charset; /* p NULL: a text */
	struct span text;
};

static bool
is_charset(int c)
{
	return isalnum(c) || c == '*' || c == '_' || c == '-';
}

static bool
is_not_question(int c)
{
	return c != '?';
}

/* Takes "=?charset?b?text?=" off the front, or nothing. */
static bool
take_word(struct scan *scan, struct token *token, bool *is_base64)
{
	struct scan try = *scan;
	int how;

	scan_text(&try, "=?");
	token->charset = scan_while(&try, is_charset);
	scan_char(&try, '?');
	how = scan_peek(&try) | ('a' ^ 'A');
	*is_base64 = how == 'b';
	if (try.bad || token->charset.len == 0 || (how != 'b' && how != 'q'))
		return false;
	try.p++;
	scan_char(&try, '?');
	token->text = scan_while(&try, is_not_question);
	scan_text(&try, "?=");
	if (try.bad)
		return false;
	*scan = try;
	return true;
}

static struct span
undo(struct arena *arena, struct span text, bool is_base64)
{
	struct buf buf;
	size_t i;

	if (is_base64)
		return decode_base64(arena, text);
	if (memchr(text.p, '_', text.len) == NULL)
		return decode_quoted(arena, text);
	buf_init(&buf, 3 * text.len);
	for (i = 0; i < text.len; i++)
		buf_add(&buf, text.p[i] == '_' ? "=20" : text.p + i,
		    text.p[i] == '_' ? 3 : 1);
	text = decode_quoted(arena, buf_span(&buf));
	buf_free(&buf);
	return text;
}

/* The value in pieces. */
struct decoding {
	struct arena *arena;
	struct buf piece;    /* octets of the same character set */
	struct span charset; /* of it; p NULL: text */
	struct buf text;     /* what is done */
};

static void
end_piece(struct decoding *decoding)
{
	struct span octets = buf_span(&decoding->piece);
	struct span charset = decoding->charset;
	const char *language;

	if (charset.p != NULL && octets.len > 0) {
		/* RFC 2231, 5: a language may stand behind the set */
		language = memchr(charset.p, '*', charset.len);
		if (language != NULL)
			charset.len = (size_t)(language - charset.p);
		octets = arena_copy(decoding->arena, octets);
		if (charset.len > 0)
			octets = charset_word(decoding->arena, octets, charset);
	}
	buf_addspan(&decoding->text, octets);
	buf_reset(&decoding->piece);
}

/* A character may be split between words, against RFC 2047, 5; so what is of
 * the same character set is put together first. */
static void
add_piece(struct decoding *decoding, struct span charset, struct span octets)
{
	if (!span_ieq(charset, decoding->charset) ||
	    (charset.p == NULL) != (decoding->charset.p == NULL))
		end_piece(decoding);
	decoding->charset = charset;
	buf_addspan(&decoding->piece, octets);
}

static bool
is_not_equals(int c)
{
	return c != '=';
}

static struct span
decode_words(struct arena *arena, struct span value)
{
	struct decoding decoding = {
	    .arena = arena,
	    .piece = BUF_INIT(4 * value.len),
	    .text = BUF_INIT(16 * value.len),
	};
	struct scan scan, next;
	struct token token, after;
	bool is_base64;

	scan_init(&scan, value);
	while (scan_peek(&scan) != -1) {
		if (!take_word(&scan, &token, &is_base64)) {
			token.text = scan_while(&scan, is_not_equals);
			if (token.text.len == 0)
				token.text = (struct span){scan.p++, 1};
			add_piece(
			    &decoding, (struct span){NULL, 0}, token.text);
			continue;
		}
		add_piece(&decoding, token.charset,
		    undo(arena, token.text, is_base64));
		/* blanks between two words mean nothing */
		next = scan;
		scan_while(&next, ascii_is_space);
		if (take_word(&next, &after, &is_base64))
			scan_while(&scan, ascii_is_space);
	}
	end_piece(&decoding);
	value = arena_copy(arena, buf_span(&decoding.text));
	buf_free(&decoding.piece);
	buf_free(&decoding.text);
	return value;
}

/* Whether a field has no encoded words by its nature. */
static bool
is_plain(struct span name)
{
	static const char *const plain[] = {"Received", "Message-ID",
	    "Resent-Message-ID", "Date", "Resent-Date", "MIME-Version",
	    "References", "In-Reply-To"};
	size_t i;

	for (i = 0; i < nitems(plain); i++)
		if (span_iis(name, plain[i]))
			return true;
	return span_istarts(name, "List-");
}

struct span
words_decode(struct arena *arena, struct span name, struct span value)
{
	if (value.len == 0)
		return value;
	if (!charset_is_ascii(value))
		value = charset_text(arena, value, span_of("UTF-8"));
	if (span_find(value, span_of("=?")) == NULL || is_plain(name))
		return value;
	return decode_words(arena, value);
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The next "name =" of a value from *at on, with blanks around the sign; false
 * if there is none.  Then *at is where the parameter's value begins. */
static bool
find_parameter(struct span value, const char *name, size_t *at)
{
	const char *p;
	size_t i;

	while ((p = span_ifind(span_from(value, *at), span_of(name))) != NULL) {
		i = (size_t)(p - value.p);
		*at = i + strlen(name);
		if (i > 0 && is_word(value.p[i - 1]))
			continue;
		for (i = *at; i < value.len && ascii_is_space(value.p[i]);)
			i++;
		if (i == value.len || value.p[i] != '=')
			continue;
		for (i++; i < value.len && ascii_is_space(value.p[i]);)
			i++;
		*at = i;
		return true;
	}
	return false;
}

/* The boundary: what is in quotes, which need not end; or one word. */
static struct span
find_boundary(struct span value)
{
	struct span found;
	size_t at = 0, end;
	bool quoted;

	while (find_parameter(value, "boundary", &at)) {
		quoted = at < value.len && value.p[at] == '"';
		end = at + quoted;
		while (end < value.len && value.p[end] != '"' &&
		       (quoted || (!ascii_is_space(value.p[end]) &&
				      value.p[end] != ';')))
			end++;
		found = span_from(value, at + quoted);
		found.len = end - at - quoted;
		if (found.len > 0 &&
		    (quoted || end == value.len || value.p[end] != '"'))
			return found;
	}
	return (struct span){NULL, 0};
}

/* What stands up to the next semicolon, without quotes around. */
static struct span
unquote(struct span rest)
{
	const char *end;

	if (rest.len > 0 && (rest.p[0] == '"' || rest.p[0] == '\''))
		rest = span_from(rest, 1);
	end = memchr(rest.p, ';', rest.len);
	if (end != NULL)
		rest.len = (size_t)(end - rest.p);
	if (span_ends(rest, "\"") || span_ends(rest, "'"))
		rest.len--;
	return rest;
}

static struct span
find_text(struct span value, const char *name)
{
	size_t at = 0;

	if (!find_parameter(value, name, &at))
		return (struct span){NULL, 0};
	return unquote(span_from(value, at));
}

/* The first of name= and filename=. */
static struct span
find_name(struct span value)
{
	struct span name = find_text(value, "name");
	struct span filename = find_text(value, "filename");

	if (name.p == NULL || (filename.p != NULL && filename.p < name.p))
		return filename;
	return name;
}

/* A name in pieces, "name*0=", "name*1=" (RFC 2231, 3), put together. */
static struct span
join_name(struct arena *arena, struct span value)
{
	char name[sizeof("filename*99")];
	struct buf joined = BUF_INIT(value.len);
	struct span piece, whole;
	unsigned i;

	for (i = 0; i < NAME_PIECES_MAX; i++) {
		snprintf(name, sizeof(name), "filename*%u", i);
		piece = find_text(value, name);
		if (piece.p == NULL)
			piece = find_text(value, name + 4);
		if (piece.p == NULL && i == 0)
			return piece;
		if (piece.p != NULL)
			buf_addspan(&joined, piece);
	}
	whole = arena_copy(arena, buf_span(&joined));
	buf_free(&joined);
	return whole;
}

/* Whether a character cannot be in a type's name (RFC 2045, 5.1: tspecials). */
static bool
is_special(char c)
{
	return c <= ' ' || c > '~' || strchr("\"(),:;<=>?@[\\]", c) != NULL;
}

/* type/subtype in lower case, the rest of the value left out. */
static struct span
find_type(struct arena *arena, struct span value)
{
	struct span type;
	const char *end;
	char *p;
	size_t i;

	while (value.len > 0 && ascii_is_space(value.p[0]))
		value = span_from(value, 1);
	end = memchr(value.p, ';', value.len);
	if (end != NULL)
		value.len = (size_t)(end - value.p);
	end = memchr(value.p, '/', value.len);
	if (end != NULL && end > value.p) {
		i = (size_t)(end - value.p) + 1;
		while (i < value.len && !ascii_is_space(value.p[i]) &&
		       value.p[i] != '/')
			i++;
		value.len = i;
	}
	type = arena_copy(arena, value);
	p = (char *)type.p;
	for (i = 0; i < type.len; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + ('a' - 'A'));
	return type;
}

/* Text that is not shown by its nature; all other text is as good as plain. */
static bool
is_own_text(struct span type)
{
	return span_is(type, "text/x-vcard") ||
	       span_is(type, "text/calendar") || span_is(type, "text/html");
}

void
words_content_type(
    struct arena *arena, struct span value, struct content_type *type)
{
	struct span name;
	size_t i, len = 0;
	char *p;

	*type = (struct content_type){.type = "text/plain"};
	if (value.len == 0 || span_is(value, "0")) {
		type->missing = true;
		type->charset = span_of("us-ascii");
		return;
	}
	type->boundary = find_boundary(value);
	type->charset = find_text(value, "charset");
	type->name = find_name(value);
	if (type->name.len == 0) {
		name = join_name(arena, value);
		if (name.p != NULL)
			type->name = name;
	}
	name = find_type(arena, value);
	type->missing = name.len == 0;
	if (name.len == 0 ||
	    (span_starts(name, "text") &&
		(name.len == 4 || !is_word(name.p[4])) && !is_own_text(name)))
		return;
	p = (char *)name.p;
	for (i = 0; i < name.len; i++)
		if (!is_special(p[i]))
			p[len++] = p[i];
	p[len] = '\0';
	type->type = p;
}
