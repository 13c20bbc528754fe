#include <stdio.h>
#include <stdlib.h>

#include "html/htmlcolor.h"

#include "base/ascii.h"

#define NAME_MAX_LEN 20
#define DISTANCE_MIN 12 /* below it, text cannot be read */

/* CSS Color Module Level 3, 4.3; sorted. */
static const struct named {
	const char *name;
	int32_t color;
} names[] = {
    {"aliceblue", 0xf0f8ff},
    {"antiquewhite", 0xfaebd7},
    {"aqua", 0x00ffff},
    {"aquamarine", 0x7fffd4},
    {"azure", 0xf0ffff},
    {"beige", 0xf5f5dc},
    {"bisque", 0xffe4c4},
    {"black", 0x000000},
    {"blanchedalmond", 0xffebcd},
    {"blue", 0x0000ff},
    {"blueviolet", 0x8a2be2},
    {"brown", 0xa52a2a},
    {"burlywood", 0xdeb887},
    {"cadetblue", 0x5f9ea0},
    {"chartreuse", 0x7fff00},
    {"chocolate", 0xd2691e},
    {"coral", 0xff7f50},
    {"cornflowerblue", 0x6495ed},
    {"cornsilk", 0xfff8dc},
    {"crimson", 0xdc143c},
    {"cyan", 0x00ffff},
    {"darkblue", 0x00008b},
    {"darkcyan", 0x008b8b},
    {"darkgoldenrod", 0xb8860b},
    {"darkgray", 0xa9a9a9},
    {"darkgreen", 0x006400},
    {"darkgrey", 0xa9a9a9},
    {"darkkhaki", 0xbdb76b},
    {"darkmagenta", 0x8b008b},
    {"darkolivegreen", 0x556b2f},
    {"darkorange", 0xff8c00},
    {"darkorchid", 0x9932cc},
    {"darkred", 0x8b0000},
    {"darksalmon", 0xe9967a},
    {"darkseagreen", 0x8fbc8f},
    {"darkslateblue", 0x483d8b},
    {"darkslategray", 0x2f4f4f},
    {"darkslategrey", 0x2f4f4f},
    {"darkturquoise", 0x00ced1},
    {"darkviolet", 0x9400d3},
    {"deeppink", 0xff1493},
    {"deepskyblue", 0x00bfff},
    {"dimgray", 0x696969},
    {"dimgrey", 0x696969},
    {"dodgerblue", 0x1e90ff},
    {"firebrick", 0xb22222},
    {"floralwhite", 0xfffaf0},
    {"forestgreen", 0x228b22},
    {"fuchsia", 0xff00ff},
    {"gainsboro", 0xdcdcdc},
    {"ghostwhite", 0xf8f8ff},
    {"gold", 0xffd700},
    {"goldenrod", 0xdaa520},
    {"gray", 0x808080},
    {"green", 0x008000},
    {"greenyellow", 0xadff2f},
    {"grey", 0x808080},
    {"honeydew", 0xf0fff0},
    {"hotpink", 0xff69b4},
    {"indianred", 0xcd5c5c},
    {"indigo", 0x4b0082},
    {"ivory", 0xfffff0},
    {"khaki", 0xf0e68c},
    {"lavender", 0xe6e6fa},
    {"lavenderblush", 0xfff0f5},
    {"lawngreen", 0x7cfc00},
    {"lemonchiffon", 0xfffacd},
    {"lightblue", 0xadd8e6},
    {"lightcoral", 0xf08080},
    {"lightcyan", 0xe0ffff},
    {"lightgoldenrodyellow", 0xfafad2},
    {"lightgray", 0xd3d3d3},
    {"lightgreen", 0x90ee90},
    {"lightgrey", 0xd3d3d3},
    {"lightpink", 0xffb6c1},
    {"lightsalmon", 0xffa07a},
    {"lightseagreen", 0x20b2aa},
    {"lightskyblue", 0x87cefa},
    {"lightslategray", 0x778899},
    {"lightslategrey", 0x778899},
    {"lightsteelblue", 0xb0c4de},
    {"lightyellow", 0xffffe0},
    {"lime", 0x00ff00},
    {"limegreen", 0x32cd32},
    {"linen", 0xfaf0e6},
    {"magenta", 0xff00ff},
    {"maroon", 0x800000},
    {"mediumaquamarine", 0x66cdaa},
    {"mediumblue", 0x0000cd},
    {"mediumorchid", 0xba55d3},
    {"mediumpurple", 0x9370db},
    {"mediumseagreen", 0x3cb371},
    {"mediumslateblue", 0x7b68ee},
    {"mediumspringgreen", 0x00fa9a},
    {"mediumturquoise", 0x48d1cc},
    {"mediumvioletred", 0xc71585},
    {"midnightblue", 0x191970},
    {"mintcream", 0xf5fffa},
    {"mistyrose", 0xffe4e1},
    {"moccasin", 0xffe4b5},
    {"navajowhite", 0xffdead},
    {"navy", 0x000080},
    {"oldlace", 0xfdf5e6},
    {"olive", 0x808000},
    {"olivedrab", 0x6b8e23},
    {"orange", 0xffa500},
    {"orangered", 0xff4500},
    {"orchid", 0xda70d6},
    {"palegoldenrod", 0xeee8aa},
    {"palegreen", 0x98fb98},
    {"paleturquoise", 0xafeeee},
    {"palevioletred", 0xdb7093},
    {"papayawhip", 0xffefd5},
    {"peachpuff", 0xffdab9},
    {"peru", 0xcd853f},
    {"pink", 0xffc0cb},
    {"plum", 0xdda0dd},
    {"powderblue", 0xb0e0e6},
    {"purple", 0x800080},
    {"red", 0xff0000},
    {"rosybrown", 0xbc8f8f},
    {"royalblue", 0x4169e1},
    {"saddlebrown", 0x8b4513},
    {"salmon", 0xfa8072},
    {"sandybrown", 0xf4a460},
    {"seagreen", 0x2e8b57},
    {"seashell", 0xfff5ee},
    {"sienna", 0xa0522d},
    {"silver", 0xc0c0c0},
    {"skyblue", 0x87ceeb},
    {"slateblue", 0x6a5acd},
    {"slategray", 0x708090},
    {"slategrey", 0x708090},
    {"snow", 0xfffafa},
    {"springgreen", 0x00ff7f},
    {"steelblue", 0x4682b4},
    {"tan", 0xd2b48c},
    {"teal", 0x008080},
    {"thistle", 0xd8bfd8},
    {"tomato", 0xff6347},
    {"turquoise", 0x40e0d0},
    {"violet", 0xee82ee},
    {"wheat", 0xf5deb3},
    {"white", 0xffffff},
    {"whitesmoke", 0xf5f5f5},
    {"yellow", 0xffff00},
    {"yellowgreen", 0x9acd32},
};

