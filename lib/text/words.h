/*
 * words: values of header fields as text.
 */
#ifndef TEXT_WORDS_H
#define TEXT_WORDS_H

#include "base/arena.h"

/* An unfolded value as UTF-8, with its encoded words (RFC 2047) decoded, but
 * for fields that have none: Received, Message-ID, Date, List-* and the like.
 * The result is value itself or lies in the arena. */
struct span words_decode(
    struct arena *arena, struct span name, struct span value);

/* Content-Type taken apart (RFC 2045, 5.1), tolerantly. */
struct content_type {
	const char *type;     /* "text/plain" if there is none */
	struct span boundary; /* p NULL if there is none; as are these */
	struct span charset;
	struct span name;
	bool missing; /* there was no type at all */
};

void words_content_type(
    struct arena *arena, struct span value, struct content_type *type);

/* The addresses of a field like From, To (RFC 5322, 3.4), tolerantly. */
struct mailbox {
	struct span address; /* p NULL if it is none */
	struct span phrase;  /* the name of it, or a comment, still encoded;
				p NULL if there is none */
};

/* Takes the raw value of a field apart.  Returns how many there are, at most
 * max, in list (in the arena). */
size_t words_mailboxes(
    struct arena *arena, struct span raw, size_t max, struct mailbox **list);

#endif
