/*
 * html: HTML as text, told apart into what is shown and what is hidden, and
 * what rules ask about it.
 */
#ifndef HTML_HTML_H
#define HTML_HTML_H

#include "text/mail.h"

#define HTML_URIS_MAX 10000     /* of a part; and so many anchors */
#define HTML_TAGS_MAX 2000      /* different ones that are counted */
#define HTML_FACTS_MAX 10000    /* comments, titles and scripts with them */
#define HTML_TEXT_MAX (1 << 20) /* octets of text that come out */

/* What html_test() and html_range() of rules know by a name, such as
 * "font_low_contrast", "image_area", "length", "max_size", "ratio".  A number
 * is its value, a thing that was seen is 1.  What was never seen is not there.
 * There may be several of a name that are texts: "title", "comment", "script",
 * "anchor". */
struct html_fact {
	const char *name;
	double value;
	struct span text; /* p NULL if it is a number */
};

/* An address in it, where it points to, and what is written on it. */
struct html_uri {
	struct span uri; /* blanks trimmed, by the rules of <base> made whole */
	/* "a", "img", "form", ...: lower case.  NULL if it is only what an
	 * anchor says and points to another place (text on a relative address,
	 * or on none at all, which is ""): that counts as one in the text. */
	const char *element;
	struct text anchors; /* texts of links to it */
};

/* Tags of one name, lower case. */
struct html_tag {
	struct span name;
	unsigned opened;
	unsigned inside; /* how many of them are open in the end */
};

struct html {
	struct span text; /* all, in UTF-8 */
	struct span visible;
	struct span invisible;
	/* False if all of it, before and after, was below U+0100 and no UTF-8
	 * was read: SpamAssassin has it as octets of Latin 1 then, unless other
	 * parts are wide; and U+0085 and U+00A0 in it are no white space. */
	bool wide;
	struct html_fact *facts;
	size_t fact_count;
	/* Each address once for each element it is in. */
	struct html_uri *uris;
	size_t uri_count;
	struct span base; /* of <base href>; p NULL if none */
	struct html_tag *tags;
	size_t tag_count;
};

/* Reads text, which is UTF-8, of a part of octets octets (in its own character
 * set). */
struct html *html_read(struct arena *arena, struct span text, size_t octets);

/* The next part of HTML of a message, from leaf *at on, which starts as 0; NULL
 * if there is none. */
const struct html *html_next(const struct mail *mail, size_t *at);

/* What is known by that name, the first if there are several; NULL if nothing
 * is. */
const struct html_fact *html_fact(const struct html *html, const char *name);

/* The tags of that name; NULL if there are none, not even one that closes. */
const struct html_tag *html_find_tag(const struct html *html, struct span name);

/* How often that element was opened. */
unsigned html_tag(const struct html *html, const char *name);

#endif
