#include "html/html.h"
#include "base/ascii.h"
#include "html/htmlentity.h"
#include "html/htmlread.h"
#include "text/charset.h"

void
html_note(struct html_reader *reader, const char *name, double value)
{
	const struct html_fact fact = {.name = name, .value = value};

	buf_add(&reader->facts, &fact, sizeof(fact));
}

void
html_note_text(struct html_reader *reader, const char *name, struct span text)
{
	struct html_fact fact = {.name = name, .value = 1, .text = text};

	if (text.p == NULL)
		fact.text = span_of("");
	if (reader->text_facts++ < HTML_FACTS_MAX)
		buf_add(&reader->facts, &fact, sizeof(fact));
}

void
html_end_title(struct html_reader *reader)
{
	if (reader->has_title)
		html_note_text(reader, "title",
		    arena_copy(reader->arena, buf_span(&reader->title)));
	reader->has_title = false;
	buf_reset(&reader->title);
}

static const char no_break[] = "&nbsp;";

static void
take_text(struct html_reader *reader, const struct html_token *token)
{
	struct span text = token->text;
	bool wide = reader->wide;

	if (!token->is_raw && text.len > 0 &&
	    memchr(text.p, '&', text.len) != NULL) {
		buf_reset(&reader->scratch);
		wide = html_decode(&reader->scratch, text, true) || wide;
		text = buf_span(&reader->scratch);
	}
	if (reader->inside_script > 0) {
		html_note_text(reader, "script", token->text);
		return;
	}
	if (reader->inside_style > 0)
		return;
	if (reader->inside_a > 0)
		html_links_text(reader, text);
	if (reader->inside_title > 0)
		buf_addspan(&reader->title, text);
	html_page_text(reader, text, wide);
}

static void
take(void *context, const struct html_token *token)
{
	struct html_reader *reader = context;

	switch (token->kind) {
	case HTML_START:
	case HTML_END:
		html_take_tag(reader, token);
		break;
	case HTML_TEXT:
		take_text(reader, token);
		break;
	case HTML_COMMENT:
		html_note_text(reader, "comment", token->text);
		break;
	case HTML_DECLARATION:
		if (span_istarts(token->text, "<!doctype"))
			html_take_doctype(reader);
		break;
	}
}

/* Octets of "<br />", up to its ">"; 0 if it is none.  name is its "br". */
static size_t
empty_tag(struct span text, struct span *name)
{
	size_t len = 1;

	while (len < text.len && ascii_is_word(text.p[len]))
		len++;
	*name = (struct span){text.p + 1, len - 1};
	while (len > 1 && len < text.len) {
		if (ascii_is_space(text.p[len]))
			len++;
		else if (span_starts(span_from(text, len), no_break))
			len += strlen(no_break);
		else
			break;
	}
	return name->len > 0 && span_starts(span_from(text, len), "/>")
		   ? len + 2
		   : 0;
}

/* Takes one octet, or what is to be another one, off the front.  Returns how
 * many octets it is in to. */
static size_t
take_changed(struct span *text, bool utf8, char *to)
{
	unsigned char c = (unsigned char)text->p[0];
	struct span name;
	size_t len = 1;

	to[0] = (char)c;
	if (c == '&' && span_starts(*text, no_break)) {
		to[0] = ' ';
		len = strlen(no_break);
	} else if (c == '<' && (len = empty_tag(*text, &name)) > 0) {
		memcpy(to + 1, name.p, name.len);
		to[1 + name.len] = '>';
		*text = span_from(*text, len);
		return name.len + 2;
	} else if (c == 0xe2 && (span_starts(*text, "\xe2\x80\x9c") ||
				    span_starts(*text, "\xe2\x80\x9d"))) {
		to[0] = '"';
		len = 3;
	} else if (c >= 0x80 && !utf8) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		*text = span_from(*text, 1);
		return 2;
	} else {
		len = 1;
	}
	*text = span_from(*text, len);
	return 1;
}

/* What is read, as it is easier to read: "&nbsp;" is a blank, "<br />" is
 * "<br>", double quotes of typographers are those of programmers, and what is
 * no UTF-8 is Latin 1. */
static struct span
prepare(struct html_reader *reader, struct span text)
{
	bool utf8 = charset_is_utf8(text);
	char *start, *p;
	size_t i, wide = 0;

	for (i = 0; i < text.len; i++)
		wide += (text.p[i] & 0xc0) == 0x80;
	reader->wide = utf8 && wide > 0;
	html_note(reader, "length", (double)(text.len - (utf8 ? wide : 0)));
	p = start = arena_alloc(reader->arena, (utf8 ? 1 : 2) * text.len + 1);
	while (text.len > 0) {
		for (i = 0; i < text.len && (text.p[i] & 0x80) == 0 &&
			    text.p[i] != '&' && text.p[i] != '<';
		     i++)
			*p++ = text.p[i];
		text = span_from(text, i);
		if (text.len > 0)
			p += take_changed(&text, utf8, p);
	}
	return (struct span){start, (size_t)(p - start)};
}

