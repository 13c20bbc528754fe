/*
 * mimefacts: what rules ask about the parts of a message and how they are
 * encoded, counted in one walk.
 */
#ifndef EVAL_MIMEFACTS_H
#define EVAL_MIMEFACTS_H

#include "base/buf.h"
#include "text/mail.h"

#define MIME_CHARSETS_MAX 4096 /* octets of all their names */

/* Named as check_for_mime() of rules calls them, see mime_fact(). */
enum mime_fact {
	MIME_ASCII_TEXT_ILLEGAL,
	MIME_ATTACHMENT,
	MIME_BAD_ISO_CHARSET,
	MIME_BASE64_COUNT,
	MIME_BASE64_ENCODED_TEXT,
	MIME_BODY_HTML_COUNT,
	MIME_BODY_TEXT_COUNT,
	MIME_FARAWAY_CHARSET,
	MIME_MISSING_BOUNDARY,
	MIME_MULTIPART_ALTERNATIVE,
	MIME_MULTIPART_RATIO, /* text to HTML of the last of each */
	MIME_QP_BYTES,        /* in quoted-printable parts */
	MIME_QP_COUNT,        /* parts, or what is needlessly encoded in them */
	MIME_QP_LONG_LINE,
	MIME_QP_RATIO,
	MIME_TEXT_UNICODE_RATIO, /* of "&#xHHHH;" in plain text */
	MIME_FACTS
};

struct mimefacts {
	double values[MIME_FACTS];
	struct buf charsets; /* names with blanks between them */
};

/* Which one that name is of; -1 if none. */
int mimefacts_find(struct span name);

/* Takes them; locales: what ok_locales says. */
void mimefacts_take(
    struct mimefacts *facts, struct mail *mail, struct span locales);

#endif
