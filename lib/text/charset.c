#include "text/charset.h"
#include "text/convert.h"

bool
charset_is_ascii(struct span octets)
{
	size_t i;
	uint64_t word;

	for (i = 0; i + sizeof(word) <= octets.len; i += sizeof(word)) {
		memcpy(&word, octets.p + i, sizeof(word));
		if ((word & 0x8080808080808080) != 0)
			return false;
	}
	for (; i < octets.len; i++)
		if ((octets.p[i] & 0x80) != 0)
			return false;
	return true;
}

int32_t
charset_take(struct span *text)
{
	const unsigned char *p = (const unsigned char *)text->p;
	static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
	size_t more, i;
	int32_t code;

	if (p[0] < 0x80) {
		*text = span_from(*text, 1);
		return p[0];
	}
	more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || text->len <= more) {
		*text = span_from(*text, 1);
		return -1;
	}
	code = p[0] & (0x3f >> more);
	for (i = 1; i <= more && (p[i] & 0xc0) == 0x80; i++)
		code = code << 6 | (p[i] & 0x3f);
	if (i <= more || code < least[more] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff)) {
		*text = span_from(*text, 1);
		return -1;
	}
	*text = span_from(*text, more + 1);
	return code;
}

size_t
charset_put(char *p, uint32_t code)
{
	if (code < 0x80) {
		p[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		p[0] = (char)(0xc0 | code >> 6);
		p[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		p[0] = (char)(0xe0 | code >> 12);
		p[1] = (char)(0x80 | (code >> 6 & 0x3f));
		p[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	p[0] = (char)(0xf0 | (code >> 18 & 7));
	p[1] = (char)(0x80 | (code >> 12 & 0x3f));
	p[2] = (char)(0x80 | (code >> 6 & 0x3f));
	p[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

void
charset_add(struct buf *buf, uint32_t code)
{
	char octets[4];

	buf_add(buf, octets, charset_put(octets, code));
}

bool
charset_is_space(int32_t code)
{
	if (code <= ' ')
		return code == ' ' || (code >= '\t' && code <= '\r');
	if (code < 0x1680)
		return code == 0x85 || code == 0xa0;
	return code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
	       code == 0x2028 || code == 0x2029 || code == 0x202f ||
	       code == 0x205f || code == 0x3000;
}

bool
charset_is_utf8(struct span octets)
{
	if (charset_is_ascii(octets))
		return true;
	while (octets.len > 0)
		if (charset_take(&octets) == -1)
			return false;
	return true;
}

bool
charset_is_strict(struct span octets)
{
	struct span rest;
	int32_t code;
	size_t i = 0;

	while (i < octets.len) {
		if ((octets.p[i] & 0x80) == 0) {
			i++;
			continue;
		}
		rest = span_from(octets, i);
		code = charset_take(&rest);
		if (code == -1 || (code & 0xfffe) == 0xfffe ||
		    (code >= 0xfdd0 && code <= 0xfdef))
			return false;
		i = octets.len - rest.len;
	}
	return true;
}

static bool
is_digits(struct span text, size_t least, size_t most)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.len >= least && text.len <= most;
}

/* Without the blank or hyphen in front. */
static struct span
without_hyphen(struct span text)
{
	return span_starts(text, "-") || span_starts(text, " ")
		   ? span_from(text, 1)
		   : text;
}

static bool
is_us_ascii(struct span name)
{
	return span_iis(name, "US-ASCII") || span_iis(name, "ASCII");
}

/* Whether the first 128 characters of a set are ASCII. */
static bool
has_ascii(struct span name)
{
	static const char *const other[] = {"Big5", "GBK", "UTF8", "UTF-8",
	    "GB18030", "GB-18030", "ISO646-US", "ANSI X3.4-1968",
	    "ANSI_X3.4-1968", "ANSI_X3.4-1986"};
	struct span rest = name;
	size_t i;

	if (is_us_ascii(name))
		return true;
	for (i = 0; i < nitems(other); i++)
		if (span_iis(name, other[i]))
			return true;
	if (span_istarts(name, "windows-"))
		return is_digits(span_from(name, 8), 4, 4);
	if (span_istarts(name, "KOI8-") || span_istarts(name, "EUC-"))
		return name.len <= 7;
	if (!span_istarts(name, "ISO"))
		return false;
	rest = without_hyphen(span_from(rest, 3));
	if (!span_starts(rest, "8859"))
		return false;
	rest = span_from(rest, 4);
	return rest.len == 0 ||
	       (rest.p[0] == '-' && is_digits(span_from(rest, 1), 1, 2));
}

struct span
charset_text(struct arena *arena, struct span octets, struct span declared)
{
	struct span text = {NULL, 0};
	bool ascii = charset_is_ascii(octets);

	if (ascii && (declared.p == NULL || has_ascii(declared)))
		return octets;
	if (!ascii && charset_is_strict(octets))
		return octets;
	if (declared.p == NULL || is_us_ascii(declared))
		text.p = NULL;
	else if (span_istarts(declared, "UTF-16") ||
		 span_istarts(declared, "UTF16"))
		text = convert_utf16(arena, octets);
	else if (!span_iis(declared, "UTF-8"))
		text = convert_declared(arena, octets, declared, false);
	if (text.p != NULL)
		return text;
	return ascii ? octets : convert_cp1252(arena, octets, true);
}

struct span
charset_word(struct arena *arena, struct span octets, struct span declared)
{
	struct span text = {NULL, 0};
	bool ascii = charset_is_ascii(octets);

	if (octets.len == 0 || (ascii && has_ascii(declared)))
		return octets;
	if (span_istarts(declared, "UTF-16") || span_istarts(declared, "UTF16"))
		text = convert_utf16(arena, octets);
	else
		text = convert_declared(arena, octets, declared, true);
	if (text.p != NULL)
		return text;
	return ascii ? octets : convert_cp1252(arena, octets, true);
}
