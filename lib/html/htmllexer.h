/*
 * htmllexer: what the parts of the tokenizer (html/htmltoken.h) share.
 */
#ifndef HTML_HTMLLEXER_H
#define HTML_HTMLLEXER_H

#include "html/htmltoken.h"

#define HTML_LITERALS 7

/* A marked section, <![CDATA[ ... ]]>: the highest of those that are open
 * counts. */
enum html_section {
	HTML_SECTION_NONE,
	HTML_SECTION_INCLUDE,
	HTML_SECTION_RCDATA,
	HTML_SECTION_CDATA,
	HTML_SECTION_IGNORE
};

struct html_lexer {
	const char *end;
	const struct html_literal *literal;
	/* A search for an element's end that found none is not done again: one
	 * that starts later finds none either. */
	bool unclosed[HTML_LITERALS];
	enum html_section
	    sections[HTML_SECTIONS_MAX]; /* each with those below */
	size_t section_count;
	const char *pending_end; /* an element to close before anything else */
	bool is_raw;
	bool short_comments; /* they end at the first ">" */
	unsigned broken_declarations;
	void (*take)(void *context, const struct html_token *token);
	void *context;
};

static inline bool
html_is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
html_is_alpha(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
html_is_name_first(int c)
{
	return html_is_alpha(c) || c == '_' || c == ':';
}

static inline bool
html_is_name(int c)
{
	return html_is_name_first(c) || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.';
}

/* The octet there, 0 at the end. */
static inline int
html_at(const struct html_lexer *lexer, const char *s)
{
	return s < lexer->end ? (unsigned char)*s : 0;
}

static inline const char *
html_skip_spaces(const char *s, const char *end)
{
	while (s < end && html_is_space((unsigned char)*s))
		s++;
	return s;
}

/* Where c is, or the end. */
static inline const char *
html_find(const char *s, const char *end, char c)
{
	const char *p = s < end ? memchr(s, c, (size_t)(end - s)) : NULL;

	return p != NULL ? p : end;
}

static inline struct span
html_between(const char *from, const char *to)
{
	return (struct span){from, (size_t)(to - from)};
}

static inline enum html_section
html_section(const struct html_lexer *lexer)
{
	return lexer->section_count > 0
		   ? lexer->sections[lexer->section_count - 1]
		   : HTML_SECTION_NONE;
}

static inline void
html_section_update(struct html_lexer *lexer)
{
	lexer->is_raw = html_section(lexer) == HTML_SECTION_CDATA;
}

/* Tells of it, unless it is in a section that is left out. */
void html_emit(struct html_lexer *lexer, const struct html_token *token);
void html_emit_comment(
    struct html_lexer *lexer, const char *from, const char *to);

/* Closes the element that waits for it. */
void html_close_pending(struct html_lexer *lexer);

/* Reads what begins at from with "<!".  Returns where it ends; from itself if
 * its end is not there. */
const char *html_read_mark(struct html_lexer *lexer, const char *from);

#endif
