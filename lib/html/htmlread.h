/*
 * htmlread: what the parts of the reader of HTML (html/html.h) share.
 */
#ifndef HTML_HTMLREAD_H
#define HTML_HTMLREAD_H

#include "base/buf.h"
#include "html/html.h"
#include "html/htmlelement.h"
#include "html/htmlnames.h"
#include "html/htmlstyle.h"
#include "html/htmltoken.h"

#define HTML_PAIRS 49 /* of pieces of words, 1 to 7 letters each */

/* The text so far. */
struct html_page {
	struct buf all;
	struct buf visible;
	struct buf invisible;
	/* of the piece that was last */
	bool any;
	bool is_blank;
	bool is_hidden;
	bool is_wide;
	size_t start; /* in all */
};

/* An address that is known, by its number, and where it was. */
struct html_place {
	struct span uri;
	unsigned elements; /* bits, in which */
	size_t anchors;    /* how many have it */
};

/* Text on a link, in the buffer of all of them. */
struct html_anchor {
	size_t place;
	size_t start;
	size_t end;
};

struct html_links {
	struct html_names names;
	struct buf places; /* of struct html_place */
	struct buf anchors;
	struct buf text;
	size_t anchor_count;
	bool is_open; /* the last of them takes text */
	bool is_cut;
};

struct html_reader {
	struct arena *arena;
	struct html *html;
	struct html_styles styles;
	struct html_page page;
	struct html_links links;
	struct html_names tag_names; /* of those that are no elements */
	struct buf others;           /* of size_t: numbers of their tags */
	struct buf tags;             /* of struct html_tag */
	struct buf facts;            /* of struct html_fact */
	size_t text_facts;
	struct buf scratch;
	bool wide;                       /* what is read is */
	unsigned saw;                    /* HTML_SAW_* */
	size_t known[HTML_ELEMENTS_MAX]; /* number of its tag, from 1 */
	unsigned inside_a, inside_title, inside_script, inside_style;
	size_t element_total, elements_seen, tag_total, tags_seen;
	size_t closed_extra;
	size_t obfuscation;
	bool pairs[HTML_PAIRS];
	double image_area;
	struct buf title; /* of the one that is open or was last */
	bool has_title;
};

/* Things that are noted once they were seen. */
enum {
	HTML_SAW_LOW_CONTRAST = 1,
	HTML_SAW_INVALID_COLOR = 2,
	HTML_SAW_BAD_FACE = 4,
	HTML_SAW_MAILTO_FORM = 8,
	HTML_SAW_EMBED = 16
};

/* Notes how much there is of a thing, or a text. */
void html_note(struct html_reader *reader, const char *name, double value);
void html_note_text(
    struct html_reader *reader, const char *name, struct span text);

/* The last title is complete. */
void html_end_title(struct html_reader *reader);

void html_take_tag(struct html_reader *reader, const struct html_token *token);
void html_take_doctype(struct html_reader *reader);

/* Puts the addresses of a tag into links. */
void html_links_take(struct html_reader *reader,
    const struct html_element *element, struct html_attributes *attributes);

/* Opens an anchor, and adds to the one that is open. */
void html_links_anchor(struct html_reader *reader, struct span href);
void html_links_text(struct html_reader *reader, struct span text);

void html_links_end(struct html_reader *reader);

/* Adds a piece of text, or what stands for an element. */
void html_page_text(struct html_reader *reader, struct span text, bool wide);
void html_page_space(struct html_reader *reader, const char *space);
void html_page_end(struct html_reader *reader, size_t octets);

#endif