static void
note_seen(struct html_reader *reader)
{
	static const char *const names[] = {"font_low_contrast",
	    "font_invalid_color", "font_face_bad", "form_action_mailto",
	    "embeds"};
	size_t i;

	for (i = 0; i < nitems(names); i++)
		if ((reader->saw >> i & 1) != 0)
			html_note(reader, names[i], 1);
}

static void
note_ratios(struct html_reader *reader)
{
	double tags = (double)reader->tag_total;
	double elements = (double)reader->element_total, count = 0;
	size_t i;

	if (reader->tag_total > 0)
		html_note(reader, "closed_extra_ratio",
		    (double)reader->closed_extra / tags);
	if (reader->element_total > 0)
		html_note(reader, "bad_tag_ratio", (tags - elements) / tags);
	if (reader->elements_seen > 0)
		html_note(reader, "non_element_ratio",
		    ((double)reader->tags_seen -
			(double)reader->elements_seen) /
			(double)reader->tags_seen);
	if (reader->tag_total > 0 && reader->obfuscation > 0)
		html_note(reader, "obfuscation_ratio",
		    (double)reader->obfuscation / tags);
	for (i = 0; i < HTML_PAIRS; i++)
		count += reader->pairs[i];
	if (count > 0)
		html_note(reader, "backhair_count", count);
}

static void
init(struct html_reader *reader, struct arena *arena)
{
	*reader = (struct html_reader){.arena = arena};
	reader->html = arena_alloc(arena, sizeof(*reader->html));
	html_styles_init(&reader->styles, arena);
	buf_init(&reader->page.all, HTML_TEXT_MAX);
	buf_init(&reader->page.visible, HTML_TEXT_MAX);
	buf_init(&reader->page.invisible, HTML_TEXT_MAX);
	reader->links.names =
	    (struct html_names){.arena = arena, .max = HTML_URIS_MAX};
	buf_init(&reader->links.places, SIZE_MAX / 2);
	buf_init(&reader->links.anchors, SIZE_MAX / 2);
	buf_init(&reader->links.text, HTML_TEXT_MAX);
	reader->tag_names =
	    (struct html_names){.arena = arena, .max = HTML_TAGS_MAX};
	buf_init(&reader->tags, SIZE_MAX / 2);
	buf_init(&reader->others, SIZE_MAX / 2);
	buf_init(&reader->facts, SIZE_MAX / 2);
	buf_init(&reader->scratch, SIZE_MAX / 2);
	buf_init(&reader->title, HTML_TEXT_MAX);
}

static void
finish(struct html_reader *reader)
{
	struct html *html = reader->html;

	html->facts = (struct html_fact *)(void *)arena_copy(
	    reader->arena, buf_span(&reader->facts))
			  .p;
	html->fact_count = reader->facts.len / sizeof(*html->facts);
	html->tags = (struct html_tag *)(void *)arena_copy(
	    reader->arena, buf_span(&reader->tags))
			 .p;
	html->tag_count = reader->tags.len / sizeof(*html->tags);
	buf_free(&reader->page.all);
	buf_free(&reader->page.visible);
	buf_free(&reader->page.invisible);
	buf_free(&reader->links.places);
	buf_free(&reader->links.anchors);
	buf_free(&reader->links.text);
	buf_free(&reader->tags);
	buf_free(&reader->others);
	buf_free(&reader->facts);
	buf_free(&reader->scratch);
	buf_free(&reader->title);
}

struct html *
html_read(struct arena *arena, struct span text, size_t octets)
{
	struct html_reader reader;

	init(&reader, arena);
	html_note(&reader, "html", 1);
	html_tokens(prepare(&reader, text), take, &reader);
	html_end_title(&reader);
	html_note(&reader, "image_area", reader.image_area);
	html_note(&reader, "max_size", (double)reader.styles.max_size);
	html_note(&reader, "min_size", (double)reader.styles.min_size);
	note_seen(&reader);
	note_ratios(&reader);
	html_page_end(&reader, octets);
	html_links_end(&reader);
	finish(&reader);
	return reader.html;
}

const struct html *
html_next(const struct mail *mail, size_t *at)
{
	while (*at < mail->leaf_count) {
		const struct html *html = mail->leaves[(*at)++]->html;

		if (html != NULL)
			return html;
	}
	return NULL;
}

const struct html_fact *
html_fact(const struct html *html, const char *name)
{
	size_t i;

	for (i = 0; i < html->fact_count; i++)
		if (strcmp(html->facts[i].name, name) == 0)
			return &html->facts[i];
	return NULL;
}

const struct html_tag *
html_find_tag(const struct html *html, struct span name)
{
	size_t i;

	for (i = 0; i < html->tag_count; i++)
		if (span_eq(html->tags[i].name, name))
			return &html->tags[i];
	return NULL;
}

unsigned
html_tag(const struct html *html, const char *name)
{
	const struct html_tag *tag = html_find_tag(html, span_of(name));

	return tag != NULL ? tag->opened : 0;
}
