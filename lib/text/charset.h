/*
 * charset: text of any character set as UTF-8.
 */
#ifndef TEXT_CHARSET_H
#define TEXT_CHARSET_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* The octets as UTF-8, by the declared character set (p NULL if none) as long
 * as that can be: declared names are often wrong, and what is valid UTF-8 is
 * taken for that.  What cannot be converted stays as it is.  The result is the
 * octets themselves or lies in the arena. */
struct span charset_text(
    struct arena *arena, struct span octets, struct span declared);

/* Whether it is UTF-8 all through (RFC 3629). */
bool charset_is_utf8(struct span octets);

/* Takes one character off the front: its code point, or -1 if the octet begins
 * none, which is taken then.  text must not be empty. */
int32_t charset_take(struct span *text);

/* Appends a code point as UTF-8. */
void charset_add(struct buf *buf, uint32_t code);

#endif
