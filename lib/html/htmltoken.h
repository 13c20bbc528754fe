/*
 * htmltoken: HTML as tags, text and comments.
 *
 * Cuts where HTML::Parser (libhtml-parser-perl 3.81) cuts, for rules of
 * SpamAssassin are about what that sees: what is no tag is text, what is never
 * closed is a comment, and text at the very end comes in two pieces, the last
 * word by itself.
 */
#ifndef HTML_HTMLTOKEN_H
#define HTML_HTMLTOKEN_H

#include <stdbool.h>

#include "base/span.h"

#define HTML_SECTIONS_MAX 100     /* marked sections in each other */
#define HTML_DECLARATIONS_MAX 100 /* broken ones; later ones are comments */

enum html_token_kind {
	HTML_START,
	HTML_END,
	HTML_TEXT,
	HTML_COMMENT,
	HTML_DECLARATION
};

struct html_token {
	enum html_token_kind kind;
	struct span text;       /* of a comment: with its marks */
	struct span name;       /* of a tag, as written */
	struct span attributes; /* of a tag that opens: up to its ">" */
	bool is_raw;            /* text in which "&amp;" means itself */
};

struct html_attribute {
	struct span name;  /* as written */
	struct span value; /* without quotes; if there is none, its name */
};

/* Calls take() for each of them in their order. */
void html_tokens(struct span text,
    void (*take)(void *context, const struct html_token *token), void *context);

/* Takes one off a token's attributes; false if there are no more. */
bool html_attribute(struct span *rest, struct html_attribute *attribute);

#endif
