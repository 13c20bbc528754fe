#include "base/span.h"

#include "base/ascii.h"

bool
span_starts(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len && (len == 0 || memcmp(span.p, text, len) == 0);
}

bool
span_istarts(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len &&
	       (len == 0 || strncasecmp(span.p, text, len) == 0);
}

bool
span_ends(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len &&
	       span_starts(span_from(span, span.len - len), text);
}

bool
span_iends(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len &&
	       span_istarts(span_from(span, span.len - len), text);
}

bool
span_is(struct span span, const char *text)
{
	return span_eq(span, span_of(text));
}

bool
span_iis(struct span span, const char *text)
{
	return span_ieq(span, span_of(text));
}

const char *
span_find(struct span span, struct span text)
{
	const char *p;

	if (text.len == 0)
		return span.p;
	for (; span.len >= text.len; span = span_from(span, 1)) {
		p = memchr(span.p, text.p[0], span.len - text.len + 1);
		if (p == NULL)
			return NULL;
		span = span_from(span, (size_t)(p - span.p));
		if (memcmp(p, text.p, text.len) == 0)
			return p;
	}
	return NULL;
}

const char *
span_ifind(struct span span, struct span text)
{
	size_t i;

	for (i = 0; i + text.len <= span.len; i++)
		if (text.len == 0 ||
		    strncasecmp(span.p + i, text.p, text.len) == 0)
			return span.p + i;
	return NULL;
}

struct span
span_trim(struct span span)
{
	while (span.len > 0 && ascii_is_space(span.p[0]))
		span = span_from(span, 1);
	while (span.len > 0 && ascii_is_space(span.p[span.len - 1]))
		span.len--;
	return span;
}

struct span
span_from(struct span span, size_t at)
{
	if (at >= span.len)
		at = span.len;
	return at == 0 ? span : (struct span){span.p + at, span.len - at};
}

struct span
span_word(struct span *rest)
{
	struct span word;
	size_t len = 0;

	*rest = span_trim(*rest);
	while (len < rest->len && !ascii_is_space(rest->p[len]))
		len++;
	word = (struct span){rest->p, len};
	*rest = span_from(*rest, len);
	return word;
}

struct span
span_line(struct span *rest)
{
	const char *end =
	    rest->len > 0 ? memchr(rest->p, '\n', rest->len) : NULL;
	struct span line = *rest;

	if (end != NULL)
		line.len = (size_t)(end + 1 - line.p);
	*rest = span_from(*rest, line.len);
	return line;
}