static bool
find_name(struct span text, int32_t *color)
{
	size_t from = 0, to = nitems(names), middle;
	char wanted[NAME_MAX_LEN + 1];
	int order;

	if (text.len == 0 || text.len > NAME_MAX_LEN ||
	    memchr(text.p, '\0', text.len) != NULL)
		return false;
	memcpy(wanted, text.p, text.len);
	wanted[text.len] = '\0';
	while (from < to) {
		middle = from + (to - from) / 2;
		order = strcasecmp(wanted, names[middle].name);
		if (order == 0) {
			*color = names[middle].color;
			return true;
		}
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return false;
}

/* Takes a number off the front, which stops to grow at max. */
static uint64_t
take_number(struct span *text, uint64_t max)
{
	uint64_t number = 0;

	while (text->len > 0 && ascii_is_digit(text->p[0])) {
		number = number * 10 + (uint64_t)(text->p[0] - '0');
		if (number > max)
			number = max;
		*text = span_from(*text, 1);
	}
	return number;
}

/* Three numbers with commas between, as hexadecimal digits of at least two
 * each. */
static bool
take_three(struct span text, bool percent, char *digits, size_t size)
{
	uint64_t numbers[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		if (i > 0 && !span_starts(text, ","))
			return false;
		if (i > 0)
			text = span_trim(span_from(text, 1));
		if (text.len == 0 || !ascii_is_digit(text.p[0]))
			return false;
		numbers[i] = take_number(&text, UINT32_MAX);
		if (!percent)
			continue;
		if (!span_starts(text, "%"))
			return false;
		text = span_from(text, 1);
		numbers[i] = (uint64_t)((double)numbers[i] / 100 * 255);
	}
	if (span_trim(text).len > 0)
		return false;
	snprintf(digits, size, "%02llx%02llx%02llx",
	    (unsigned long long)numbers[0], (unsigned long long)numbers[1],
	    (unsigned long long)numbers[2]);
	return true;
}

/* Looks for rgb(...) in it.  Returns whether there is one; digits are "" if
 * there are no three numbers in any. */
static bool
find_rgb(struct span text, char *digits, size_t size)
{
	const struct span start = {"rgb(", 4};
	struct span inner;
	bool found = false;
	const char *p;

	digits[0] = '\0';
	while ((p = span_ifind(text, start)) != NULL) {
		text = span_from(text, (size_t)(p - text.p) + start.len);
		inner = (struct span){text.p, 0};
		while (inner.len < text.len &&
		       (ascii_is_digit(inner.p[inner.len]) ||
			   (inner.p[inner.len] != '\0' &&
			       strchr("%, ", inner.p[inner.len]) != NULL)))
			inner.len++;
		text = span_from(text, inner.len);
		if (!span_starts(text, ")"))
			continue;
		found = true;
		if (take_three(inner, true, digits, size) ||
		    take_three(inner, false, digits, size))
			break;
	}
	return found;
}

/* Up to six hexadecimal digits, whatever stands between them, as a colour. */
static int32_t
take_hex(struct span text)
{
	char digits[7] = {0};
	size_t count = 0, i;

	for (i = 0; i < text.len && count < 6; i++)
		if (ascii_is_hex(text.p[i]))
			digits[count++] = text.p[i];
	if (count == 0)
		return HTML_COLOR_EMPTY;
	if (count < 6) {
		/* each of three, as in #f00, twice */
		for (i = 3; i-- > 0;)
			digits[2 * i] = digits[2 * i + 1] =
			    i < count ? digits[i] : '0';
	}
	return (int32_t)strtol(digits, NULL, 16);
}

int32_t
html_color(struct span text)
{
	char digits[3 * 16 + 1];
	int32_t color;
	size_t i;

	text = span_trim(text);
	if (find_name(text, &color))
		return color;
	if (find_rgb(text, digits, sizeof(digits))) {
		if (digits[0] != '\0')
			return take_hex(span_of(digits));
	} else {
		for (i = 0; i < text.len; i++)
			if (text.p[i] != '#' && !ascii_is_hex(text.p[i]))
				return HTML_COLOR_INVALID;
	}
	return span_starts(text, "#") ? take_hex(text) : HTML_COLOR_INVALID;
}

/* The first three numbers in it; what is no digit and no comma is left out. */
static int32_t
loose_rgb(struct span text)
{
	uint32_t numbers[3] = {0};
	size_t i, which = 0;

	for (i = 0; i < text.len && which < 3; i++) {
		if (text.p[i] == ',') {
			which++;
		} else if (ascii_is_digit(text.p[i])) {
			numbers[which] =
			    numbers[which] * 10 + (uint32_t)(text.p[i] - '0');
			if (numbers[which] > 255)
				numbers[which] = 256;
		}
	}
	for (i = 0; i < 3; i++)
		if (numbers[i] > 255)
			numbers[i] = 255;
	return (int32_t)(numbers[0] << 16 | numbers[1] << 8 | numbers[2]);
}

int32_t
html_css_color(struct span text)
{
	struct span rest;

	text = span_trim(text);
	if (span_iends(text, "important")) {
		rest = (struct span){text.p, text.len - strlen("important")};
		rest = span_trim(rest);
		if (span_ends(rest, "!"))
			text = span_trim((struct span){rest.p, rest.len - 1});
	}
	if (span_ifind(text, span_of("rgb")) != NULL)
		return loose_rgb(text);
	if (span_iis(text, "inherit"))
		return HTML_COLOR_INHERIT;
	if (span_iis(text, "transparent"))
		return HTML_COLOR_TRANSPARENT;
	return html_color(text);
}

/* What is found of a layer. */
struct layer {
	bool filled; /* it has words */
	int32_t color;
};

static void
add_word(struct layer *layer, struct span word)
{
	if (word.len == 0)
		return;
	layer->filled = true;
	if (layer->color == HTML_COLOR_INVALID)
		layer->color = html_color(word);
}

int32_t
html_css_background(struct span text)
{
	struct layer layer = {false, HTML_COLOR_INVALID}, last = layer;
	size_t i, from = 0;
	char quote = '\0';
	bool inner = false;

	for (i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (inner && c == ')') {
			add_word(
			    &layer, (struct span){text.p + from, i + 1 - from});
			from = i + 1;
			inner = false;
		} else if (!inner && c == '(') {
			inner = true;
		} else if (!inner && (c == ' ' || c == ',')) {
			add_word(
			    &layer, (struct span){text.p + from, i - from});
			from = i + 1;
			if (c == ',') {
				last = layer;
				layer =
				    (struct layer){false, HTML_COLOR_INVALID};
			}
		}
	}
	add_word(&layer, (struct span){text.p + from, i - from});
	return layer.filled ? layer.color : last.color;
}

bool
html_color_is_near(int32_t a, int32_t b)
{
	double red, green, blue;

	if (a == b)
		return true;
	if (a < 0 || b < 0)
		return false;
	/* weights of ITU-R BT.709 */
	red = 0.2126 * ((a >> 16) - (b >> 16));
	green = 0.7152 * ((a >> 8 & 0xff) - (b >> 8 & 0xff));
	blue = 0.0722 * ((a & 0xff) - (b & 0xff));
	return red * red + green * green + blue * blue <
	       DISTANCE_MIN * DISTANCE_MIN;
}
