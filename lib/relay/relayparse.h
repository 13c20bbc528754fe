/*
 * relayparse: one Received field taken apart.
 *
 * Its grammar (RFC 5321, 4.4) is "from NAME (COMMENT) by NAME with PROTOCOL id
 * ID for ADDRESS; DATE", but each server has its own idea of what stands in the
 * comment, and whether NAME is what the client said or what was looked up.  So
 * the line is cut into pieces first (relaysplit.c), and then who wrote it and
 * the forms of its pieces say what they mean (relayread.c).
 */
#ifndef RELAY_RELAYPARSE_H
#define RELAY_RELAYPARSE_H

#include "base/arena.h"
#include "relay/relay.h"

#define TRACE_PIECES_MAX 12 /* in front of "by" */

/* What an origin looks like as a Received field; the address follows. */
#define RELAY_ORIGIN "from X-Originating-IP: "

enum piece_form {
	PIECE_NONE,
	PIECE_WORD,  /* mail.example */
	PIECE_IP,    /* 192.0.2.1 */
	PIECE_BOX,   /* [192.0.2.1]; rest is what sticks to it */
	PIECE_NAMED, /* (name [192.0.2.1] rest) */
	PIECE_GLUED, /* (name[192.0.2.1]) */
	PIECE_BOXED, /* ([192.0.2.1] rest) */
	PIECE_IDENT, /* (name@192.0.2.1 rest), (192.0.2.1 rest), either in
			brackets or not */
	PIECE_HELO,  /* (HELO name); ip if the name is [192.0.2.1] */
	PIECE_OTHER  /* any other comment */
};

struct piece {
	enum piece_form form;
	struct span text; /* with parentheses */
	struct span name;
	struct span ip;
	struct span rest;
	struct span port; /* of [192.0.2.1:25] */
	bool has_at;      /* PIECE_IDENT: there is a name */
	bool boxed;       /* PIECE_IDENT: in brackets */
	bool spaced;      /* PIECE_BOXED: a blank in front of the bracket */
	bool glued;       /* no blank in front of it */
};

/* A field cut into pieces. */
struct trace {
	struct span line; /* behind "from " */
	bool upper;       /* it was "FROM", as is "BY" */
	struct piece pieces[TRACE_PIECES_MAX];
	size_t count;
	struct span by;    /* the word behind "by"; p NULL if there is none */
	struct span after; /* what follows it, with its blank */
	struct relay *relay;
	bool looked_up; /* whoever wrote it always looks names up */
};

enum relay_result {
	RELAY_KNOWN,
	RELAY_NONE,    /* says nothing about who handed it over */
	RELAY_FETCHED, /* it was fetched from a mailbox */
	RELAY_SCANNER, /* envfrom belongs to the next field */
	RELAY_UNKNOWN  /* nobody understands it */
};

/* Reads the value of one field. */
enum relay_result relay_parse(
    struct arena *arena, struct span value, struct relay *relay);

/* The steps of it.  Cuts the line at trace->line. */
void relay_split(struct trace *trace);

/* What the pieces mean; RELAY_UNKNOWN if it is not clear. */
enum relay_result relay_read(struct trace *trace);

/* Whether a line says nothing about a handing over by network. */
bool relay_is_inner(const struct trace *trace);

/* How the client logged in, by the whole line; "" if it did not. */
struct span relay_auth(struct arena *arena, struct span line);

/* Whether a text is in the line. */
bool relay_has(struct span line, const char *text);

#endif
