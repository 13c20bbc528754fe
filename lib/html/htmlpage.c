/*
 * The text of it, by pieces: what is between two tags, or stands for one.
 */
#include "base/ascii.h"
#include "html/htmlread.h"
#include "text/charset.h"

#define PIECE_MAX 7 /* letters of a piece of a word */

/* An "A circumflex" and a no-break space: what a no-break space of UTF-8 looks
 * like if it is read wrong. */
static const struct span wrong_space = {"\xc3\x82\xc2\xa0", 4};

/* White space, of Unicode where text is that. */
static bool
is_space(int32_t code, bool wide)
{
	return wide || code < 0x80 ? charset_is_space(code) : false;
}

/* What words are made of: neither white space nor punctuation. */
static bool
is_part(int32_t code, bool wide)
{
	if (code >= 0x80)
		return !is_space(code, wide);
	return !is_space(code, wide) &&
	       (code < ' ' || code == 0x7f || (code >= '0' && code <= '9') ||
		   ((code | 0x20) >= 'a' && (code | 0x20) <= 'z'));
}

/* Blocks of Unicode without letters, or with few. */
static const struct range {
	int32_t from;
	int32_t to;
} signs[] = {{0xd7, 0xd7}, {0xf7, 0xf7}, {0x2000, 0x2bff}, {0x3000, 0x3004},
    {0x3008, 0x3020}, {0xe000, 0xf8ff}, {0xfe10, 0xfe1f}, {0xfe30, 0xfe6f},
    {0xfeff, 0xfeff}, {0xff01, 0xff0f}, {0xff1a, 0xff20}, {0xff3b, 0xff40},
    {0xff5b, 0xff65}, {0xfff0, 0xffff}, {0x1f000, 0x1faff}};

/* A letter or digit, nearly. */
static bool
is_word(int32_t code, bool wide)
{
	size_t i;

	if (code < 0x80)
		return (code >= '0' && code <= '9') || code == '_' ||
		       ((code | 0x20) >= 'a' && (code | 0x20) <= 'z');
	if (!wide)
		return false;
	if (code < 0xc0)
		return code == 0xaa || code == 0xb5 || code == 0xba;
	for (i = 0; i < nitems(signs); i++)
		if (code >= signs[i].from && code <= signs[i].to)
			return false;
	return true;
}

/* Takes the last character off. */
static int32_t
take_last(struct span *text)
{
	struct span last;
	size_t from = text->len - 1;

	while (from > 0 && (text->p[from] & 0xc0) == 0x80)
		from--;
	last = span_from(*text, from);
	text->len = from;
	return charset_take(&last);
}

/* How many parts of a word stand at the end of text, at a word's border; 0 if
 * it ends in none. */
static size_t
piece_before(struct span text, bool wide)
{
	bool word[PIECE_MAX + 1] = {false}; /* of each, from the last on */
	size_t count, len;
	int32_t code;

	for (count = 0; count <= PIECE_MAX && text.len > 0; count++) {
		code = take_last(&text);
		word[count] = is_word(code, wide);
		if (!is_part(code, wide))
			break;
	}
	for (len = count < PIECE_MAX ? count : PIECE_MAX; len > 0; len--)
		if (word[len - 1] != word[len])
			return len;
	return 0;
}

/* The same at the front. */
static size_t
piece_behind(struct span text, bool wide)
{
	bool word[PIECE_MAX + 1] = {false};
	size_t count, len;
	int32_t code;

	for (count = 0; count <= PIECE_MAX && text.len > 0; count++) {
		code = charset_take(&text);
		word[count] = is_word(code, wide);
		if (!is_part(code, wide))
			break;
	}
	for (len = count < PIECE_MAX ? count : PIECE_MAX; len > 0; len--)
		if (word[len - 1] != word[len])
			return len;
	return 0;
}

/* Words with tags in them are there to be read by nobody but men. */
static void
note_cut_words(struct html_reader *reader, struct span text, bool wide)
{
	struct html_page *page = &reader->page;
	struct span last = span_from(buf_span(&page->all), page->start);
	struct span before = last, behind = text;
	size_t first, second;

	if (!page->any || last.len == 0 || text.len == 0)
		return;
	if (!is_part(take_last(&before), page->is_wide) ||
	    !is_part(charset_take(&behind), wide))
		return;
	reader->obfuscation++;
	first = piece_before(last, page->is_wide);
	second = piece_behind(text, wide);
	if (first > 0 && second > 0)
		reader->pairs[(first - 1) * PIECE_MAX + second - 1] = true;
}

