#include <ctype.h>

#include "text/box.h"

bool
box_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span
box_skip(struct span rest)
{
	while (rest.len > 0 && box_is_blank(rest.p[0]))
		rest = span_from(rest, 1);
	return rest;
}

struct span
box_upto(struct span from, struct span rest)
{
	from.len -= rest.len;
	return from;
}

bool
box_between(struct span *rest, char open, char close, struct span *inner)
{
	size_t i = 1;

	if (rest->len == 0 || rest->p[0] != open)
		return false;
	while (i < rest->len && rest->p[i] != close) {
		if (rest->p[i] == open)
			return false;
		i += rest->p[i] == '\\' ? 2 : 1;
	}
	if (i >= rest->len)
		return false;
	*inner = (struct span){rest->p + 1, i - 1};
	*rest = span_from(*rest, i + 1);
	return true;
}

bool
box_while(struct span *rest, const char * not, bool blanks)
{
	size_t i = 0;

	while (i < rest->len &&
	       (rest->p[i] == '\0' || strchr(not, rest->p[i]) == NULL) &&
	       (blanks || !box_is_blank(rest->p[i])))
		i++;
	*rest = span_from(*rest, i);
	return i > 0;
}

static bool
take_domain(struct span *rest)
{
	size_t i = 1;

	if (box_while(rest, "\"<>()[],:;", false))
		return true;
	if (rest->len == 0 || rest->p[0] != '[')
		return false;
	while (i < rest->len && (isdigit((unsigned char)rest->p[i]) ||
				    rest->p[i] == ':' || rest->p[i] == '.'))
		i++;
	if (i == 1 || i == rest->len || rest->p[i] != ']')
		return false;
	*rest = span_from(*rest, i + 1);
	return true;
}

bool
box_address(struct span *rest)
{
	struct span try = *rest, inner;

	if (!box_between(&try, '"', '"', &inner) || try.len == 0 ||
	    try.p[0] != '@') {
		try = *rest;
		if (!box_while(&try, "@<>()[],:;", false) || try.len == 0 ||
		    try.p[0] != '@')
			return false;
	}
	try = span_from(try, 1);
	if (!take_domain(&try))
		return false;
	*rest = try;
	return true;
}

bool
box_is_address(struct span text)
{
	return box_address(&text) && text.len == 0;
}

struct span
box_without_comments(struct arena *arena, struct span text)
{
	struct span inner;
	size_t len = 0;
	char *p;

	if (text.len == 0 || memchr(text.p, '(', text.len) == NULL)
		return text;
	p = arena_alloc(arena, text.len + 1);
	while (text.len > 0) {
		if (box_between(&text, '(', ')', &inner))
			continue;
		p[len++] = text.p[0];
		text = span_from(text, 1);
	}
	return (struct span){p, len};
}

struct span
box_phrase(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	struct span inner, begin;
	size_t i, len = 0;

	while (text.len > 0) {
		begin = text;
		if (box_between(&text, '"', '"', &inner)) {
			for (i = 0; i < inner.len; i++)
				if (inner.p[i] != '\\')
					p[len++] = inner.p[i];
			continue;
		}
		if (!box_while(&text, "\"", true))
			text = span_from(text, 1);
		inner = box_without_comments(arena, box_upto(begin, text));
		memcpy(p + len, inner.p, inner.len);
		len += inner.len;
	}
	return (struct span){p, len};
}

bool
box_is_quoted_well(struct span address)
{
	size_t i, count = 0;

	for (i = 0; i < address.len; i++)
		count += address.p[i] == '"';
	return count != 1 && !span_starts(address, "\"\"@");
}

struct span
box_first(struct span address)
{
	const char *at = memchr(address.p, '@', address.len);
	struct span rest;

	if (at == NULL)
		return address;
	rest = span_from(address, (size_t)(at - address.p) + 1);
	at = memchr(rest.p, '@', rest.len);
	return at == NULL
		   ? address
		   : box_upto(address, span_from(rest, (size_t)(at - rest.p)));
}
