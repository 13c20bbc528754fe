/*
 * charset: text of any character set as UTF-8.
 */
#ifndef TEXT_CHARSET_H
#define TEXT_CHARSET_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

#define CHARSET_REPLACEMENT 0xfffd /* for what is no character */

/* The octets as UTF-8, by the declared character set (p NULL if none) as long
 * as that can be: declared names are often wrong, and what is valid UTF-8 is
 * taken for that.  What cannot be so is taken for windows-1252.  The result is
 * the octets themselves or lies in the arena. */
struct span charset_text(
    struct arena *arena, struct span octets, struct span declared);

/* The same, but what is declared is believed, and what is no character in it
 * replaced: for encoded words. */
struct span charset_word(
    struct arena *arena, struct span octets, struct span declared);

bool charset_is_ascii(struct span octets);

/* Whether it is UTF-8 all through (RFC 3629). */
bool charset_is_utf8(struct span octets);

/* Whether it is that, without code points that are no characters (U+FFFF), as
 * the Encode module of Perl has it. */
bool charset_is_strict(struct span octets);

/* Takes one character off the front: its code point, or -1 if the octet begins
 * none, which is taken then.  text must not be empty. */
int32_t charset_take(struct span *text);

/* A code point as UTF-8, of 4 octets at most; returns how many. */
size_t charset_put(char *p, uint32_t code);

/* Appends it. */
void charset_add(struct buf *buf, uint32_t code);

/* White space of Unicode, as \s of Perl has it. */
bool charset_is_space(int32_t code);

#endif
