/*
 * captures: what named groups of rules have matched, for the patterns of other
 * rules.
 *
 *	header __TO   To:addr =~ /(?<TO_ADDR>.+)/
 *	uri    IN_URI /^https:.{9,99}#%{TO_ADDR}/
 *
 * A template is a pattern with %{NAME}; \%{NAME} is none.  It stands for all
 * texts that groups of that name have matched in the message, as they are.
 * %{HEADER(From:addr)} is what that selector finds.
 */
#ifndef RULES_CAPTURES_H
#define RULES_CAPTURES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/regex.h"

#define CAPTURES_MAX 1000         /* texts of a message */
#define CAPTURES_OCTETS_MAX 65536 /* of all of them */
#define CAPTURES_TEXT_MAX 2048    /* octets of one; longer ones are left out */
#define CAPTURES_PATTERN_MAX                            \
	65536 /* octets of a template when it is filled \
	       */

struct capture {
	struct span name;
	struct span text;
};

/* All zero is empty.  The list lies in an arena. */
struct captures {
	struct capture *list;
	size_t count;
	size_t octets;
};

/* Whether a pattern has groups whose matches are kept: their names are
 * [A-Z0-9_]+, as those of tags are. */
bool captures_named(struct span pattern);

/* The next name that a template wants, from *at on, with its argument if it has
 * one; false behind the last, so false at once for what is no template. */
bool captures_next(struct span pattern, size_t *at, struct span *name);

/* Keeps a text, once, under a name that must live as long. */
void captures_add(struct captures *captures, struct arena *arena,
    struct span name, struct span text);

/* Keeps what the named groups of a match are, each text once. */
void captures_keep(struct captures *captures, struct arena *arena,
    const struct regex *regex, const struct regex_match *match);

/* Writes a template with its names filled in.  false if one is not known, or
 * all becomes too long. */
bool captures_fill(
    const struct captures *captures, struct span pattern, struct buf *filled);

/* Writes a template with anything in the place of its names: all that holds for
 * each match of this holds for each of the template, whatever is filled in. */
void captures_widen(struct span pattern, struct buf *wide);

#endif
