/*
 * htmlstyle: what text looks like: colours, size, whether it is shown at all.
 *
 * Elements that are open are on a stack; each has the looks of the one it is
 * in, changed by its attributes.
 */
#ifndef HTML_HTMLSTYLE_H
#define HTML_HTMLSTYLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* Elements that are open; deeper ones have no looks of their own. */
#define HTML_STYLES_MAX 10000

/* Elements that have looks. */
enum html_look {
	HTML_LOOK_NONE,
	HTML_LOOK_BODY,
	HTML_LOOK_FONT,
	HTML_LOOK_TABLE,
	HTML_LOOK_TR,
	HTML_LOOK_TD, /* and <th> */
	HTML_LOOK_BIG,
	HTML_LOOK_SMALL,
	HTML_LOOK_BASEFONT,
	HTML_LOOK_MARQUEE,
	HTML_LOOK_SPAN,
	HTML_LOOK_P,
	HTML_LOOK_DIV,
	HTML_LOOK_A,
	HTML_LOOKS
};

/* Attributes that say something about it; p NULL is one that is not there. */
struct html_looks {
	struct span color; /* of <body> "text" */
	struct span size;
	struct span style;
	bool other; /* there is one that counts and changes nothing */
};

struct html_style {
	enum html_look look;
	int32_t color; /* as html_color() tells it */
	int32_t background;
	int64_t size; /* 3 is the default */
	bool no_display;
	bool hidden;
};

struct html_styles {
	struct arena *arena;
	struct html_style *stack;
	size_t count;
	size_t room;
	size_t open[HTML_LOOKS]; /* how many of each are on the stack */
	int64_t basefont;
	int64_t max_size;
	int64_t min_size;
};

/* Why text is not seen. */
enum html_hiding {
	HTML_SEEN,
	HTML_HIDDEN,
	HTML_LOW_CONTRAST,
	HTML_INVALID_COLOR
};

void html_styles_init(struct html_styles *styles, struct arena *arena);
void html_styles_open(struct html_styles *styles, enum html_look look,
    const struct html_looks *looks);
void html_styles_close(struct html_styles *styles, enum html_look look);

/* Of text that stands here. */
enum html_hiding html_styles_hiding(const struct html_styles *styles);

#endif
