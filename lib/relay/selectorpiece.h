/*
 * selectorpiece: what a selector has found so far, and "ALL", all of a header.
 */
#ifndef RELAY_SELECTORPIECE_H
#define RELAY_SELECTORPIECE_H

#include "relay/selector.h"

/* What stands behind the colons. */
enum {
	SELECT_RAW = 1,
	SELECT_ADDR = 2,
	SELECT_NAME = 4,
	SELECT_HOST = 8,
	SELECT_DOMAIN = 16,
	SELECT_IP = 32,
	SELECT_REVIP = 64,
	SELECT_FIRST = 128,
	SELECT_LAST = 256
};

/* Pieces while they are gathered. */
struct pieces {
	struct arena *arena;
	struct text text;
	size_t room;
};

void pieces_add(struct pieces *pieces, struct span piece);

/* "name: value" with a LF; if name is empty only the value. */
struct span pieces_line(
    struct arena *arena, struct span name, struct span value);

/* "ALL" and its sides ("ALL-TRUSTED", ...); false if it is another name. */
bool pieces_add_header(struct pieces *pieces, const struct mail *mail,
    const struct selector *selector);

#endif
