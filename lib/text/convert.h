/*
 * convert: octets of a character set as UTF-8.
 *
 * What each of these makes lies in the arena, or is the octets themselves; p is
 * NULL if it cannot be.  repair: what is no character is replaced.
 */
#ifndef TEXT_CONVERT_H
#define TEXT_CONVERT_H

#include "base/arena.h"

/* By the name of a set. */
struct span convert_declared(
    struct arena *arena, struct span octets, struct span name, bool repair);

/* windows-1252, which is ISO-8859-1 with more characters. */
struct span convert_cp1252(
    struct arena *arena, struct span octets, bool repair);

/* UTF-16 without a mark of its order, which is told by where blanks and zeros
 * are. */
struct span convert_utf16(struct arena *arena, struct span octets);

#endif
