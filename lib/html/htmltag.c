/*
 * Tags: how many there are, and what each does.
 */
#include "base/regex.h"
#include "html/htmlread.h"

#define SCREEN_WIDTH 800 /* of which percents are */
#define SCREEN_HEIGHT 600
#define IMAGE_SIDE 200   /* of what does not tell */
#define TAG_NAME_MAX 256 /* octets of one that is counted by its name */

/* Whether a font is called as programs call them: letters, blanks and "-", a
 * digit at the end, in quotes or not; or a list of such. */
static bool
is_face(struct span text)
{
	static struct regex_fixed face = {
	    "^\\s*[\"'.]?[a-z ](?&rest)(?:,\\s*[\"']?[a-z](?&rest))*;?$"
	    "(?(DEFINE)(?<rest>[a-z -]*[a-z]\\d?[\"']?))",
	    REGEX_NOCASE, NULL};

	return regex_has(&face, text);
}

/* "120", "50%" of all; what is none or 0 is a guess. */
static double
side(struct span text, double all)
{
	double value = 0;

	while (text.len > 0 && text.p[0] >= '0' && text.p[0] <= '9') {
		value = value * 10 + (text.p[0] - '0');
		text = span_from(text, 1);
	}
	if (span_is(text, "%"))
		value *= all / 100;
	else if (text.len > 0)
		value = 0;
	return value > 0 ? value : IMAGE_SIDE;
}

/* "text/html; charset=utf-8" of <meta> */
static void
take_charset(
    struct html_reader *reader, const struct html_attributes *attributes)
{
	static struct regex_fixed charset = {
	    "\\bcharset\\s*=\\s*[\"']?([^\"']+)", REGEX_NOCASE, NULL};
	struct span equiv = attributes->values[HTML_HTTP_EQUIV], names;
	struct regex_match match;

	if (span_ifind(equiv, span_of("content-type")) == NULL ||
	    !regex_take(&charset, attributes->values[HTML_CONTENT], 0, &match))
		return;
	names = match.groups[1];
	html_note_text(reader, "charset", span_word(&names));
}

/* What is looked for in tags that open. */
static void
look_at(struct html_reader *reader, const struct html_element *element,
    const struct html_attributes *attributes)
{
	const struct span *values = attributes->values;
	const char *name = element->name;

	if (element->look == HTML_LOOK_FONT && values[HTML_FACE].p != NULL &&
	    !is_face(values[HTML_FACE]))
		reader->saw |= HTML_SAW_BAD_FACE;
	if (element->look == HTML_LOOK_A)
		html_links_anchor(reader, values[HTML_HREF].p != NULL
					      ? values[HTML_HREF]
					      : span_of(""));
	if (strcmp(name, "img") == 0) {
		if (reader->inside_a > 0)
			html_links_text(reader, span_of("<img>\n"));
		if (values[HTML_WIDTH].p != NULL &&
		    values[HTML_HEIGHT].p != NULL)
			reader->image_area +=
			    side(values[HTML_WIDTH], SCREEN_WIDTH) *
			    side(values[HTML_HEIGHT], SCREEN_HEIGHT);
	} else if (element->link == HTML_LINK_META) {
		take_charset(reader, attributes);
	} else if (element->link == HTML_LINK_ACTION &&
		   values[HTML_ACTION].p != NULL) {
		if (span_ifind(values[HTML_ACTION], span_of("mailto:")) != NULL)
			reader->saw |= HTML_SAW_MAILTO_FORM;
	} else if (strcmp(name, "object") == 0 || strcmp(name, "embed") == 0) {
		reader->saw |= HTML_SAW_EMBED;
	} else if (strcmp(name, "title") == 0) {
		html_end_title(reader);
		reader->has_title = true;
	}
}

static void
open_style(struct html_reader *reader, const struct html_element *element,
    const struct html_attributes *attributes)
{
	const struct span *values = attributes->values;
	struct html_looks looks = {0};

	switch (element->look) {
	case HTML_LOOK_BODY:
		looks.color = values[HTML_TEXT_COLOR];
		looks.other = values[HTML_BGCOLOR].p != NULL ||
			      values[HTML_LINK].p != NULL ||
			      values[HTML_ALINK].p != NULL ||
			      values[HTML_VLINK].p != NULL ||
			      values[HTML_BACKGROUND].p != NULL;
		break;
	case HTML_LOOK_FONT:
	case HTML_LOOK_BASEFONT:
		looks.color = values[HTML_COLOR];
		looks.size = values[HTML_SIZE];
		looks.other = values[HTML_FACE].p != NULL;
		break;
	case HTML_LOOK_TABLE:
	case HTML_LOOK_TR:
	case HTML_LOOK_TD:
		looks.other = values[HTML_BGCOLOR].p != NULL;
		looks.style = values[HTML_STYLE];
		break;
	case HTML_LOOK_MARQUEE:
		looks.other = values[HTML_BGCOLOR].p != NULL ||
			      values[HTML_BACKGROUND].p != NULL;
		break;
	default:
		looks.style = values[HTML_STYLE];
	}
	html_styles_open(&reader->styles, element->look, &looks);
}

