/*
 * ascii: what an octet is, whatever the locale; what is beyond ASCII is none of
 * these.  An octet may come as a char, of either sign, or as scan_peek() has
 * it, with -1 for none.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>

/* As span_trim() has it: space, tab, CR, LF, VT, FF. */
static inline bool
ascii_is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Of one line: space, tab. */
static inline bool
ascii_is_blank(int c)
{
	return c == ' ' || c == '\t';
}

static inline bool
ascii_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_is_lower(int c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
ascii_is_upper(int c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
ascii_is_alnum(int c)
{
	return ascii_is_digit(c) || ascii_is_lower(c) || ascii_is_upper(c);
}

/* \w of a pattern. */
static inline bool
ascii_is_word(int c)
{
	return ascii_is_alnum(c) || c == '_';
}

/* Of a hexadecimal digit; -1 if it is none. */
static inline int
ascii_hex(int c)
{
	if (ascii_is_digit(c))
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool
ascii_is_hex(int c)
{
	return ascii_hex(c) >= 0;
}

static inline char
ascii_lower(char c)
{
	return ascii_is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

#endif
