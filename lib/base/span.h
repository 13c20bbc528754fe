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

/* In these a text is looked for as it is, or (i) but for the case of ASCII
 * letters. */
bool span_starts(struct span span, const char *text);
bool span_istarts(struct span span, const char *text);
bool span_ends(struct span span, const char *text);
bool span_iends(struct span span, const char *text);
bool span_is(struct span span, const char *text);
bool span_iis(struct span span, const char *text);

/* Where it is first, or NULL. */
const char *span_find(struct span span, struct span text);
const char *span_ifind(struct span span, struct span text);

/* Without the blanks (space, tab, CR, LF, VT, FF) at both ends. */
struct span span_trim(struct span span);

/* From that octet on; empty if it has not so many. */
struct span span_from(struct span span, size_t at);

/* Cuts off what stands before the next blank (of those above), with the blanks
 * in front of it.  Empty when there is nothing left. */
struct span span_word(struct span *rest);

/* Cuts off the first line, with its LF if it has one. */
struct span span_line(struct span *rest);

#endif
