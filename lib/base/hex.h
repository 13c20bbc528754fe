/*
 * hex: octets as hexadecimal digits in lower case, as ids and digests have
 * them: one spelling only, so that they can be compared as texts.
 */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>

#include "base/span.h"

/* Whether a text is such digits, as many as that. */
bool hex_is(struct span text, size_t digits);

/* Writes two digits an octet, and no NUL.  Returns how many. */
size_t hex_put(char *text, const void *octets, size_t len);

/* The octets of a text; false if it is anything else than digits of so many,
 * and then the octets are nothing in particular. */
bool hex_take(struct span text, void *octets, size_t len);

#endif
