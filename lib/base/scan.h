/*
 * scan: a cursor over octets that cannot run past their end.
 *
 * The first failed call sets `bad`, and every later call fails too and moves
 * nothing, so a parser reads straight on and asks scan_ok() once at the end.
 * A span that a call returns points into the scanned octets.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct scan {
	const char *p;
	const char *end;
	bool bad;
};

void scan_init(struct scan *scan, struct span text);

/* The next octet as 0..255 without taking it; -1 at the end or when bad. */
int scan_peek(const struct scan *scan);

/* Nothing failed and everything was taken. */
bool scan_ok(const struct scan *scan);

void scan_fail(struct scan *scan);

/* Take one octet, or a word in any case, if it is next; else return false and
 * leave the cursor where it is.  These do not set bad. */
bool scan_maybe(struct scan *scan, char c);
bool scan_maybe_word(struct scan *scan, const char *word);

/* Take what must come next; else bad. */
void scan_char(struct scan *scan, char c);
void scan_text(struct scan *scan, const char *text);

/* All octets up to c, which is taken and not returned; bad if there is no c. */
struct span scan_until(struct scan *scan, char c);

/* The longest run of octets for which is() holds; may be empty. */
struct span scan_while(struct scan *scan, bool (*is)(int c));

/* Everything that is left. */
struct span scan_rest(struct scan *scan);

/* A decimal number without sign or leading zeros, at most max; else bad. */
uint64_t scan_number(struct scan *scan, uint64_t max);

#endif
