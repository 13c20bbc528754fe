/*
 * text: the octets of a message as they cross the wire, taken out of DATA
 * (RFC 5321 4.5.2) and BDAT (RFC 3030).
 */
#ifndef SMTP_TEXT_H
#define SMTP_TEXT_H

#include "smtp/session.h"

enum text_result {
	TEXT_MORE, /* all input taken */
	TEXT_END,  /* CRLF "." CRLF was taken */
	TEXT_BARE  /* a CR without LF, or an LF without CR */
};

/* Takes octets of *in (*len of them) and moves *in and *len past what was
 * taken.  The message's octets, each CRLF as LF, are put at the beginning of
 * what was taken, and *out is set to them.  *octets is how much of the message
 * that was as RFC 1870 counts: CRLF is two, but neither dots that were stuffed
 * nor the line of the final one count. */
enum text_result text_take_data(enum session_text *state, char **in,
    size_t *len, struct span *out, size_t *octets);

/* The same for a chunk: nothing but line ends has a meaning. */
enum text_result text_take_chunk(enum session_text *state, char **in,
    size_t *len, struct span *out, size_t *octets);

#endif
