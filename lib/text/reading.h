/*
 * reading: what the files of mail_read() share, and nobody else.
 */
#ifndef TEXT_READING_H
#define TEXT_READING_H

#include "text/mail.h"

/* A part that is not taken apart yet. */
struct reading_job {
	struct mail_part *part;
	struct span boundary; /* its own, or that of what it is in */
	struct span body;
	unsigned depth; /* so many levels may follow */
	struct reading_job *next;
};

/* How often a boundary was opened, less how often it was ended. */
struct reading_state {
	struct span boundary;
	int open;
	struct reading_state *next;
};

struct reading {
	struct mail *mail;
	struct reading_job *first; /* breadth first */
	struct reading_job **last;
	struct reading_state *states;
	size_t parts; /* of the message so far */
};

/* A header that is being read. */
struct reading_fields {
	struct mail_field *list;
	size_t count;
	size_t room;
};

/* Whether it has blanks only. */
bool reading_is_blank(struct span line);

/* A text with LF where its lines ended in CRLF. */
struct span reading_without_cr(struct arena *arena, struct span text);

/* A body with long runs of blank lines made shorter, as they may be there to
 * hide what follows. */
struct span reading_without_blanks(struct arena *arena, struct span text);

/* A multipart whose body begins with something else than a boundary gets an
 * empty line in front, so that this is not taken for a part's header. */
struct span reading_first_line(
    struct arena *arena, struct span body, struct span boundary);

/* Whether a line begins with a field's name and a colon, which may have blanks
 * in front. */
bool reading_is_field(struct span line, bool blanks);

/* Adds a field to those that are read. */
void reading_add_field(struct mail *mail, struct reading_fields *fields,
    struct span name, struct span raw);

/* Reads the header of a message off the front of text; returns the flags. */
unsigned reading_header(
    struct mail *mail, struct span *text, struct mail_header *header);

/* Takes the part of a job apart: a multipart becomes jobs.  */
void reading_multipart(struct reading *reading, struct reading_job *job);
void reading_job(struct reading *reading, struct mail_part *part,
    struct span boundary, struct span body, unsigned depth);

/* Whether a type is of text, or of messages. */
bool reading_is_text(const char *type);

/* The body with its transfer encoding undone, at most max octets. */
struct span reading_decode(
    struct mail *mail, const struct mail_part *part, size_t max, bool *is_cut);

#endif
