/*
 * decode: transfer encodings as SpamAssassin undoes them, of a body (RFC 2045)
 * or of an encoded word (RFC 2047).
 *
 * What scanners for viruses use is in mail/transfer.h: that reads as the most
 * tolerant reader of mail does; this one as the rules' authors saw it.  The
 * results lie in the arena.
 */
#ifndef TEXT_DECODE_H
#define TEXT_DECODE_H

#include "base/arena.h"

/* Quoted-printable; digits in any case.  Blanks at the end of a line are left
 * out. */
struct span decode_quoted(struct arena *arena, struct span text);

/* Base64.  Other characters are left out.  Padding in the middle is a zero, or
 * if there were other characters or the length is wrong, a 63. */
struct span decode_base64(struct arena *arena, struct span text);

#endif
