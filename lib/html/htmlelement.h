/*
 * htmlelement: what is known of elements and attributes.
 */
#ifndef HTML_HTMLELEMENT_H
#define HTML_HTMLELEMENT_H

#include "base/arena.h"
#include "html/htmlstyle.h"

/* Which of its attributes is an address. */
enum html_link {
	HTML_LINK_NONE,
	HTML_LINK_BACKGROUND,
	HTML_LINK_HREF,
	HTML_LINK_SRC,
	HTML_LINK_ACTION,
	HTML_LINK_BASE,
	HTML_LINK_META
};

struct html_element {
	const char *name;
	const char *space; /* what stands for it in the text; NULL: nothing */
	enum html_look look;
	enum html_link link;
	bool is_trick; /* it is shown, and does not count as an element */
};

#define HTML_ELEMENTS_MAX 128

/* NULL if it is none.  Its index is below HTML_ELEMENTS_MAX. */
const struct html_element *html_element(struct span name);
size_t html_element_index(const struct html_element *element);

/* Names like "o:p" and "st1:place", of which office programs make many: they
 * count as elements, and mean nothing. */
bool html_element_is_office(struct span name);

/* Attributes that are looked at. */
enum html_attribute_name {
	HTML_ACTION,
	HTML_ALINK,
	HTML_BACKGROUND,
	HTML_BGCOLOR,
	HTML_COLOR,
	HTML_CONTENT,
	HTML_SAFE_URL, /* data-saferedirecturl */
	HTML_FACE,
	HTML_HEIGHT,
	HTML_HREF,
	HTML_HTTP_EQUIV,
	HTML_LINK,
	HTML_SIZE,
	HTML_SRC,
	HTML_STYLE,
	HTML_TEXT_COLOR, /* "text" */
	HTML_VLINK,
	HTML_WIDTH,
	HTML_ATTRIBUTES
};

struct html_attributes {
	struct span values[HTML_ATTRIBUTES]; /* p NULL: it is not there */
	struct span odd_href; /* of what is written like "x/href" */
	struct span odd_src;
};

/* Takes the attributes of a token (html/htmltoken.h), with entities decoded. */
void html_attributes_read(
    struct arena *arena, struct span text, struct html_attributes *attributes);

#endif
