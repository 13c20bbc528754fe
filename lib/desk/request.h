/*
 * request: the protocol of clamd, as the side that is asked hears it.
 *
 * Octets in, requests out; no descriptors.  A command has one of three forms:
 * "zPING" and a NUL, "nPING" and a LF, or "PING" and a LF, a CR LF or, for the
 * shortest commands, nothing at all but the end of what came at once.  See
 * clamd(8), "COMMANDS", and av-scand(8) for EXAMINE and MESSAGE.
 *
 * INSTREAM is followed by chunks: four octets of length, the most significant
 * first, and so many octets; a length of 0 is the end.  FILDES, EXAMINE and
 * MESSAGE are followed by one octet of no meaning that carries a descriptor.
 */
#ifndef DESK_REQUEST_H
#define DESK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define REQUEST_LINE_MAX 1024 /* octets of a command with its argument */

enum request_kind {
	REQUEST_PING,
	REQUEST_VERSION,
	REQUEST_COMMANDS, /* VERSIONCOMMANDS */
	REQUEST_STATS,
	REQUEST_RELOAD,
	REQUEST_SESSION, /* IDSESSION */
	REQUEST_END,
	REQUEST_STREAM,     /* INSTREAM begins */
	REQUEST_DATA,       /* text: octets of it */
	REQUEST_STREAM_END, /* it is complete */
	REQUEST_FILDES,     /* with the octet of the descriptor, as */
	REQUEST_EXAMINE,    /* text: the file's name, or empty */
	REQUEST_MESSAGE,
	REQUEST_PATH,     /* a scan by path; text: the path */
	REQUEST_UNKNOWN,  /* text: the command */
	REQUEST_TOO_LONG, /* nothing comes after it */
};

struct request {
	enum request_kind kind;
	char end; /* what the reply ends with: NUL or LF */
	/* Good until the next call; of DATA into the input.  A NUL in a command
	 * has become '?'. */
	struct span text;
};

enum request_state {
	REQUEST_AT_START, /* of a command */
	REQUEST_IN_LINE,
	REQUEST_AT_OCTET, /* for the one with a descriptor */
	REQUEST_AT_SIZE,  /* of a chunk */
	REQUEST_IN_CHUNK,
	REQUEST_BROKEN
};

struct request_parser {
	enum request_state state;
	enum request_kind kind; /* that waits for its octet */
	char form;              /* 'z', 'n', or 0 */
	char line[REQUEST_LINE_MAX + 1];
	size_t len;
	uint32_t left;      /* of the chunk */
	unsigned size_left; /* octets of its size that are to come */
};

/* All zero is a parser at its start. */

/* Takes octets from the input, which is moved on.  True with a request, false
 * if all is taken and none is complete. */
bool request_next(
    struct request_parser *parser, struct span *input, struct request *request);

/* Nothing of a command is there. */
bool request_is_idle(const struct request_parser *parser);

#endif
