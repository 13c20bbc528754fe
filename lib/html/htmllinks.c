/*
 * The addresses of it, and what is written on links to them.
 */
#include "base/regex.h"
#include "html/htmlread.h"
#include "html/htmluri.h"

/* Elements that have addresses; their bits are in this order. */
static const char *const elements[] = {"body", "table", "tr", "td", "a", "area",
    "link", "img", "frame", "iframe", "embed", "script", "bgsound", "form",
    "base", "meta"};

/* Addresses that are never relative ones. */
static const char *const absolute[] = {
    "data:", "mailto:", "file:", "cid:", "tel:"};

static struct html_place *
place(struct html_links *links, size_t i)
{
	return (struct html_place *)(void *)links->places.p + i;
}

/* Its number, HTML_NAMES_NONE if there are too many. */
static size_t
find(struct html_links *links, struct span uri)
{
	const struct html_place new = {.uri = uri};
	size_t number = html_names_add(&links->names, uri);

	if (number == links->places.len / sizeof(new))
		buf_add(&links->places, &new, sizeof(new));
	return number;
}

static void
push(struct html_reader *reader, const char *element, struct span uri)
{
	struct html_links *links = &reader->links;
	size_t i, number;
	unsigned bit;

	uri = html_uri_trim(uri, &links->is_cut);
	if (uri.len == 0)
		return;
	for (i = 0; i < nitems(absolute); i++)
		if (span_istarts(uri, absolute[i]))
			break;
	if (i == nitems(absolute))
		uri = html_uri_target(reader->arena, reader->html->base, uri);
	if (uri.len == 0)
		return;
	for (bit = 0; strcmp(elements[bit], element) != 0; bit++)
		;
	number = find(links, uri);
	if (number != HTML_NAMES_NONE)
		place(links, number)->elements |= 1U << bit;
}

/* Without byte order marks (U+FEFF) in it. */
static struct span
without_marks(struct arena *arena, struct span text)
{
	const struct span mark = {"\xef\xbb\xbf", 3};
	struct span copy;
	size_t i, len = 0;
	char *p;

	if (span_find(text, mark) == NULL)
		return text;
	copy = arena_copy(arena, text);
	p = arena_alloc(arena, text.len + 1);
	for (i = 0; i < copy.len;) {
		if (span_starts(span_from(copy, i), mark.p))
			i += mark.len;
		else
			p[len++] = copy.p[i++];
	}
	return (struct span){p, len};
}

static void
take_base(struct html_reader *reader, struct span uri)
{
	struct span base;

	if (uri.len == 0 || span_is(uri, "0"))
		return;
	uri = html_uri_trim(uri, &reader->links.is_cut);
	push(reader, "base", uri);
	base = html_uri_base(reader->arena, uri);
	if (base.p != NULL)
		reader->html->base = base;
}

/* The address behind the last "url=" of the first line; p NULL if there is no
 * "url=" at all. */
static struct span
refresh_target(struct span content)
{
	static struct regex_fixed url = {"\\burl\\s*=\\s*", REGEX_NOCASE, NULL};
	struct regex_match match;
	struct span line = content;
	const char *end;
	size_t at = 0;
	bool found = false;

	end = content.len > 0 ? memchr(content.p, '\n', content.len) : NULL;
	if (end != NULL)
		line.len = (size_t)(end - content.p);
	while (regex_take(&url, content, at, &match)) {
		found = true;
		if (match.start > line.len)
			break;
		at = match.end;
	}
	if (!found)
		return (struct span){0};
	content = span_from(content, at);
	end = content.len > 0 ? memchr(content.p, ';', content.len) : NULL;
	if (end != NULL)
		content.len = (size_t)(end - content.p);
	return content.p != NULL ? content : span_of("");
}

static void
take_refresh(
    struct html_reader *reader, const struct html_attributes *attributes)
{
	struct span equiv = attributes->values[HTML_HTTP_EQUIV];
	struct span content = attributes->values[HTML_CONTENT];

	if (equiv.p == NULL || content.p == NULL ||
	    span_ifind(equiv, span_of("refresh")) == NULL)
		return;
	content = refresh_target(content);
	if (content.p != NULL)
		push(reader, "meta", content);
}

