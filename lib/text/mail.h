/*
 * mail: one message taken apart, as the rules of spam-rules(5) look at it.
 *
 * A message of strangers is read as tolerantly as their readers read it, and
 * in the way in which SpamAssassin reads it, since rules are written and scored
 * by what that sees: which line ends a header, what a boundary is, which part
 * counts as text.  GMime's reading differs just where mail is broken, which is
 * what many rules are about.
 *
 * mail_read() takes the octets apart; the steps behind it add to the same
 * structure.  Nothing is ever changed by who looks at it.  All that is made
 * lies in the arena and lives until mail_reset(); the octets of the message
 * must live as long.
 *
 *	mail_read()    header, tree of parts      (this file)
 *	render()       texts, HTML                (text/render.h)
 *	relays_read()  who handed it to whom      (relay/relay.h)
 *	uris_find()    addresses of the web       (uri/uris.h)
 *
 * "Octets" are as they came; "text" is UTF-8, but for the lines of a message in
 * ASCII whose HTML refers to characters of ISO-8859-1 only: they are octets of
 * that (see render.c).
 * If the message's lines end in CRLF, the ends of lines are LF in everything
 * but `pristine`, `header` and `rest`.
 */
#ifndef TEXT_MAIL_H
#define TEXT_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

#define MAIL_PARTS_MAX 1000          /* of one multipart */
#define MAIL_ALL_PARTS_MAX 5000      /* of a message */
#define MAIL_DEPTH_MAX 20            /* parts in parts */
#define MAIL_FIELDS_MAX 10000        /* of a header */
#define MAIL_NAME_MAX 256            /* octets of a field's name */
#define MAIL_VALUE_MAX 8192          /* octets of its value */
#define MAIL_ALL_VALUES_MAX 65536    /* octets of a header */
#define MAIL_LINE_MAX 2048           /* octets of a line of text */
#define MAIL_DECODED_MAX (512 << 10) /* octets of a part, by default */

/* Lines, or other pieces of text in an order. */
struct text {
	struct span *lines;
	size_t count;
};

struct mail_field {
	struct span name;  /* as written; blanks at its end are taken off in
			      the header of a message, not of a part */
	struct span raw;   /* behind the colon: with blanks, folds, last LF;
			      of a part, without blanks in front */
	struct span value; /* unfolded, without blanks at its ends, encoded
			      words (RFC 2047) decoded, UTF-8 */
};

struct mail_header {
	struct mail_field *fields;
	size_t count;
};

struct html;

struct mail_part {
	struct mail_part *parent;
	struct mail_part *child; /* first of them */
	struct mail_part *next;  /* of the same parent */
	struct mail_header header;
	struct span octets; /* the body, still encoded */
	const char *type;   /* "text/html": lower case, without parameters; what
			       says nothing is text/plain, in a digest
			       message/rfc822 */
	const char *shown;  /* the same, but text/html if the file's name ends
			       so: as what it is rendered */
	struct span charset;  /* p NULL if none is declared; "us-ascii" if there
				 is no type at all */
	struct span name;     /* of its file; p NULL if none */
	struct span boundary; /* its own or that of what it is in; p NULL if
				 there is none */
	bool is_message;      /* its only child is a message's root */
	bool is_multipart;    /* it was taken apart, even if it holds none */

	/* made when they are asked for first */
	struct span decoded; /* transfer encoding undone, octets */
	bool is_decoded;
	bool is_cut; /* there was more of it than the limit */

	/* made by render() */
	bool is_rendered;     /* it is one that is shown: text or HTML */
	struct span rendered; /* text, before lines are joined */
	struct span visible;
	struct span invisible;
	struct html *html; /* what is known of it; NULL if it is none */
};

/* What is wrong with it: the first and MAIL_HEADER_CUT with the message itself,
 * the others also with messages in it. */
enum {
	MAIL_NO_BLANK_LINE = 1,      /* missing_head_body_separator */
	MAIL_NO_PART_BLANK_LINE = 2, /* missing_mime_head_body_separator */
	MAIL_NO_PART_HEADER = 4,     /* missing_mime_headers */
	MAIL_HEADER_CUT = 8,         /* truncated_header */
	MAIL_TOO_MANY_PARTS = 16,    /* mimepart_limit_exceeded */
	MAIL_EPILOGUE = 32,          /* mime_epilogue_exists */
	MAIL_NO_END = 64 /* mime_missing_boundary: a boundary that does not
			    open and end as often */
};

/* What is known from outside of the message: from the frame, see frame(5).  A
 * span with p NULL is not known. */
struct mail_envelope {
	struct span sender;  /* "" is <> */
	struct span client;  /* address, without the port */
	struct span helo;    /* what the client called itself */
	struct span lists;   /* the field "lists" of the frame */
	struct span auth;    /* the field "auth" of the frame */
	struct text rcpts;   /* addresses */
	int64_t received_at; /* seconds since 1970; 0: not known */
};

struct relays;
struct uris;

struct mail {
	struct arena arena;
	struct mail_envelope
	    envelope;       /* set after mail_reset() by the caller */
	size_t decoded_max; /* octets of a part that are decoded */
	int64_t now;        /* seconds since 1970 */

	/* by mail_read() */
	struct span pristine;  /* all of it, but for an mbox line */
	struct span header;    /* with the empty line */
	struct span rest;      /* the body as it came */
	struct mail_part root; /* its header is the message's */
	struct mail_part **leaves;
	size_t leaf_count; /* in the order of the message */
	unsigned flags;    /* MAIL_* */
	bool crlf;
	bool is_cut; /* something was left out somewhere */

	/* by render() */
	struct text body;      /* what is shown, visible or not, the subject
				  first: in lines of paragraphs, blanks joined */
	struct text visible;   /* without what HTML hides */
	struct text invisible; /* only that, without the subject */
	struct text rawbody;   /* decoded text parts in pieces, not rendered */
	struct html *html;     /* of the last part of HTML, or NULL */

	/* by relays_read() and uris_find() */
	struct relays *relays;
	struct uris *uris;
};

/* Makes an empty one, which a reset does again. */
void mail_init(struct mail *mail);
void mail_reset(struct mail *mail);
void mail_free(struct mail *mail);

/* Takes a message apart.  It never fails: anything is a message. */
void mail_read(struct mail *mail, struct span octets);

/* The body of a leaf with its transfer encoding undone, at most
 * mail->decoded_max octets. */
struct span mail_decode(struct mail *mail, struct mail_part *part);

/* The first and the last field of that name in a header; NULL if none. */
const struct mail_field *mail_first(
    const struct mail_header *header, const char *name);
const struct mail_field *mail_last(
    const struct mail_header *header, const char *name);

/* Walks the fields of that name from *at on, which starts as 0. */
const struct mail_field *mail_next(
    const struct mail_header *header, const char *name, size_t *at);

#endif
