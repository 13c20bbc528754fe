#include <errno.h>
#include <iconv.h>
#include <stdio.h>

#include "text/charset.h"
#include "text/convert.h"

#define NAME_LEN_MAX 40 /* of a character set that is looked for */
#define OPEN_SETS_MAX 16

/* Converters stay open, since opening one reads files. */
static struct converter {
	char name[NAME_LEN_MAX + 1];
	iconv_t cd; /* (iconv_t)-1 if there is no such set */
} converters[OPEN_SETS_MAX];
static unsigned next_converter;

/* What 0x80 to 0x9f are in windows-1252; 0 are none. */
static const uint16_t cp1252[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026,
    0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
    0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122,
    0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178};

/* How many octets should follow this one; more than in RFC 3629, since Perl
 * knows longer sequences. */
static size_t
claimed(unsigned char first)
{
	size_t more;

	if (first == 0xff)
		return 12;
	for (more = 0; (first & 0x40) != 0; first = (unsigned char)(first << 1))
		more++;
	return more;
}

/* UTF-8 with each sequence that is none replaced, as far as it goes on. */
static struct span
repair_utf8(struct arena *arena, struct span octets)
{
	char *p = arena_alloc(arena, 3 * octets.len + 1);
	struct span character;
	size_t len = 0, more;

	while (octets.len > 0) {
		character = octets;
		charset_take(&octets);
		character.len -= octets.len;
		if (charset_is_strict(character)) {
			memcpy(p + len, character.p, character.len);
			len += character.len;
			continue;
		}
		more = character.len == 1
			   ? claimed((unsigned char)character.p[0])
			   : 0;
		for (;
		     more > 0 && octets.len > 0 && (octets.p[0] & 0xc0) == 0x80;
		     more--)
			octets = span_from(octets, 1);
		len += charset_put(p + len, CHARSET_REPLACEMENT);
	}
	return (struct span){p, len};
}

struct span
convert_cp1252(struct arena *arena, struct span octets, bool repair)
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
		len += charset_put(p + len, code);
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
	return name.len > 0 && name.len <= NAME_LEN_MAX;
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

/* By iconv(3).  A character that is not complete at the end is left out. */
static struct span
convert(struct arena *arena, struct span octets, iconv_t cd, bool repair)
{
	size_t room = 4 * octets.len + 16, left = octets.len, len;
	char *out, *begin, *in = (char *)octets.p;

	if (cd == (iconv_t)-1)
		return (struct span){NULL, 0};
	begin = out = arena_alloc(arena, room);
	iconv(cd, NULL, NULL, NULL, NULL);
	while (iconv(cd, &in, &left, &out, &room) == (size_t)-1) {
		if (errno == EINVAL)
			break;
		if (!repair || errno == E2BIG || room < 16)
			return (struct span){NULL, 0};
		len = charset_put(out, CHARSET_REPLACEMENT);
		out += len;
		room -= len;
		in++;
		left--;
	}
	iconv(cd, NULL, NULL, &out, &room);
	return (struct span){begin, (size_t)(out - begin)};
}

struct span
convert_utf16(struct arena *arena, struct span octets)
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
is_latin1(struct span name)
{
	return span_iis(name, "ISO-8859-1") || span_iis(name, "ISO8859-1") ||
	       span_iis(name, "windows-1252") || span_iis(name, "CP1252");
}

/* The number of a code page behind some word; empty if it is none. */
static struct span
page_number(struct span name)
{
	static const char *const words[] = {"cp", "ibm", "ms", "windows"};
	size_t i, digits;

	for (i = 0; i < nitems(words) && !span_istarts(name, words[i]);)
		i++;
	if (i == nitems(words))
		return (struct span){NULL, 0};
	name = span_from(name, strlen(words[i]));
	if (name.len > 0 && strchr("-_ ", name.p[0]) != NULL)
		name = span_from(name, 1);
	for (digits = 0; digits < name.len; digits++)
		if (name.p[digits] < '0' || name.p[digits] > '9')
			return (struct span){NULL, 0};
	return name;
}

/* Names as they are written, and as iconv(3) has them. */
static void
known_name(struct span name, char known[NAME_LEN_MAX + 1])
{
	static const struct {
		const char *name;
		const char *known;
	} names[] = {{"ks_c_5601-1987", "CP949"}, {"shift_jis", "SJIS"},
	    {"x-sjis", "SJIS"}, {"windows-31j", "CP932"}, {"x-big5", "BIG5"},
	    {"hz-gb-2312", "GB2312"}, {"unicode-1-1-utf-7", "UTF-7"},
	    {"utf8", "UTF-8"}, {"x-utf8", "UTF-8"}, {"utf_8", "UTF-8"},
	    {"tis-620", "ISO-8859-11"}, {"gb18030", "GBK"}};
	struct span page;
	size_t i;

	name = span_trim(name);
	page = page_number(name);
	for (i = 0; i < nitems(names); i++)
		if (span_iis(name, names[i].name))
			name = span_of(names[i].known);
	/* often with more behind it */
	if (span_ifind(name, span_of("GB2312")) != NULL)
		name = span_of("GB2312");
	if (name.len > NAME_LEN_MAX)
		name.len = 0;
	snprintf(known, NAME_LEN_MAX + 1, "%s%.*s", page.len > 0 ? "CP" : "",
	    SPAN_ARG(page.len > 0 ? page : name));
}

struct span
convert_declared(
    struct arena *arena, struct span octets, struct span declared, bool repair)
{
	char name[NAME_LEN_MAX + 1];

	if (is_latin1(declared))
		return convert_cp1252(arena, octets, repair);
	known_name(declared, name);
	if (!span_iis(span_of(name), "UTF-8"))
		return convert(arena, octets, converter(span_of(name)), repair);
	if (charset_is_strict(octets))
		return octets;
	return repair ? repair_utf8(arena, octets) : (struct span){NULL, 0};
}
