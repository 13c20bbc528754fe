/*
 * Any octets as HTML: text, what is seen of it and what is not hold together,
 * and every address is the part of its limit.  Attributes and colours are
 * reached through the tags that have them.
 */
#include <stdint.h>
#include <stdlib.h>

#include "html/html.h"
#include "html/htmluri.h"
#include "text/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Characters of what is hidden stand in the text in the same order, and so do
 * the others. */
static void
check_apart(const struct html *html)
{
	if (html->visible.len + html->invisible.len != html->text.len ||
	    !charset_is_utf8(html->text) || !charset_is_utf8(html->visible) ||
	    !charset_is_utf8(html->invisible))
		abort();
}

static void
check_uris(const struct html *html)
{
	size_t i, k, octets = 0;

	for (i = 0; i < html->uri_count; i++) {
		for (k = 0; k < html->uris[i].anchors.count; k++)
			octets += html->uris[i].anchors.lines[k].len;
		if (!charset_is_utf8(html->uris[i].uri))
			abort();
	}
	if (octets > HTML_TEXT_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	static struct arena arena;
	const struct html *html;
	size_t i;

	html = html_read(&arena, text, size);
	check_apart(html);
	check_uris(html);
	for (i = 0; i < html->tag_count; i++)
		if (html_find_tag(html, html->tags[i].name) != &html->tags[i] ||
		    html->tags[i].inside > html->tags[i].opened)
			abort();
	if (html_fact(html, "html") == NULL ||
	    html_fact(html, "length")->value > (double)size)
		abort();
	arena_reset(&arena);
	return 0;
}