/* The number of its tag, made if it is new.  HTML_NAMES_NONE if there are too
 * many. */
static size_t
tag_number(struct html_reader *reader, const struct html_element *element,
    struct span name)
{
	struct html_tag new = {.name = name};
	size_t count = reader->tags.len / sizeof(new), *known, number;

	if (element != NULL) {
		known = &reader->known[html_element_index(element)];
		if (*known > 0)
			return *known - 1;
		*known = count + 1;
		new.name = span_of(element->name);
		buf_add(&reader->tags, &new, sizeof(new));
		return count;
	}
	if (name.len > TAG_NAME_MAX)
		return HTML_NAMES_NONE;
	new.name = arena_copy(reader->arena, name);
	number = html_names_add(&reader->tag_names, new.name);
	if (number == HTML_NAMES_NONE)
		return number;
	if (number == reader->others.len / sizeof(count)) {
		buf_add(&reader->others, &count, sizeof(count));
		buf_add(&reader->tags, &new, sizeof(new));
		return count;
	}
	return ((const size_t *)(const void *)reader->others.p)[number];
}

static void
note_inside(struct html_reader *reader, const struct html_element *element,
    unsigned inside)
{
	if (element == NULL)
		return;
	if (element->look == HTML_LOOK_A)
		reader->inside_a = inside;
	else if (strcmp(element->name, "title") == 0)
		reader->inside_title = inside;
	else if (strcmp(element->name, "script") == 0)
		reader->inside_script = inside;
	else if (strcmp(element->name, "style") == 0)
		reader->inside_style = inside;
}

static void
count_tag(struct html_reader *reader, const struct html_element *element,
    struct span name, bool opens)
{
	bool counts =
	    element != NULL ? !element->is_trick : html_element_is_office(name);
	size_t number, before = reader->tags.len;
	struct html_tag *tag;
	bool is_new;

	number = tag_number(reader, element, name);
	is_new = number == HTML_NAMES_NONE || reader->tags.len > before;
	reader->tag_total++;
	reader->tags_seen += is_new;
	reader->element_total += counts;
	reader->elements_seen += counts && is_new;
	if (number == HTML_NAMES_NONE)
		return;
	tag = (struct html_tag *)(void *)reader->tags.p + number;
	if (opens) {
		tag->opened++;
		tag->inside++;
	} else if (tag->inside > 0) {
		tag->inside--;
	} else {
		reader->closed_extra++;
	}
	note_inside(reader, element, tag->inside);
}

void
html_take_tag(struct html_reader *reader, const struct html_token *token)
{
	struct buf *lower = &reader->scratch;
	const struct html_element *element;
	struct html_attributes attributes;
	bool opens = token->kind == HTML_START;
	size_t i;

	buf_reset(lower);
	buf_addspan(lower, token->name);
	for (i = 0; i < lower->len; i++)
		if (lower->p[i] >= 'A' && lower->p[i] <= 'Z')
			lower->p[i] += 'a' - 'A';
	element = html_element(buf_span(lower));
	count_tag(reader, element, buf_span(lower), opens);
	if (element == NULL)
		return;
	if (opens) {
		html_attributes_read(
		    reader->arena, token->attributes, &attributes);
		if (element->look != HTML_LOOK_NONE)
			open_style(reader, element, &attributes);
	} else if (element->look != HTML_LOOK_NONE) {
		html_styles_close(&reader->styles, element->look);
	}
	if (element->space != NULL)
		html_page_space(reader, element->space);
	if (opens) {
		html_links_take(reader, element, &attributes);
		look_at(reader, element, &attributes);
	}
}

void
html_take_doctype(struct html_reader *reader)
{
	tag_number(reader, NULL, span_of("!doctype"));
	reader->tag_total++;
	reader->element_total++;
}