/* White space is one blank each time. */
static void
add_joined(struct buf *buf, struct span text)
{
	size_t len;

	while (text.len > 0) {
		for (len = 0; len < text.len && !ascii_is_space(text.p[len]);
		     len++)
			if (text.p[len] == wrong_space.p[0] &&
			    span_starts(span_from(text, len), wrong_space.p))
				break;
		buf_add(buf, text.p, len);
		text = span_from(text, len);
		if (text.len == 0)
			break;
		buf_adds(buf, " ");
		if (ascii_is_space(text.p[0]))
			while (text.len > 0 && ascii_is_space(text.p[0]))
				text = span_from(text, 1);
		else
			text = span_from(text, wrong_space.len);
	}
}

static bool
has_ink(struct span text)
{
	for (;;) {
		while (text.len > 0 && ascii_is_space(text.p[0]))
			text = span_from(text, 1);
		if (!span_starts(text, wrong_space.p))
			return text.len > 0;
		text = span_from(text, wrong_space.len);
	}
}

/* What of it fits, whole characters. */
static struct span
cut(const struct buf *buf, struct span text)
{
	size_t room = buf->max - buf->len;

	if (text.len <= room)
		return text;
	while (room > 0 && (text.p[room] & 0xc0) == 0x80)
		room--;
	return (struct span){text.p, room};
}

/* Makes what was added to all since start the last piece. */
static void
end_piece(struct html_page *page, bool blank, bool hidden, bool wide)
{
	buf_addspan(hidden ? &page->invisible : &page->visible,
	    span_from(buf_span(&page->all), page->start));
	page->any = true;
	page->is_blank = blank;
	page->is_hidden = hidden;
	page->is_wide = wide;
}

/* White space behind white space is none. */
static struct span
without_blank(struct span text)
{
	if (text.len == 0 || !ascii_is_space(text.p[0]))
		return span_from(text,
		    span_starts(text, wrong_space.p) ? wrong_space.len : 0);
	while (text.len > 0 && ascii_is_space(text.p[0]))
		text = span_from(text, 1);
	return text;
}

void
html_page_text(struct html_reader *reader, struct span text, bool wide)
{
	struct html_page *page = &reader->page;
	enum html_hiding hiding = HTML_SEEN;

	if (has_ink(text))
		hiding = html_styles_hiding(&reader->styles);
	if (hiding == HTML_LOW_CONTRAST)
		reader->saw |= HTML_SAW_LOW_CONTRAST;
	else if (hiding == HTML_INVALID_COLOR)
		reader->saw |= HTML_SAW_INVALID_COLOR;
	note_cut_words(reader, text, wide);
	page->start = page->all.len;
	if (page->any && page->is_blank && hiding == HTML_SEEN)
		text = without_blank(text);
	add_joined(&page->all, cut(&page->all, text));
	end_piece(page, false, hiding != HTML_SEEN, wide);
	reader->html->wide = reader->html->wide || wide;
}

void
html_page_space(struct html_reader *reader, const char *space)
{
	struct html_page *page = &reader->page;

	if (page->any && !page->is_blank && !page->is_hidden &&
	    page->all.len > page->start &&
	    page->all.p[page->all.len - 1] == ' ') {
		page->all.p[--page->all.len] = '\0';
		page->visible.p[--page->visible.len] = '\0';
	}
	page->start = page->all.len;
	buf_addspan(&page->all, cut(&page->all, span_of(space)));
	end_piece(page, true, false, false);
}

/* Lengths of what came out, in characters. */
void
html_page_end(struct html_reader *reader, size_t octets)
{
	struct html_page *page = &reader->page;
	struct span rest = buf_span(&page->all);
	size_t length = 0, spaces = 0;
	int32_t code;

	while (rest.len > 0) {
		code = charset_take(&rest);
		length++;
		/* a form feed is none if text is octets */
		if (is_space(code, reader->html->wide) &&
		    (code != '\f' || reader->html->wide))
			spaces++;
	}
	html_note(reader, "html_length", (double)length);
	html_note(reader, "non_space_len", (double)(length - spaces));
	if (octets > 0)
		html_note(reader, "ratio",
		    ((double)octets - (double)length) / (double)octets);
	reader->html->text = arena_copy(reader->arena, buf_span(&page->all));
	reader->html->visible =
	    arena_copy(reader->arena, buf_span(&page->visible));
	reader->html->invisible =
	    arena_copy(reader->arena, buf_span(&page->invisible));
}
