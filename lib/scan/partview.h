/*
 * partview: what GMime is shown of a message, between parts.c and itself.
 *
 * A copy with nothing in it but what tells where the parts are: the lines that
 * may be boundaries, empty ones, and three fields of headers.  All other lines
 * are blotted out, for GMime spends 600 octets of memory on each field, some
 * minutes on a single one of 1 MB (encoded words or addresses that do not end),
 * and trust on all of them.  Nothing moves: the parts are taken from the
 * message itself, at the places that GMime finds in the copy.
 *
 * It also mends what GMime, but not every reader, stumbles over: a first line
 * that is no field, and a comment between the name of a field and its colon.
 */
#ifndef SCAN_PARTVIEW_H
#define SCAN_PARTVIEW_H

#include <stdbool.h>

#include "base/span.h"

#define PARTVIEW_DASHES_MAX 50000 /* lines that may be a boundary */
#define PARTVIEW_FIELDS_MAX 20000 /* fields that are shown */
#define PARTVIEW_FIELD_MAX 8192   /* octets of one */
#define PARTVIEW_WORDS_MAX 200    /* encoded words (RFC 2047) in one */

/* The copy has a line in front that is not in the message. */
#define PARTVIEW_SHIFT 3

/* Makes the copy, of mail.len + PARTVIEW_SHIFT octets; the caller frees it.
 * NULL if there is more of something than the limits allow. */
char *partview_make(struct span mail);

/* Takes a line with its end from the text: LF, CR LF or CR.  The line is
 * without it. */
struct span partview_line(struct span *text);

/* The name of the field that a line begins, or none.  A comment in front of the
 * colon is no part of it. */
struct span partview_field(struct span line);

#endif
