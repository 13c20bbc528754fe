#include "html/htmlstyle.h"
#include "html/htmlcolor.h"

#define STACK_MIN 32
#define SIZE_LIMIT 1000000000000000
#define DEFAULT_SIZE 3

void
html_styles_init(struct html_styles *styles, struct arena *arena)
{
	*styles = (struct html_styles){.arena = arena,
	    .count = 1,
	    .room = STACK_MIN,
	    .basefont = DEFAULT_SIZE,
	    .max_size = DEFAULT_SIZE,
	    .min_size = DEFAULT_SIZE};
	styles->stack = arena_array(arena, STACK_MIN, sizeof(*styles->stack));
	styles->stack[0] = (struct html_style){
	    .color = 0, .background = 0xffffff, .size = DEFAULT_SIZE};
}

static void
push(struct html_styles *styles, const struct html_style *style)
{
	struct html_style *more;

	if (styles->count == HTML_STYLES_MAX)
		return;
	if (styles->count == styles->room) {
		more =
		    arena_array(styles->arena, 2 * styles->room, sizeof(*more));
		memcpy(more, styles->stack, styles->count * sizeof(*more));
		styles->stack = more;
		styles->room *= 2;
	}
	styles->stack[styles->count++] = *style;
	styles->open[style->look]++;
}

/* The first is never taken. */
static enum html_look
pop(struct html_styles *styles)
{
	enum html_look look = styles->stack[--styles->count].look;

	styles->open[look]--;
	return look;
}

/* A cell ends the one before it, a row its cells and the row before it. */
static void
close_table(struct html_styles *styles, enum html_look look)
{
	enum html_look top;

	if (styles->open[look] == 0)
		return;
	for (;;) {
		top = styles->stack[styles->count - 1].look;
		if (top != HTML_LOOK_FONT && top != HTML_LOOK_TD &&
		    (top != HTML_LOOK_TR || look != HTML_LOOK_TR))
			return;
		pop(styles);
	}
}

/* A number with or without a sign, after blanks; false if it is none. */
static bool
take_size(struct span text, bool *is_signed, int64_t *size)
{
	bool minus;

	while (text.len > 0 &&
	       (text.p[0] == ' ' || (text.p[0] >= '\t' && text.p[0] <= '\r')))
		text = span_from(text, 1);
	minus = span_starts(text, "-");
	*is_signed = minus || span_starts(text, "+");
	if (*is_signed)
		text = span_from(text, 1);
	if (text.len == 0 || text.p[0] < '0' || text.p[0] > '9')
		return false;
	for (*size = 0; text.len > 0 && text.p[0] >= '0' && text.p[0] <= '9';
	     text = span_from(text, 1))
		if (*size < SIZE_LIMIT)
			*size = *size * 10 + (text.p[0] - '0');
	if (minus)
		*size = -*size;
	return true;
}

/* What stands behind a colon: without blanks around it.  False if there is
 * nothing, or a line ends in it. */
static bool
css_value(struct span text, struct span *value)
{
	*value = span_trim(text);
	return value->len > 0 && memchr(value->p, '\n', value->len) == NULL;
}

/* Blanks by themselves are a colour, too: one that does not exist. */
static bool
color_value(struct span text, struct span *value)
{
	size_t i;

	if (css_value(text, value))
		return true;
	if (value->len > 0)
		return false;
	for (i = 0; i < text.len; i++)
		if (text.p[i] != '\n')
			return true;
	return false;
}

static void
set_color(int32_t *to, struct span value)
{
	int32_t color = html_css_color(value);

	if (color != HTML_COLOR_INHERIT)
		*to = color;
}

/* "display: none" */
static void
set_property(struct html_style *style, struct span text)
{
	const char *colon;
	struct span name, value;

	if (text.len == 0)
		return;
	colon = memchr(text.p, ':', text.len);
	if (colon == NULL)
		return;
	name = span_trim((struct span){text.p, (size_t)(colon - text.p)});
	if (!css_value(span_from(text, (size_t)(colon - text.p) + 1), &value))
		return;
	if (span_is(name, "display"))
		style->no_display = span_iis(value, "none");
	else if (span_is(name, "visibility"))
		style->hidden = span_iis(value, "hidden");
}

