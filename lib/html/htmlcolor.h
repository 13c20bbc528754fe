/*
 * htmlcolor: colours as HTML and CSS write them, as SpamAssassin reads them.
 */
#ifndef HTML_HTMLCOLOR_H
#define HTML_HTMLCOLOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {
	HTML_COLOR_INVALID = -1,
	HTML_COLOR_TRANSPARENT = -2,
	HTML_COLOR_INHERIT = -3,
	HTML_COLOR_EMPTY = -4 /* "#" and nothing */
};

/* "red", "#f00", "#ff0000", "rgb(255, 0, 0)", "rgb(100%, 0%, 0%)" as 0xff0000;
 * or one of those above. */
int32_t html_color(struct span text);

/* The same of a value in CSS where only a colour can be: whatever has "rgb" in
 * it is one. */
int32_t html_css_color(struct span text);

/* Of "background" in CSS: the first colour of its last layer, or
 * HTML_COLOR_INVALID. */
int32_t html_css_background(struct span text);

/* Whether text in one of them on the other can hardly be seen. */
bool html_color_is_near(int32_t a, int32_t b);

#endif
