#include <errno.h>
#include <iconv.h>
#include <stdio.h>

#include "text/charset.h"

#define NAME_MAX_LEN 40 /* of a character set that is worth to be looked for \
			 */
#define OPEN_MAX_SETS 16

/* Converters stay open, since opening one reads files. */
static struct converter {
	char name[NAME_MAX_LEN + 1];
	iconv_t cd; /* (iconv_t)-1 if there is no such set */
} converters[OPEN_MAX_SETS];
static unsigned next_converter;

/* What 0x80 to 0x9f are in windows-1252; 0 are none. */
static const uint16_t cp1252[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026,
    0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
    0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122,
    0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178};

static bool
is_ascii(struct span octets)
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

/* A code point as UTF-8; returns its length. */
static size_t
put(char *p, uint32_t code)
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

	buf_add(buf, octets, put(octets, code));
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
	if (is_ascii(octets))
		return true;
	while (octets.len > 0)
		if (charset_take(&octets) == -1)
			return false;
	return true;
}

/* The same without code points that are no characters, which the Encode module
 * of Perl takes for mistakes. */
static bool
is_strict_utf8(struct span octets)
{
	int32_t code;

	while (octets.len > 0) {
		code = charset_take(&octets);
		if (code == -1 || (code & 0xfffe) == 0xfffe ||
		    (code >= 0xfdd0 && code <= 0xfdef))
			return false;
	}
	return true;
}

/* UTF-8 with each sequence that is none replaced, however long it claims to
 * be. */
static struct span
repair_utf8(struct arena *arena, struct span octets)
{
	char *p = arena_alloc(arena, 3 * octets.len + 1);
	struct span character;
	size_t len = 0, more;
	unsigned char first;

	while (octets.len > 0) {
		character = octets;
		charset_take(&octets);
		character.len -= octets.len;
		if (is_strict_utf8(character)) {
			memcpy(p + len, character.p, character.len);
			len += character.len;
			continue;
		}
		first = (unsigned char)character.p[0];
		more = first < 0xc0   ? 0
		       : first < 0xe0 ? 1
		       : first < 0xf0 ? 2
		       : first < 0xf8 ? 3
		       : first < 0xfc ? 4
		       : first < 0xfe ? 5
				      : 0;
		if (character.len == 1)
			for (; more > 0 && octets.len > 0 &&
			       (octets.p[0] & 0xc0) == 0x80;
			     more--)
				octets = span_from(octets, 1);
		len += put(p + len, CHARSET_REPLACEMENT);
	}
	return (struct span){p, len};
}

/* windows-1252, which is ISO-8859-1 with more characters.  Empty with p NULL if
 * it has what is none in it; unless repair is set, for then it is replaced. */
static struct span
from_cp1252(struct arena *arena, struct span octets, bool repair)
{
	char *p = arena_alloc(arena, 3 * octets.len + 1);
	size_t i, len = 0;
	unsigned code;

	for (i = 0; i < octets.len; i++) {
		code = (unsigned char)octets.p[i];
		if (code >= 0x80 && code < 0xa0)
			code = cp1252[code - 0x80];
		if (code == 0 && octets.p[i] != 0) {
			if (!repair)
				return (struct span){NULL, 0};
			code = CHARSET_REPLACEMENT;
		}
		len += put(p + len, code);
	}
	return (struct span){p, len};
}

/* Whether it can be a name for iconv(3), which knows more than names. */
static bool
is_name(struct span name)
{
	size_t i;
	char c;

	for (i = 0; i < name.len; i++) {
		c = name.p[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= 'a' && c <= 'z') && strchr("-_.:+", c) == NULL)
			return false;
	}
	return name.len > 0 && name.len <= NAME_MAX_LEN;
}

/* An open converter to UTF-8; (iconv_t)-1 if the set is not known. */
static iconv_t
converter(struct span name)
{
	struct converter *found;
	size_t i;

	if (!is_name(name))
		return (iconv_t)-1;
	for (i = 0; i < nitems(converters); i++)
		if (span_iis(name, converters[i].name))
			return converters[i].cd;
	found = &converters[next_converter++ % nitems(converters)];
	if (found->name[0] != '\0' && found->cd != (iconv_t)-1)
		iconv_close(found->cd);
	snprintf(found->name, sizeof(found->name), "%.*s", SPAN_ARG(name));
	found->cd = iconv_open("UTF-8", found->name);
	return found->cd;
}

