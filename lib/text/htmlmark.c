/*
 * What begins with "<!": comments, marked sections, declarations.
 *
 * Functions that read return where it ends; from itself if its end is not
 * there; NULL if it is something else.
 */
#include "text/htmllexer.h"

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

/* Behind "<![": names, comments, "[". */
static const char *
read_section(struct html_lexer *lexer, const char *from)
{
	const char *s = from + 3, *end = lexer->end, *name;
	enum html_section is = HTML_SECTION_NONE, outer = html_section(lexer);
	bool named = false;

	for (;;) {
		s = html_skip_spaces(s, end);
		while (html_is_name_first(html_at(lexer, s))) {
			for (name = s; html_is_name(html_at(lexer, s)); s++)
				;
			if (span_iis(html_between(name, s), "ignore"))
				is = HTML_SECTION_IGNORE;
			else if (span_iis(html_between(name, s), "cdata") &&
				 is < HTML_SECTION_CDATA)
				is = HTML_SECTION_CDATA;
			else if (span_iis(html_between(name, s), "rcdata") &&
				 is < HTML_SECTION_RCDATA)
				is = HTML_SECTION_RCDATA;
			else if (span_iis(html_between(name, s), "include") &&
				 is < HTML_SECTION_INCLUDE)
				is = HTML_SECTION_INCLUDE;
			named = true;
			s = html_skip_spaces(s, end);
			if (s == end)
				return from;
		}
		if (html_at(lexer, s) != '-')
			break;
		if (html_at(lexer, s + 1) != '-')
			return NULL;
		for (s += 2;; s++) {
			s = html_find(s, end, '-');
			if (s == end)
				return from;
			if (html_at(lexer, s + 1) == '-')
				break;
		}
		s += 2;
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

/* <!DOCTYPE ...> and <!ENTITY ...>: words, strings, comments. */
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
		if (*s == '"' || *s == '\'') {
			s = html_find(s + 1, end, *s);
			s = s < end ? s + 1 : s;
		} else if (*s == '-') {
			if (s + 1 == end)
				return from;
			if (s[1] != '-') {
				/* it is read in vain, and again */
				lexer->broken_declarations++;
				return NULL;
			}
			for (s += 2; s < end; s++) {
				s = html_find(s, end, '-');
				if (html_at(lexer, s + 1) == '-')
					break;
			}
			s = s < end ? s + 2 : end;
		} else {
			while (s < end && *s != '>' &&
			       !html_is_space((unsigned char)*s))
				s++;
		}
		if (s == end)
			return from;
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
