/*
 * What begins with "<!": comments, marked sections, declarations.
 *
 * Functions that read return where it ends; from itself if its end is not
 * there; NULL if it is something else.
 */
#include "html/htmllexer.h"

static const char *
read_comment(struct html_lexer *lexer, const char *from)
{
	const char *s = from + 4, *after, *end = lexer->end;

	if (lexer->short_comments) {
		s = html_find(s, end, '>');
		if (s == end)
			return from;
		html_emit_comment(lexer, from, s + 1);
		return s + 1;
	}
	for (;; s++) {
		s = html_find(s, end, '-');
		if (s == end)
			return from;
		if (html_at(lexer, s + 1) != '-')
			continue;
		after = html_skip_spaces(s + 2, end);
		if (after == end)
			return from;
		if (*after == '>') {
			html_emit_comment(lexer, from, after + 1);
			return after + 1;
		}
	}
}

static enum html_section
section_of(struct span name)
{
	static const char *const names[] = {
	    [HTML_SECTION_INCLUDE] = "include",
	    [HTML_SECTION_RCDATA] = "rcdata",
	    [HTML_SECTION_CDATA] = "cdata",
	    [HTML_SECTION_IGNORE] = "ignore",
	};
	enum html_section i;

	for (i = HTML_SECTION_INCLUDE; i <= HTML_SECTION_IGNORE; i++)
		if (span_iis(name, names[i]))
			return i;
	return HTML_SECTION_NONE;
}

/* Takes names off the front; the highest of them counts.  Returns whether there
 * is one. */
static bool
take_names(
    struct html_lexer *lexer, const char **at, enum html_section *highest)
{
	const char *s = html_skip_spaces(*at, lexer->end), *name;
	enum html_section section;

	if (!html_is_name_first(html_at(lexer, s)))
		return false;
	while (html_is_name_first(html_at(lexer, s))) {
		for (name = s; html_is_name(html_at(lexer, s)); s++)
			;
		section = section_of(html_between(name, s));
		if (section > *highest)
			*highest = section;
		s = html_skip_spaces(s, lexer->end);
	}
	*at = s;
	return true;
}

/* Where what is behind the next "--" begins, or the end. */
static const char *
find_dashes(struct html_lexer *lexer, const char *s)
{
	for (;; s++) {
		s = html_find(s, lexer->end, '-');
		if (s == lexer->end)
			return s;
		if (html_at(lexer, s + 1) == '-')
			return s + 2;
	}
}

/* Behind "<![": names, comments, "[". */
static const char *
read_section(struct html_lexer *lexer, const char *from)
{
	enum html_section is = HTML_SECTION_NONE, outer = html_section(lexer);
	const char *s = from + 3, *end = lexer->end;
	bool named = false;

	for (;;) {
		if (take_names(lexer, &s, &is)) {
			named = true;
			if (s == end)
				return from;
		}
		s = html_skip_spaces(s, end);
		if (html_at(lexer, s) != '-')
			break;
		if (html_at(lexer, s + 1) != '-')
			return NULL;
		s = find_dashes(lexer, s + 2);
		if (s == end)
			return from;
	}
	if (html_at(lexer, s) != '[' ||
	    lexer->section_count == HTML_SECTIONS_MAX)
		return NULL;
	if (!named)
		is = HTML_SECTION_INCLUDE;
	lexer->sections[lexer->section_count++] = is > outer ? is : outer;
	html_section_update(lexer);
	html_close_pending(lexer);
	return s + 1;
}

/* Takes a word, a string or a comment off the front of a declaration.  NULL if
 * it is none of these. */
static const char *
take_word(struct html_lexer *lexer, const char *s)
{
	const char *end = lexer->end;
	char quote = *s;

	if (quote == '"' || quote == '\'') {
		s = html_find(s + 1, end, quote);
		return s < end ? s + 1 : end;
	}
	if (quote == '-') {
		if (s + 1 == end)
			return end;
		return s[1] == '-' ? find_dashes(lexer, s + 2) : NULL;
	}
	while (s < end && *s != '>' && !html_is_space((unsigned char)*s))
		s++;
	return s;
}

/* <!DOCTYPE ...> and <!ENTITY ...> */
static const char *
read_words(struct html_lexer *lexer, const char *from)
{
	struct html_token token = {.kind = HTML_DECLARATION};
	const char *s = from + 2, *end = lexer->end;
	struct span name;

	while (html_is_name(html_at(lexer, s)))
		s++;
	if (s == end)
		return from;
	name = html_between(from + 2, s);
	if (!span_iis(name, "doctype") && !span_iis(name, "entity"))
		return NULL;
	if (lexer->broken_declarations == HTML_DECLARATIONS_MAX)
		return NULL;
	for (;;) {
		s = html_skip_spaces(s, end);
		if (s == end)
			return from;
		if (*s == '>')
			break;
		s = take_word(lexer, s);
		if (s == NULL) {
			/* it was read in vain, and is read again */
			lexer->broken_declarations++;
			return NULL;
		}
	}
	token.text = html_between(from, s + 1);
	html_emit(lexer, &token);
	return s + 1;
}

const char *
html_read_mark(struct html_lexer *lexer, const char *from)
{
	const char *next = NULL, *s;
	int c = html_at(lexer, from + 2);

	if (c == '-') {
		if (from + 3 == lexer->end)
			return from;
		if (from[3] == '-')
			return read_comment(lexer, from);
	} else if (c == '[') {
		next = read_section(lexer, from);
	} else if (html_is_alpha(c)) {
		next = read_words(lexer, from);
	}
	if (next != NULL)
		return next;
	s = html_find(from + 2, lexer->end, '>');
	if (s == lexer->end)
		return from;
	html_emit_comment(lexer, from, s + 1);
	return s + 1;
}