/* By iconv(3); p NULL if it cannot be done. */
static struct span
convert(struct arena *arena, struct span octets, iconv_t cd, bool repair)
{
	size_t room = 4 * octets.len + 16, left = octets.len;
	char *out, *begin, *in = (char *)octets.p;

	if (cd == (iconv_t)-1)
		return (struct span){NULL, 0};
	begin = out = arena_alloc(arena, room);
	iconv(cd, NULL, NULL, NULL, NULL);
	while (iconv(cd, &in, &left, &out, &room) == (size_t)-1) {
		if (!repair || errno == E2BIG || room < 16)
			return (struct span){NULL, 0};
		size_t len = put(out, CHARSET_REPLACEMENT);

		out += len;
		room -= len;
		in++;
		if (--left == 0)
			break;
	}
	iconv(cd, NULL, NULL, &out, &room);
	return (struct span){begin, (size_t)(out - begin)};
}

/* UTF-16 without a mark of its order: by where blanks and zeros are.  p NULL if
 * it cannot be told. */
static struct span
from_utf16(struct arena *arena, struct span octets)
{
	size_t i, little = 0, big = 0, even = 0, odd = 0;
	unsigned char a, b;

	if (span_starts(octets, "\xff\xfe") || span_starts(octets, "\xfe\xff"))
		return (struct span){NULL, 0};
	for (i = 0; i < octets.len; i += 2) {
		a = (unsigned char)octets.p[i];
		b = i + 1 < octets.len ? (unsigned char)octets.p[i + 1] : 0;
		even += (a >> 4) + (a & 15);
		odd += (b >> 4) + (b & 15);
		little += a == ' ' && b == 0;
		big += a == 0 && b == ' ';
	}
	little += even > 4 * odd;
	big += 4 * odd > even;
	if (little == big)
		return (struct span){NULL, 0};
	return convert(arena, octets,
	    converter(span_of(little > big ? "UTF-16LE" : "UTF-16BE")), false);
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
is_latin1(struct span name)
{
	return span_iis(name, "ISO-8859-1") || span_iis(name, "ISO8859-1") ||
	       span_iis(name, "windows-1252") || span_iis(name, "CP1252");
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

/* What iconv(3) calls what others call so. */
static struct span
known_name(struct span name)
{
	static const struct {
		const char *name;
		const char *known;
	} names[] = {{"ks_c_5601-1987", "CP949"}, {"euc-kr", "CP949"},
	    {"gb2312", "GBK"}, {"euc-cn", "GBK"}, {"x-gbk", "GBK"},
	    {"shift_jis", "CP932"}, {"sjis", "CP932"}, {"x-sjis", "CP932"},
	    {"x-big5", "BIG5"}, {"hz-gb-2312", "GBK"},
	    {"unicode-1-1-utf-7", "UTF-7"}, {"tis-620", "ISO-8859-11"}};
	size_t i;

	name = span_trim(name);
	for (i = 0; i < nitems(names); i++)
		if (span_iis(name, names[i].name))
			return span_of(names[i].known);
	return name;
}

/* By what is declared; p NULL if that cannot be. */
static struct span
by_declared(
    struct arena *arena, struct span octets, struct span declared, bool repair)
{
	struct span name;

	if (is_latin1(declared))
		return from_cp1252(arena, octets, repair);
	name = known_name(declared);
	if (span_iis(name, "UTF-8") || span_iis(name, "UTF8")) {
		if (is_strict_utf8(octets))
			return octets;
		return repair ? repair_utf8(arena, octets)
			      : (struct span){NULL, 0};
	}
	return convert(arena, octets, converter(name), repair);
}

struct span
charset_text(struct arena *arena, struct span octets, struct span declared)
{
	struct span text = {NULL, 0};
	bool ascii = is_ascii(octets);

	if (ascii && (declared.p == NULL || has_ascii(declared)))
		return octets;
	if (!ascii && is_strict_utf8(octets))
		return octets;
	if (declared.p == NULL || is_us_ascii(declared))
		text.p = NULL;
	else if (span_istarts(declared, "UTF-16") ||
		 span_istarts(declared, "UTF16"))
		text = from_utf16(arena, octets);
	else if (!span_iis(declared, "UTF-8"))
		text = by_declared(arena, octets, declared, false);
	if (text.p != NULL)
		return text;
	return ascii ? octets : from_cp1252(arena, octets, true);
}

struct span
charset_word(struct arena *arena, struct span octets, struct span declared)
{
	struct span text = {NULL, 0};
	bool ascii = is_ascii(octets);

	if (octets.len == 0 || (ascii && has_ascii(declared)))
		return octets;
	if (span_istarts(declared, "UTF-16") || span_istarts(declared, "UTF16"))
		text = from_utf16(arena, octets);
	else
		text = by_declared(arena, octets, declared, true);
	if (text.p != NULL)
		return text;
	return ascii ? octets : from_cp1252(arena, octets, true);
}