/* One declaration of a style. */
static void
set_declaration(struct html_style *style, struct span text)
{
	struct span rest = text, value;
	int32_t *to = &style->color, color;

	while (rest.len > 0 &&
	       (rest.p[0] == ' ' || (rest.p[0] >= '\t' && rest.p[0] <= '\r')))
		rest = span_from(rest, 1);
	if (span_istarts(rest, "background-color:")) {
		to = &style->background;
		rest = span_from(rest, strlen("background-"));
	}
	if (span_istarts(rest, "color:") &&
	    color_value(span_from(rest, strlen("color:")), &value)) {
		set_color(to, value);
	} else if (span_starts(rest, "background:") &&
		   css_value(span_from(rest, strlen("background:")), &value)) {
		color = html_css_background(value);
		if (color != HTML_COLOR_INVALID)
			style->background = color;
	} else {
		set_property(style, text);
	}
}

static void
set_style(struct html_style *style, struct span text, int32_t behind)
{
	const char *end;
	size_t len;

	while (text.len > 0) {
		end = memchr(text.p, ';', text.len);
		len = end != NULL ? (size_t)(end - text.p) : text.len;
		set_declaration(style, (struct span){text.p, len});
		text = span_from(text, len + 1);
	}
	if (style->background == HTML_COLOR_TRANSPARENT)
		style->background = behind;
	if (style->color == HTML_COLOR_TRANSPARENT)
		style->color = style->background;
}

static void
set_size(struct html_styles *styles, struct html_style *style, struct span text)
{
	bool is_signed;
	int64_t size;

	if (take_size(text, &is_signed, &size))
		style->size = is_signed ? styles->basefont + size : size;
}

void
html_styles_open(struct html_styles *styles, enum html_look look,
    const struct html_looks *looks)
{
	struct html_style style;
	bool is_signed;
	int64_t size;

	if (look == HTML_LOOK_BASEFONT && looks->size.p != NULL &&
	    take_size(looks->size, &is_signed, &size) && !is_signed) {
		styles->basefont = size;
		return;
	}
	if (look == HTML_LOOK_TD || look == HTML_LOOK_TR)
		close_table(styles, look);
	style = styles->stack[styles->count - 1];
	style.look = look;
	if (look == HTML_LOOK_BIG || look == HTML_LOOK_SMALL) {
		style.size += look == HTML_LOOK_BIG ? 1 : -1;
		push(styles, &style);
		return;
	}
	if (looks->color.p != NULL)
		style.color = html_color(looks->color);
	if (looks->size.p != NULL)
		set_size(styles, &style, looks->size);
	if (looks->style.p != NULL)
		set_style(&style, looks->style,
		    styles->stack[styles->count - 1].background);
	if (looks->color.p != NULL || looks->size.p != NULL ||
	    looks->style.p != NULL || looks->other) {
		if (style.size > styles->max_size)
			styles->max_size = style.size;
		else if (style.size < styles->min_size)
			styles->min_size = style.size;
	}
	push(styles, &style);
}

void
html_styles_close(struct html_styles *styles, enum html_look look)
{
	/* text behind </body> looks as text in it */
	if (look == HTML_LOOK_BODY || styles->open[look] == 0)
		return;
	while (pop(styles) != look)
		;
}

enum html_hiding
html_styles_hiding(const struct html_styles *styles)
{
	const struct html_style *top = &styles->stack[styles->count - 1];

	if (html_color_is_near(top->color, top->background))
		return HTML_LOW_CONTRAST;
	if (top->color == HTML_COLOR_INVALID ||
	    top->background == HTML_COLOR_INVALID)
		return HTML_INVALID_COLOR;
	return top->size <= 1 || top->no_display || top->hidden ? HTML_HIDDEN
								: HTML_SEEN;
}
