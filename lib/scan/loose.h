/*
 * loose: base64, uuencode and yEnc in a message wherever they stand, whoever
 * would say that it is an attachment.
 *
 * Which octets of a message are an attachment depends on boundaries,
 * parameters, comments and escapes that every program reads differently, and
 * the one that shows the mail may see what the scanner did not.  What cannot
 * be hidden is the encoded text itself: lines of base64, one after the other.
 * Signatures in headers (DKIM, ARC), which are such lines, too, are left out.
 */
#ifndef SCAN_LOOSE_H
#define SCAN_LOOSE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* Octets of base64 that are worth decoding.  Most shorter runs are digests,
 * numbers of messages and words; the EICAR test file has 92. */
#define LOOSE_MIN 80

/* Decodes the next run from *at on, which starts as 0, into octets (emptied
 * first; what has no room is left out, and octets->full is set then).  False if
 * there is none any more. */
bool loose_next(struct span mail, size_t *at, struct buf *octets);

#endif
