#include <ctype.h>
#include <stdint.h>

#include "base/ascii.h"
#include "mail/transfer.h"
#include "text/decode.h"
#include "text/reading.h"

/* A line without the blanks at its end, and without the end if it is soft. */
static size_t
add_line(char *p, struct span line)
{
	size_t end = line.len, text;

	if (end == 0 || line.p[end - 1] != '\n') {
		memcpy(p, line.p, line.len);
		return line.len;
	}
	end -= span_ends(line, "\r\n") ? 2 : 1;
	text = end;
	while (
	    text > 0 && (line.p[text - 1] == ' ' || line.p[text - 1] == '\t'))
		text--;
	memcpy(p, line.p, text);
	if (text > 0 && p[text - 1] == '=')
		return text - 1;
	memcpy(p + text, line.p + end, line.len - end);
	return text + line.len - end;
}

struct span
decode_quoted(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	size_t i, len = 0, end = 0;

	while (text.len > 0)
		len += add_line(p + len, span_line(&text));
	/* soft line breaks may stand between a sign and its digits */
	for (i = 0; i < len; i++) {
		if (p[i] == '=' && i + 2 < len && ascii_hex(p[i + 1]) >= 0 &&
		    ascii_hex(p[i + 2]) >= 0) {
			p[end++] = (char)(ascii_hex(p[i + 1]) << 4 |
					  ascii_hex(p[i + 2]));
			i += 2;
		} else {
			p[end++] = p[i];
		}
	}
	return (struct span){p, end};
}

/* Takes characters of base64 and padding together; returns whether padding
 * within them is zero. */
static bool
collect(struct span text, char *p, size_t *len)
{
	bool other = false;
	size_t i;
	char c;

	for (i = 0; i < text.len; i++) {
		c = text.p[i];
		if (transfer64_value(c) >= 0 || c == '=')
			p[(*len)++] = c;
		else
			other |= c != ' ' && (c < '\t' || c > '\r');
	}
	return !other && *len % 4 == 0;
}

struct span
decode_base64(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	size_t i, len = 0, end = 0;
	uint32_t bits = 0, padding;

	padding = collect(text, p, &len) ? 0 : 63;
	while (len > 0 && p[len - 1] == '=')
		len--;
	for (i = 0; i < len; i++) {
		bits =
		    bits << 6 |
		    (p[i] == '=' ? padding : (uint32_t)transfer64_value(p[i]));
		if (i % 4 == 0)
			continue;
		p[end++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	return (struct span){p, end};
}

/* Each CRLF of what was decoded becomes LF. */
static struct span
join_ends(struct span text)
{
	char *p = (char *)text.p;
	size_t i, len = 0;

	if (text.len == 0 || memchr(p, '\r', text.len) == NULL)
		return text;
	for (i = 0; i < text.len; i++) {
		if (p[i] == '\n' && len > 0 && p[len - 1] == '\r')
			len--;
		p[len++] = p[i];
	}
	return (struct span){p, len};
}

static bool
begins(const char *type, const char *word)
{
	size_t len = strlen(word);

	return strncmp(type, word, len) == 0 && type[len] != '_' &&
	       !isalnum((unsigned char)type[len]);
}

bool
reading_is_text(const char *type)
{
	return begins(type, "text") || begins(type, "message");
}

static struct span
cut(struct span octets, size_t max, bool *is_cut)
{
	*is_cut = octets.len > max;
	if (*is_cut)
		octets.len = max;
	return octets;
}

struct span
reading_decode(
    struct mail *mail, const struct mail_part *part, size_t max, bool *is_cut)
{
	const struct mail_field *field =
	    mail_last(&part->header, "content-transfer-encoding");
	struct span octets = part->octets;

	/* what is not asked for is not decoded; 8 is more than any encoding
	 * needs, but for white space */
	if (octets.len / 8 > max)
		octets.len = max * 8;
	if (field != NULL && span_iis(field->value, "quoted-printable"))
		octets = join_ends(decode_quoted(&mail->arena, octets));
	else if (field != NULL && span_iis(field->value, "base64")) {
		octets = decode_base64(&mail->arena, octets);
		if (reading_is_text(part->type))
			octets = join_ends(octets);
	}
	return cut(octets, max, is_cut);
}
