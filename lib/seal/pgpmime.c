#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "mail/transfer.h"
#include "seal/pgpmime.h"

#define PIECE_MAX 32768 /* octets of a line that are looked at in one go */
#define BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */

/* The lines of a message, the long ones in pieces. */
struct lines {
	const struct message *message;
	uint64_t at;
	char chunk[PIECE_MAX];
	size_t pos;
	size_t len;
	bool inside; /* the next piece is not the first of its line */
};

struct piece {
	struct span text; /* with its LF, if it has one */
	bool first;       /* of its line */
};

enum encoding { ENCODING_NONE, ENCODING_BASE64, ENCODING_QUOTED };

struct finder {
	struct lines lines;
	char boundary[BOUNDARY_MAX + 1];
	enum encoding encoding;
	struct transfer64 group;
	struct buf decoded;
};

static int
fail(int error)
{
	errno = error;
	return -1;
}

/* The next piece: 1; 0 at the end; -1 with errno. */
static int
next_piece(struct lines *lines, struct piece *piece)
{
	struct span rest;
	const char *lf;
	ssize_t n;

	rest =
	    (struct span){lines->chunk + lines->pos, lines->len - lines->pos};
	lf = rest.len > 0 ? memchr(rest.p, '\n', rest.len) : NULL;
	while (lf == NULL && rest.len < PIECE_MAX) {
		memmove(lines->chunk, rest.p, rest.len);
		rest.p = lines->chunk;
		lines->pos = 0;
		lines->len = rest.len;
		n = message_read(lines->message, lines->at,
		    lines->chunk + rest.len, PIECE_MAX - rest.len);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		lf = memchr(rest.p + rest.len, '\n', (size_t)n);
		lines->at += (uint64_t)n;
		lines->len += (size_t)n;
		rest.len = lines->len;
	}
	if (lf != NULL)
		rest.len = (size_t)(lf - rest.p) + 1;
	piece->text = rest;
	piece->first = !lines->inside;
	lines->pos += rest.len;
	lines->inside = lf == NULL;
	return rest.len > 0;
}

static bool
is_empty(struct span line)
{
	return span_is(line, "\n") || span_is(line, "\r\n");
}

/* Reads a header up to and with its empty line.  0, or -1 with errno. */
static int
read_header(struct lines *lines, struct buf *header)
{
	struct piece piece;
	int more;

	while ((more = next_piece(lines, &piece)) > 0) {
		if (piece.first && is_empty(piece.text))
			return 0;
		if (!buf_addspan(header, piece.text))
			return fail(EBADMSG);
	}
	return more < 0 ? -1 : fail(EBADMSG);
}

/* The value of the first such field, with the lines that continue it. */
static struct span
field(struct span header, const char *name)
{
	struct span line, value = {NULL, 0};

	while (header.len > 0) {
		line = span_line(&header);
		if (value.p != NULL) {
			if (!ascii_is_blank(line.p[0]))
				break;
			value.len = (size_t)(line.p + line.len - value.p);
		} else if (span_istarts(line, name)) {
			value = span_from(line, strlen(name));
		}
	}
	return value;
}

