#include "html/htmlelement.h"
#include "base/ascii.h"
#include "html/htmlentity.h"
#include "html/htmltoken.h"

#define NAME_MAX_LEN 24

/* HTML 4.01 and XHTML 1.0, 91 elements, and some that are none; sorted. */
static const struct html_element elements[] = {
    {"a", NULL, HTML_LOOK_A, HTML_LINK_HREF, false},
    {"abbr", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"acronym", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"address", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"applet", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"area", NULL, HTML_LOOK_NONE, HTML_LINK_HREF, false},
    {"b", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"base", NULL, HTML_LOOK_NONE, HTML_LINK_BASE, false},
    {"basefont", NULL, HTML_LOOK_BASEFONT, HTML_LINK_NONE, false},
    {"bdo", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"bgsound", NULL, HTML_LOOK_NONE, HTML_LINK_SRC, true},
    {"big", NULL, HTML_LOOK_BIG, HTML_LINK_NONE, false},
    {"blockquote", "\n\n", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"body", NULL, HTML_LOOK_BODY, HTML_LINK_BACKGROUND, false},
    {"br", "\n", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"button", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"caption", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"center", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"cite", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"code", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"col", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"colgroup", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"dd", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"del", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"dfn", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"dir", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"div", "\n", HTML_LOOK_DIV, HTML_LINK_NONE, false},
    {"dl", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"dt", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"em", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"embed", " ", HTML_LOOK_NONE, HTML_LINK_SRC, true},
    {"fieldset", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"font", NULL, HTML_LOOK_FONT, HTML_LINK_NONE, false},
    {"form", NULL, HTML_LOOK_NONE, HTML_LINK_ACTION, false},
    {"frame", NULL, HTML_LOOK_NONE, HTML_LINK_SRC, false},
    {"frameset", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"h1", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"h2", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"h3", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"h4", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"h5", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"h6", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"head", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"hr", "\n\n", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"html", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"i", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"iframe", NULL, HTML_LOOK_NONE, HTML_LINK_SRC, false},
    {"img", NULL, HTML_LOOK_NONE, HTML_LINK_SRC, false},
    {"input", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"ins", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"isindex", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"kbd", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"label", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"legend", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"li", " ", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"link", NULL, HTML_LOOK_NONE, HTML_LINK_HREF, false},
    {"listing", "\n\n", HTML_LOOK_NONE, HTML_LINK_NONE, true},
    {"map", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"menu", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"meta", NULL, HTML_LOOK_NONE, HTML_LINK_META, false},
    {"nobr", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"noframes", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"noscript", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"object", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"ol", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"optgroup", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"option", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"p", "\n\n", HTML_LOOK_P, HTML_LINK_NONE, false},
    {"param", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"plaintext", "\n\n", HTML_LOOK_NONE, HTML_LINK_NONE, true},
    {"pre", "\n\n", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"q", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"s", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"samp", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"script", NULL, HTML_LOOK_NONE, HTML_LINK_SRC, false},
    {"select", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"small", NULL, HTML_LOOK_SMALL, HTML_LINK_NONE, false},
    {"span", NULL, HTML_LOOK_SPAN, HTML_LINK_NONE, false},
    {"strike", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"strong", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"style", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"sub", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"sup", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"table", NULL, HTML_LOOK_TABLE, HTML_LINK_BACKGROUND, false},
    {"tbody", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"td", " ", HTML_LOOK_TD, HTML_LINK_BACKGROUND, false},
    {"textarea", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"tfoot", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"th", " ", HTML_LOOK_TD, HTML_LINK_NONE, false},
    {"thead", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"title", "\n\n", HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"tr", NULL, HTML_LOOK_TR, HTML_LINK_BACKGROUND, false},
    {"tt", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"u", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"ul", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"var", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"x-sigsep", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"x-tab", NULL, HTML_LOOK_NONE, HTML_LINK_NONE, false},
    {"xmp", "\n\n", HTML_LOOK_NONE, HTML_LINK_NONE, true},
};

