/*
 * transfer: what the encodings of mail for binary data stand for.
 *
 * These are for looking at a message, and so as tolerant as the most tolerant
 * readers of mail: what cannot be decoded is passed over, and nothing is an
 * error.  What is decoded is added to the buffer, as far as that has room; it
 * is never longer than the text.
 */
#ifndef MAIL_TRANSFER_H
#define MAIL_TRANSFER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* A group of four of base64 that is not complete. */
struct transfer64 {
	uint32_t bits;
	unsigned count;
};

extern const unsigned char transfer64_values[256];

/* The six bits that an octet stands for in base64; -1 if none. */
static inline int
transfer64_value(char c)
{
	return transfer64_values[(unsigned char)c] - 1;
}

/* Base64 in pieces.  Padding ends a group; what follows begins a new one. */
void transfer64_add(
    struct transfer64 *group, struct span text, struct buf *octets);
/* The end of the text, which may come without padding. */
void transfer64_end(struct transfer64 *group, struct buf *octets);

/* Base64, RFC 2045, 6.8, with other characters in it and no need for padding,
 * or padding in many places. */
void transfer_base64(struct span text, struct buf *octets);

/* Quoted-printable, RFC 2045, 6.7; digits in any case, and lines of any
 * length.  A soft line break may have blanks behind its '='. */
void transfer_quoted(struct span text, struct buf *octets);

/* Lines of uuencode, from behind "begin MODE NAME" to "end", see POSIX.  What
 * stands in front and behind is left out. */
void transfer_uu(struct span text, struct buf *octets);

/* yEnc, from behind "=ybegin ..." to "=yend ...".  What stands in front and
 * behind is left out. */
void transfer_yenc(struct span text, struct buf *octets);

#endif