static bool
is_token(int c)
{
	return c > 0x20 && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static void
skip_space(struct scan *scan)
{
	scan_while(scan, ascii_is_space);
}

/* A parameter's value, without quotes; backslashes in a boundary are not worth
 * the while: nobody writes them. */
static struct span
take_value(struct scan *scan)
{
	return scan_maybe(scan, '"') ? scan_until(scan, '"')
				     : scan_while(scan, is_token);
}

/* Takes type and parameters (RFC 2045, 5.1).  0 if it is multipart/encrypted
 * with a boundary, for OpenPGP as far as it says for what; else -1. */
static int
take_type(struct finder *finder, struct span value)
{
	struct span name, text, boundary = {NULL, 0};
	struct scan scan;

	scan_init(&scan, value);
	skip_space(&scan);
	if (!scan_maybe_word(&scan, "multipart/encrypted"))
		return -1;
	for (;;) {
		skip_space(&scan);
		if (!scan_maybe(&scan, ';'))
			break;
		skip_space(&scan);
		name = scan_while(&scan, is_token);
		skip_space(&scan);
		if (!scan_maybe(&scan, '='))
			break;
		skip_space(&scan);
		text = take_value(&scan);
		if (span_iis(name, "boundary"))
			boundary = text;
		else if (span_iis(name, "protocol") &&
			 !span_iis(text, "application/pgp-encrypted"))
			return -1;
	}
	if (boundary.len == 0 || boundary.len > BOUNDARY_MAX ||
	    memchr(boundary.p, '\0', boundary.len) != NULL)
		return -1;
	memcpy(finder->boundary, boundary.p, boundary.len);
	finder->boundary[boundary.len] = '\0';
	return 0;
}

/* Whether a piece is a delimiter: "--boundary", "--" at the end, blanks. */
static bool
is_delimiter(const struct finder *finder, const struct piece *piece, bool *last)
{
	struct span rest = piece->text;

	*last = false;
	if (!piece->first || !span_starts(rest, "--"))
		return false;
	rest = span_from(rest, 2);
	if (!span_starts(rest, finder->boundary))
		return false;
	rest = span_from(rest, strlen(finder->boundary));
	*last = span_starts(rest, "--");
	return span_trim(span_from(rest, *last ? 2 : 0)).len == 0;
}

/* Goes behind the next delimiter.  0, or -1 with errno. */
static int
skip_to_part(struct finder *finder)
{
	struct piece piece;
	bool last;
	int more;

	while ((more = next_piece(&finder->lines, &piece)) > 0)
		if (is_delimiter(finder, &piece, &last))
			return last ? fail(EBADMSG) : 0;
	return more < 0 ? -1 : fail(EBADMSG);
}

static enum encoding
encoding_of(struct span header)
{
	struct span value =
	    span_trim(field(header, "Content-Transfer-Encoding:"));

	if (span_iis(value, "base64"))
		return ENCODING_BASE64;
	return span_iis(value, "quoted-printable") ? ENCODING_QUOTED
						   : ENCODING_NONE;
}

static int
add_piece(struct finder *finder, struct span text, struct message *payload)
{
	if (finder->encoding == ENCODING_NONE)
		return message_add(payload, text.p, text.len);
	buf_reset(&finder->decoded);
	if (finder->encoding == ENCODING_QUOTED)
		transfer_quoted(text, &finder->decoded);
	else
		transfer64_add(&finder->group, text, &finder->decoded);
	return message_add(payload, finder->decoded.p, finder->decoded.len);
}

static int
add_end(struct finder *finder, struct message *payload)
{
	buf_reset(&finder->decoded);
	transfer64_end(&finder->group, &finder->decoded);
	return message_add(payload, finder->decoded.p, finder->decoded.len);
}

/* The body of a part, up to the next delimiter, which must be there. */
static int
take_body(struct finder *finder, struct message *payload)
{
	struct piece piece;
	bool last;
	int more;

	while ((more = next_piece(&finder->lines, &piece)) > 0) {
		if (is_delimiter(finder, &piece, &last))
			return add_end(finder, payload);
		if (add_piece(finder, piece.text, payload) < 0)
			return -1;
	}
	return more < 0 ? -1 : fail(EBADMSG);
}

/* The header of the message, of the first part, of the second. */
static int
find(struct finder *finder, struct buf *header, struct message *payload)
{
	if (read_header(&finder->lines, header) < 0)
		return -1;
	if (take_type(finder, field(buf_span(header), "Content-Type:")) < 0)
		return fail(EBADMSG);
	buf_reset(header);
	if (skip_to_part(finder) < 0 || read_header(&finder->lines, header) < 0)
		return -1;
	if (!span_istarts(span_trim(field(buf_span(header), "Content-Type:")),
		"application/pgp-encrypted"))
		return fail(EBADMSG);
	buf_reset(header);
	if (skip_to_part(finder) < 0 || read_header(&finder->lines, header) < 0)
		return -1;
	finder->encoding = encoding_of(buf_span(header));
	return take_body(finder, payload);
}

int
pgpmime_find(const struct message *message, struct message *payload)
{
	struct buf header = BUF_INIT(PGPMIME_HEADER_MAX);
	struct finder finder;
	int rc;

	memset(&finder, 0, sizeof(finder));
	finder.lines.message = message;
	buf_init(&finder.decoded, PIECE_MAX + 3);
	rc = find(&finder, &header, payload);
	buf_free(&finder.decoded);
	buf_free(&header);
	return rc;
}