void
html_links_take(struct html_reader *reader, const struct html_element *element,
    struct html_attributes *attributes)
{
	struct span *values = attributes->values, uri = {0};

	switch (element->link) {
	case HTML_LINK_NONE:
		break;
	case HTML_LINK_BACKGROUND:
		uri = values[HTML_BACKGROUND];
		break;
	case HTML_LINK_HREF:
		if (attributes->odd_href.p != NULL)
			values[HTML_HREF] = attributes->odd_href;
		if (values[HTML_HREF].p != NULL)
			values[HTML_HREF] = uri =
			    without_marks(reader->arena, values[HTML_HREF]);
		break;
	case HTML_LINK_SRC:
		uri = attributes->odd_src.p != NULL ? attributes->odd_src
						    : values[HTML_SRC];
		break;
	case HTML_LINK_ACTION:
		uri = values[HTML_ACTION];
		break;
	case HTML_LINK_BASE:
		take_base(reader, values[HTML_HREF]);
		break;
	case HTML_LINK_META:
		take_refresh(reader, attributes);
		break;
	}
	if (uri.p != NULL)
		push(reader, element->name, uri);
	if (element->link == HTML_LINK_HREF && values[HTML_SAFE_URL].p != NULL)
		push(reader, element->name, values[HTML_SAFE_URL]);
}

void
html_links_anchor(struct html_reader *reader, struct span href)
{
	struct html_links *links = &reader->links;
	struct html_anchor anchor = {.start = links->text.len};

	links->is_open = false;
	if (links->anchor_count == HTML_URIS_MAX)
		return;
	href = html_uri_trim(href, &links->is_cut);
	anchor.place = find(links, href);
	if (anchor.place == HTML_NAMES_NONE)
		return;
	anchor.end = anchor.start;
	place(links, anchor.place)->anchors++;
	buf_add(&links->anchors, &anchor, sizeof(anchor));
	links->anchor_count++;
	links->is_open = true;
}

void
html_links_text(struct html_reader *reader, struct span text)
{
	struct html_links *links = &reader->links;
	struct html_anchor *anchor;

	if (!links->is_open || !buf_addspan(&links->text, text))
		return;
	anchor = (struct html_anchor *)(void *)links->anchors.p +
		 links->anchor_count - 1;
	anchor->end = links->text.len;
}

/* Texts of anchors, each to its place. */
static void
give_anchors(struct html_reader *reader, struct text *texts)
{
	struct html_links *links = &reader->links;
	const struct html_anchor *anchor = (const void *)links->anchors.p;
	struct span all = arena_copy(reader->arena, buf_span(&links->text));
	struct span text;
	struct text *to;
	size_t i;

	for (i = 0; i < links->anchor_count; i++, anchor++) {
		text = (struct span){
		    all.p + anchor->start, anchor->end - anchor->start};
		html_note_text(reader, "anchor", text);
		to = &texts[anchor->place];
		if (to->lines == NULL)
			to->lines = arena_array(reader->arena,
			    place(links, anchor->place)->anchors,
			    sizeof(*to->lines));
		to->lines[to->count++] = text;
	}
}

void
html_links_end(struct html_reader *reader)
{
	struct html_links *links = &reader->links;
	struct html *html = reader->html;
	const struct html_place *from;
	size_t i, count = links->names.count, room = count;
	struct text *texts;
	unsigned bit;

	if (links->is_cut)
		html_note(reader, "uri_truncated", 1);
	texts = arena_array(reader->arena, count, sizeof(*texts));
	give_anchors(reader, texts);
	for (i = 0; i < count; i++)
		for (bit = 0; bit < nitems(elements); bit++)
			room += place(links, i)->elements >> bit & 1;
	html->uris = arena_array(reader->arena, room, sizeof(*html->uris));
	for (i = 0; i < count; i++) {
		from = place(links, i);
		bit = 0;
		do {
			while (from->elements != 0 &&
			       (from->elements >> bit & 1) == 0)
				bit++;
			html->uris[html->uri_count].uri = from->uri;
			if (from->elements != 0)
				html->uris[html->uri_count].element =
				    elements[bit];
			html->uris[html->uri_count++].anchors = texts[i];
			texts[i] = (struct text){0};
			bit++;
		} while (from->elements >> bit != 0);
	}
}
