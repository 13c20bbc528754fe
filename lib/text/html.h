/*
 * html: HTML as text, told apart into what is shown and what is hidden, and
 * what rules ask about it.
 */
#ifndef TEXT_HTML_H
#define TEXT_HTML_H

#include "text/mail.h"

#define HTML_DEPTH_MAX 512      /* elements in elements */
#define HTML_URIS_MAX 10000     /* of a part */
#define HTML_TEXT_MAX (1 << 20) /* octets of text that come out */

/* What html_test() and html_range() of rules know by a name, such as
 * "font_low_contrast", "image_area", "length", "closed_body", "elements",
 * "font_face_odd".  A number is its value, a thing that was seen is 1. */
struct html_fact {
	const char *name;
	double value;
	struct span text; /* html_text_match(): title, comment, ...; p NULL if
			     it is a number */
};

/* An address in it, where it points to, and what is written on it. */
struct html_uri {
	struct span uri;     /* as written, blanks trimmed */
	const char *element; /* "a", "img", "form", ...: lower case */
	struct text anchors; /* texts of links to it */
};

struct html {
	struct span text; /* all, in UTF-8 */
	struct span visible;
	struct span invisible;
	struct html_fact *facts;
	size_t fact_count;
	struct html_uri *uris; /* each address once */
	size_t uri_count;
	struct span base; /* of <base href>; p NULL if none */
	/* how often each element was opened: by name, lower case */
	struct html_fact *tags;
	size_t tag_count;
};

/* Reads text, which is UTF-8, of a part of octets octets (in its own character
 * set). */
struct html *html_read(struct arena *arena, struct span text, size_t octets);

/* What is known by that name; NULL if nothing is. */
const struct html_fact *html_fact(const struct html *html, const char *name);

/* How often that element was opened. */
unsigned html_tag(const struct html *html, const char *name);

#endif
