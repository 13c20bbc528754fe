/*
 * join: pieces of text as lines of paragraphs.
 */
#ifndef TEXT_JOIN_H
#define TEXT_JOIN_H

#include "text/mail.h"

/* What is joined so far. */
struct join {
	struct arena *arena;
	char *p; /* room for all of it */
	size_t len;
	bool latin1; /* what comes out is ISO-8859-1 */
	/* the white space that is read */
	bool blank;       /* there is some */
	bool blank_first; /* blanks in front of its first LF */
	bool blank_last;  /* blanks behind its last LF */
	unsigned ends;    /* LFs, at most 2 */
};

/* Begins with a head that is left as it is; size: octets of it and of all that
 * will be added.  latin1: no character that is added is behind U+00FF, and they
 * come out as one octet each; then white space is that of ASCII only. */
void join_init(struct join *join, struct arena *arena, struct span head,
    size_t size, bool latin1);

/* Adds text in UTF-8: white space with two or more LFs becomes one LF, a NUL
 * as well, and other white space one blank. */
void join_add(struct join *join, struct span text);

/* The lines of it, each with its LF; those that are too long are cut at blanks
 * if they have some. */
void join_end(struct join *join, struct text *lines);

/* Lines that are being collected. */
struct join_lines {
	struct text text;
	size_t room;
};

/* Adds octets in pieces of MAIL_LINE_MAX to twice of that, cut at the end of a
 * line, else behind '>', else at a blank. */
void join_pieces(
    struct arena *arena, struct span octets, struct join_lines *lines);

#endif
