/*
 * span: octets that somebody else owns, as (pointer, length).
 *
 * What comes from mail is never a C string: it may hold NUL, and it need not
 * end in one.  Print a span with "%.*s" and SPAN_ARG().
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define nitems(array) (sizeof(array) / sizeof((array)[0]))

#define SPAN_ARG(span) (int)(span).len, (span).p

struct span {
	const char *p; /* may be NULL if len is 0 */
	size_t len;
};

static inline struct span
span_of(const char *cstr)
{
	return (struct span){cstr, strlen(cstr)};
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* Equal but for the case of ASCII letters. */
static inline bool
span_ieq(struct span a, struct span b)
{
	return a.len == b.len &&
	       (a.len == 0 || strncasecmp(a.p, b.p, a.len) == 0);
}

#endif
