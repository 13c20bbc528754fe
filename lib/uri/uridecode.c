/*
 * uridecode: octets that are written as something else.
 */
#include <stdio.h>

#include "base/ascii.h"
#include "uri/urireading.h"

static unsigned
hex_value(char c)
{
	return (unsigned)ascii_hex(c);
}

/* A %xx that stands for an octet which an address could have as it is. */
static bool
is_needless(const char *p)
{
	unsigned octet = hex_value(p[1]) << 4 | hex_value(p[2]);

	return octet > ' ' && octet < 0x7f;
}

static bool
must_be_encoded(unsigned char c)
{
	return c <= ' ' || c >= 0x7f || strchr("\"%<>", c) != NULL;
}

static bool
has_percent(struct span uri)
{
	size_t i;

	for (i = 0; i + 2 < uri.len; i++)
		if (uri.p[i] == '%' && ascii_is_hex(uri.p[i + 1]) &&
		    ascii_is_hex(uri.p[i + 2]))
			return true;
	return false;
}

struct span
uri_decode(struct arena *arena, struct span uri)
{
	char *p, *end;
	size_t i;

	if (!has_percent(uri))
		return uri;
	p = end = arena_alloc(arena, 3 * uri.len + 1);
	for (i = 0; i < uri.len; i++)
		if (uri.p[i] == '%' && uri.len - i > 2 &&
		    ascii_is_hex(uri.p[i + 1]) && ascii_is_hex(uri.p[i + 2])) {
			if (is_needless(uri.p + i))
				*end++ = (char)(hex_value(uri.p[i + 1]) << 4 |
						hex_value(uri.p[i + 2]));
			else {
				memcpy(end, uri.p + i, 3);
				end += 3;
			}
			i += 2;
		} else if (must_be_encoded((unsigned char)uri.p[i]))
			end +=
			    snprintf(end, 4, "%%%02x", (unsigned char)uri.p[i]);
		else
			*end++ = uri.p[i];
	return (struct span){p, (size_t)(end - p)};
}

enum entity { DECIMAL, HEX, DOT };

/* The character that the octets between "&#" and ";" stand for; 0 if it is none
 * that is put right. */
static char
entity_char(struct span text, enum entity kind)
{
	static const char *const dots[] = {
	    "x2e", "12290", "x3002", "65294", "xff0e", "65377", "xff61"};
	unsigned value = 0;
	size_t i;

	for (i = 0; i < nitems(dots) && kind == DOT; i++)
		if (span_iis(text, dots[i]))
			return '.';
	if (kind == DOT || (kind == HEX && !span_starts(text, "x")))
		return 0;
	text = span_from(text, kind == HEX ? 1 : 0);
	while (text.len > 0 && text.p[0] == '0')
		text = span_from(text, 1);
	for (i = 0; i < text.len && i < 4; i++) {
		if (!ascii_is_hex(text.p[i]) ||
		    (kind == DECIMAL && !ascii_is_digit(text.p[i])))
			return 0;
		value = value * (kind == HEX ? 16 : 10) + hex_value(text.p[i]);
	}
	/* 0x2a to 0x2f stay what they are, as they do there */
	if (value <= ' ' || value >= 0x7f ||
	    (kind == HEX && value >= 0x2a && value <= 0x2f))
		return 0;
	return (char)value;
}

static struct span
undo_entities(struct arena *arena, struct span uri, enum entity kind)
{
	char *p = arena_alloc(arena, uri.len + 1), *end = p;
	struct span rest;
	size_t i, len;
	char c;

	for (i = 0; i < uri.len; i++) {
		rest = span_from(uri, i);
		if (span_starts(rest, "&#")) {
			rest = span_from(rest, 2);
			len = uri_until(rest, ";&");
			rest.len = len;
			if (i + 2 + len < uri.len &&
			    uri.p[i + 2 + len] == ';' &&
			    (c = entity_char(rest, kind)) != 0) {
				*end++ = c;
				i += 2 + len;
				continue;
			}
		}
		*end++ = uri.p[i];
	}
	return (struct span){p, (size_t)(end - p)};
}

struct span
uri_undo_entities(struct arena *arena, struct span uri)
{
	if (span_find(uri, span_of("&#")) == NULL)
		return uri;
	uri = undo_entities(arena, uri, DECIMAL);
	uri = undo_entities(arena, uri, HEX);
	return undo_entities(arena, uri, DOT);
}