static const char *const names[HTML_ATTRIBUTES] = {
    [HTML_ACTION] = "action",
    [HTML_ALINK] = "alink",
    [HTML_BACKGROUND] = "background",
    [HTML_BGCOLOR] = "bgcolor",
    [HTML_COLOR] = "color",
    [HTML_CONTENT] = "content",
    [HTML_SAFE_URL] = "data-saferedirecturl",
    [HTML_FACE] = "face",
    [HTML_HEIGHT] = "height",
    [HTML_HREF] = "href",
    [HTML_HTTP_EQUIV] = "http-equiv",
    [HTML_LINK] = "link",
    [HTML_SIZE] = "size",
    [HTML_SRC] = "src",
    [HTML_STYLE] = "style",
    [HTML_TEXT_COLOR] = "text",
    [HTML_VLINK] = "vlink",
    [HTML_WIDTH] = "width",
};

const struct html_element *
html_element(struct span name)
{
	size_t from = 0, to = nitems(elements), middle;
	char wanted[NAME_MAX_LEN];
	int order;

	if (name.len >= sizeof(wanted) ||
	    memchr(name.p, '\0', name.len) != NULL)
		return NULL;
	memcpy(wanted, name.p, name.len);
	wanted[name.len] = '\0';
	while (from < to) {
		middle = from + (to - from) / 2;
		order = strcmp(wanted, elements[middle].name);
		if (order == 0)
			return &elements[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

size_t
html_element_index(const struct html_element *element)
{
	_Static_assert(
	    nitems(elements) <= HTML_ELEMENTS_MAX, "all have a place");

	return (size_t)(element - elements);
}

bool
html_element_is_office(struct span name)
{
	size_t i;

	if (span_starts(name, "o:"))
		name = span_from(name, 2);
	else if (name.len > 4 && span_starts(name, "st") && name.p[2] >= '0' &&
		 name.p[2] <= '9' && name.p[3] == ':')
		name = span_from(name, 4);
	else
		return false;
	if (span_ends(name, "/"))
		name.len--;
	for (i = 0; i < name.len; i++)
		if (!ascii_is_word((unsigned char)name.p[i]) &&
		    name.p[i] != '-')
			return false;
	return name.len > 0;
}

static struct span
decode(struct arena *arena, struct span value)
{
	struct buf buf = BUF_INIT(value.len);

	if (value.len == 0)
		return span_of("");
	if (memchr(value.p, '&', value.len) == NULL)
		return value;
	html_decode(&buf, value, false);
	value = arena_copy(arena, buf_span(&buf));
	buf_free(&buf);
	return value;
}

/* A word, and behind it that ending, somewhere in the name: what is left of a
 * tag that was not written well. */
static bool
is_odd(struct span name, const char *ending)
{
	const char *p = name.p;

	while ((p = span_ifind(span_from(name, (size_t)(p - name.p)),
		    span_of(ending))) != NULL) {
		if (p > name.p && ascii_is_word((unsigned char)p[-1]))
			return true;
		p++;
	}
	return false;
}

void
html_attributes_read(
    struct arena *arena, struct span text, struct html_attributes *attributes)
{
	struct html_attribute attribute;
	size_t i;

	*attributes = (struct html_attributes){0};
	while (html_attribute(&text, &attribute)) {
		for (i = 0; i < HTML_ATTRIBUTES; i++)
			if (span_iis(attribute.name, names[i]))
				break;
		if (i < HTML_ATTRIBUTES && attributes->values[i].p == NULL)
			attributes->values[i] = decode(arena, attribute.value);
		if (memchr(attribute.name.p, '/', attribute.name.len) == NULL)
			continue;
		if (is_odd(attribute.name, "/href"))
			attributes->odd_href = decode(arena, attribute.value);
		if (is_odd(attribute.name, "/src"))
			attributes->odd_src = decode(arena, attribute.value);
	}
}
