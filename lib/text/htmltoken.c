#include "text/htmltoken.h"

/* Elements in which nothing is a tag but their own end. */
static const struct literal {
	const char *name;
	bool is_raw;
	bool is_rest;  /* what is never closed is text up to the end */
	bool is_empty; /* what is never closed was closed at once */
} literals[] = {
    {"script", true, false, true},
    {"style", true, false, true},
    {"xmp", true, true, false},
    {"iframe", true, true, false},
    {"plaintext", true, true, false},
    {"title", false, false, false},
    {"textarea", false, true, false},
};

/* A marked section, <![CDATA[ ... ]]>: the highest of those that are open
 * counts. */
enum section {
	SECTION_NONE,
	SECTION_INCLUDE,
	SECTION_RCDATA,
	SECTION_CDATA,
	SECTION_IGNORE
};

struct lexer {
	const char *end;
	const struct literal *literal;
	/* A search for an element's end that found none is not done again: one
	 * that starts later finds none either. */
	bool unclosed[nitems(literals)];
	enum section sections[HTML_SECTIONS_MAX]; /* each with those below */
	size_t section_count;
	const char *pending_end; /* an element to close before anything else */
	bool is_raw;
	bool short_comments; /* they end at the first ">" */
	unsigned broken_declarations;
	void (*take)(void *context, const struct html_token *token);
	void *context;
};

static bool
is_space(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_alpha(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_name_first(int c)
{
	return is_alpha(c) || c == '_' || c == ':';
}

static bool
is_name(int c)
{
	return is_name_first(c) || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.';
}

/* The octet there, 0 at the end. */
static int
at(const struct lexer *lexer, const char *s)
{
	return s < lexer->end ? (unsigned char)*s : 0;
}

static const char *
skip_spaces(const char *s, const char *end)
{
	while (s < end && is_space((unsigned char)*s))
		s++;
	return s;
}

/* Where c is, or the end. */
static const char *
find(const char *s, const char *end, char c)
{
	const char *p = s < end ? memchr(s, c, (size_t)(end - s)) : NULL;

	return p != NULL ? p : end;
}

static struct span
between(const char *from, const char *to)
{
	return (struct span){from, (size_t)(to - from)};
}

static enum section
section(const struct lexer *lexer)
{
	return lexer->section_count > 0
		   ? lexer->sections[lexer->section_count - 1]
		   : SECTION_NONE;
}

/* Closes the element that waits for it. */
static void
close_pending(struct lexer *lexer)
{
	struct html_token close = {.kind = HTML_END};

	if (lexer->pending_end == NULL)
		return;
	close.name = span_of(lexer->pending_end);
	lexer->pending_end = NULL;
	if (section(lexer) != SECTION_IGNORE)
		lexer->take(lexer->context, &close);
}

static void
emit(struct lexer *lexer, const struct html_token *token)
{
	if (token->kind != HTML_TEXT && token->kind != HTML_COMMENT)
		close_pending(lexer);
	if (section(lexer) != SECTION_IGNORE)
		lexer->take(lexer->context, token);
}

static void
emit_text(struct lexer *lexer, const char *from, const char *to)
{
	struct html_token token = {.kind = HTML_TEXT,
	    .text = between(from, to),
	    .is_raw = lexer->is_raw};

	emit(lexer, &token);
}

static void
emit_comment(struct lexer *lexer, const char *from, const char *to)
{
	struct html_token token = {
	    .kind = HTML_COMMENT, .text = between(from, to)};

	emit(lexer, &token);
}

static void
emit_end(struct lexer *lexer, struct span name)
{
	struct html_token token = {.kind = HTML_END, .name = name};

	emit(lexer, &token);
}

static void
section_update(struct lexer *lexer)
{
	lexer->is_raw = section(lexer) == SECTION_CDATA;
}

static void
section_end(struct lexer *lexer)
{
	close_pending(lexer);
	lexer->section_count--;
	section_update(lexer);
}

/* The next functions read what begins at from with "<".  They return where it
 * ends; from itself if its end is not there; NULL if it is no tag. */

/* Takes one attribute at s, which is no space and no ">".  NULL if its end is
 * not there. */
static const char *
take_attribute(const char *s, const char *end, struct html_attribute *attribute)
{
	const char *from = s++;

	while (
	    s < end && *s != '=' && *s != '>' && !is_space((unsigned char)*s))
		s++;
	if (s == end)
		return NULL;
	attribute->name = attribute->value = between(from, s);
	s = skip_spaces(s, end);
	if (s == end || *s != '=')
		return s < end ? s : NULL;
	s = skip_spaces(s + 1, end);
	if (s == end)
		return NULL;
	from = s;
	if (*s == '"' || *s == '\'') {
		s = find(s + 1, end, *from);
		attribute->value = between(from + 1, s);
		s = s < end ? s + 1 : s;
	} else {
		while (s < end && *s != '>' && !is_space((unsigned char)*s))
			s++;
		attribute->value = between(from, s);
	}
	s = skip_spaces(s, end);
	return s < end ? s : NULL;
}

bool
html_attribute(struct span *rest, struct html_attribute *attribute)
{
	const char *end = rest->p + rest->len, *s;

	s = skip_spaces(rest->p, end);
	if (s == end || *s == '>')
		return false;
	s = take_attribute(s, end, attribute);
	*rest = s != NULL ? between(s, end) : (struct span){end, 0};
	return s != NULL;
}

static void
enter_literal(struct lexer *lexer, struct span name)
{
	size_t i;

	for (i = 0; i < nitems(literals); i++)
		if (span_iis(name, literals[i].name)) {
			lexer->literal = &literals[i];
			lexer->is_raw = literals[i].is_raw;
		}
}

static const char *
read_start(struct lexer *lexer, const char *from)
{
	struct html_token token = {.kind = HTML_START};
	struct html_attribute attribute;
	const char *end = lexer->end, *s = from + 2, *first;

	while (s < end && *s != '>' && !is_space((unsigned char)*s))
		s++;
	token.name = between(from + 1, s);
	first = s = skip_spaces(s, end);
	if (s == end)
		return from;
	while (*s != '>') {
		s = take_attribute(s, end, &attribute);
		if (s == NULL)
			return from;
	}
	s++;
	token.attributes = between(first, s);
	emit(lexer, &token);
	enter_literal(lexer, token.name);
	return s;
}

/* The next ">" that is not in quotes, or the end. */
static const char *
find_gt(const char *s, const char *end)
{
	char quote = '\0', before = ' ';

	for (; s < end; before = *s++) {
		if (quote == '\0' && *s == '>')
			break;
		if (*s != '"' && *s != '\'')
			continue;
		if (*s == quote)
			quote = '\0';
		else if (quote == '\0' && (before == ' ' || before == '='))
			quote = *s;
	}
	return s;
}

static const char *
read_end(struct lexer *lexer, const char *from)
{
	const char *s = from + 2, *name_end;

	while (s < lexer->end && *s != '>' && !is_space((unsigned char)*s))
		s++;
	name_end = s;
	s = find_gt(s, lexer->end);
	if (s == lexer->end)
		return from;
	s++;
	if (name_end > from + 2)
		emit_end(lexer, between(from + 2, name_end));
	else
		emit_comment(lexer, from, s);
	return s;
}

static const char *
read_comment(struct lexer *lexer, const char *from)
{
	const char *s = from + 4, *after, *end = lexer->end;

	if (lexer->short_comments) {
		s = find(s, end, '>');
		if (s == end)
			return from;
		emit_comment(lexer, from, s + 1);
		return s + 1;
	}
	for (;; s++) {
		s = find(s, end, '-');
		if (s == end)
			return from;
		if (at(lexer, s + 1) != '-')
			continue;
		after = skip_spaces(s + 2, end);
		if (after == end)
			return from;
		if (*after == '>') {
			emit_comment(lexer, from, after + 1);
			return after + 1;
		}
	}
}

/* Behind "<![": names, comments, "[". */
static const char *
read_section(struct lexer *lexer, const char *from)
{
	const char *s = from + 3, *end = lexer->end, *name;
	enum section is = SECTION_NONE, outer = section(lexer);
	bool named = false;

	for (;;) {
		s = skip_spaces(s, end);
		while (is_name_first(at(lexer, s))) {
			for (name = s; is_name(at(lexer, s)); s++)
				;
			if (span_iis(between(name, s), "ignore"))
				is = SECTION_IGNORE;
			else if (span_iis(between(name, s), "cdata") &&
				 is < SECTION_CDATA)
				is = SECTION_CDATA;
			else if (span_iis(between(name, s), "rcdata") &&
				 is < SECTION_RCDATA)
				is = SECTION_RCDATA;
			else if (span_iis(between(name, s), "include") &&
				 is < SECTION_INCLUDE)
				is = SECTION_INCLUDE;
			named = true;
			s = skip_spaces(s, end);
			if (s == end)
				return from;
		}
		if (at(lexer, s) != '-')
			break;
		if (at(lexer, s + 1) != '-')
			return NULL;
		for (s += 2;; s++) {
			s = find(s, end, '-');
			if (s == end)
				return from;
			if (at(lexer, s + 1) == '-')
				break;
		}
		s += 2;
	}
	if (at(lexer, s) != '[' || lexer->section_count == HTML_SECTIONS_MAX)
		return NULL;
	if (!named)
		is = SECTION_INCLUDE;
	lexer->sections[lexer->section_count++] = is > outer ? is : outer;
	section_update(lexer);
	close_pending(lexer);
	return s + 1;
}

/* <!DOCTYPE ...> and <!ENTITY ...>: words, strings, comments. */
static const char *
read_words(struct lexer *lexer, const char *from)
{
	struct html_token token = {.kind = HTML_DECLARATION};
	const char *s = from + 2, *end = lexer->end;
	struct span name;

	while (is_name(at(lexer, s)))
		s++;
	if (s == end)
		return from;
	name = between(from + 2, s);
	if (!span_iis(name, "doctype") && !span_iis(name, "entity"))
		return NULL;
	if (lexer->broken_declarations == HTML_DECLARATIONS_MAX)
		return NULL;
	for (;;) {
		s = skip_spaces(s, end);
		if (s == end)
			return from;
		if (*s == '>')
			break;
		if (*s == '"' || *s == '\'') {
			s = find(s + 1, end, *s);
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
				s = find(s, end, '-');
				if (at(lexer, s + 1) == '-')
					break;
			}
			s = s < end ? s + 2 : end;
		} else {
			while (s < end && *s != '>' &&
			       !is_space((unsigned char)*s))
				s++;
		}
		if (s == end)
			return from;
	}
	token.text = between(from, s + 1);
	emit(lexer, &token);
	return s + 1;
}

static const char *
read_declaration(struct lexer *lexer, const char *from)
{
	const char *next = NULL, *s;
	int c = at(lexer, from + 2);

	if (c == '-') {
		if (from + 3 == lexer->end)
			return from;
		if (from[3] == '-')
			return read_comment(lexer, from);
	} else if (c == '[') {
		next = read_section(lexer, from);
	} else if (is_alpha(c)) {
		next = read_words(lexer, from);
	}
	if (next != NULL)
		return next;
	s = find(from + 2, lexer->end, '>');
	if (s == lexer->end)
		return from;
	emit_comment(lexer, from, s + 1);
	return s + 1;
}

static const char *
read_tag(struct lexer *lexer, const char *from)
{
	int c = at(lexer, from + 1);
	const char *s;

	if (is_name_first(c))
		return read_start(lexer, from);
	if (c == '/')
		return read_end(lexer, from);
	if (c == '!')
		return read_declaration(lexer, from);
	if (c != '?')
		return NULL;
	s = find(from + 2, lexer->end, '>');
	if (s == lexer->end)
		return from;
	close_pending(lexer);
	return s + 1;
}

/* In an element that is all text: up to its end.  False if there is none. */
static bool
read_literal(struct lexer *lexer, const char **from)
{
	const struct literal *literal = lexer->literal;
	size_t len = strlen(literal->name);
	const char *s = *from, *gt;
	struct span rest;

	if (lexer->unclosed[literal - literals])
		return false;
	for (;; s++) {
		s = find(s, lexer->end, '<');
		if (s == lexer->end || strcmp(literal->name, "plaintext") == 0)
			break;
		rest = between(s, lexer->end);
		if (rest.len < len + 3 || rest.p[1] != '/' ||
		    !span_istarts(span_from(rest, 2), literal->name))
			continue;
		gt = skip_spaces(s + 2 + len, lexer->end);
		if (at(lexer, gt) != '>')
			continue;
		if (s > *from)
			emit_text(lexer, *from, s);
		emit_end(lexer, between(s + 2, s + 2 + len));
		lexer->literal = NULL;
		lexer->is_raw = false;
		*from = gt + 1;
		return true;
	}
	lexer->unclosed[literal - literals] = true;
	return false;
}

/* In a marked section that is all text. */
static bool
read_data(struct lexer *lexer, const char **from)
{
	const char *s;

	for (s = *from;; s++) {
		s = find(s, lexer->end, ']');
		if (s == lexer->end)
			return false;
		if (at(lexer, s + 1) == ']' && at(lexer, s + 2) == '>')
			break;
	}
	if (s > *from)
		emit_text(lexer, *from, s);
	section_end(lexer);
	*from = s + 3;
	return true;
}

/* Up to the next "<", or the end; *from is where what was not told begins. */
static const char *
read_text(struct lexer *lexer, const char **from, const char *s)
{
	while (s < lexer->end && *s != '<') {
		if (section(lexer) == SECTION_NONE)
			return find(s, lexer->end, '<');
		if (*s != ']') {
			s++;
		} else if (at(lexer, s + 1) == ']' && at(lexer, s + 2) == '>') {
			emit_text(lexer, *from, s);
			section_end(lexer);
			*from = s = s + 3;
		} else {
			/* the octet behind it is taken with it */
			s += at(lexer, s + 1) == ']' ? 3 : 2;
		}
	}
	return s < lexer->end ? s : lexer->end;
}

/* Text that ends here may go on: where its last word begins, with the blanks in
 * front of it. */
static const char *
last_word(const char *from, const char *s)
{
	if (!is_space((unsigned char)s[-1]))
		while (s > from && !is_space((unsigned char)s[-1]))
			s--;
	while (s > from && is_space((unsigned char)s[-1]))
		s--;
	return s;
}

/* Reads from there on.  Returns where what needs more to be understood begins,
 * or the end. */
static const char *
run(struct lexer *lexer, const char *from)
{
	const char *s = from, *next;

	for (;;) {
		while (lexer->literal != NULL) {
			if (!read_literal(lexer, &from))
				return from;
			s = from;
		}
		while (section(lexer) == SECTION_CDATA ||
		       section(lexer) == SECTION_RCDATA) {
			if (!read_data(lexer, &from))
				return from;
			s = from;
		}
		s = read_text(lexer, &from, s);
		if (s > from && s < lexer->end) {
			emit_text(lexer, from, s);
			from = s;
		} else if (s > from) {
			s = last_word(from, s);
			if (s > from)
				emit_text(lexer, from, s);
			return s;
		}
		if (lexer->end - s < 3)
			return s;
		s++;
		next = read_tag(lexer, from);
		if (next == from)
			return from;
		if (next != NULL)
			from = s = next;
	}
}

/* There is no more: reads what waited for it. */
static void
run_rest(struct lexer *lexer, const char *s)
{
	int c;

	while (s < lexer->end) {
		if (lexer->literal != NULL && lexer->literal->is_rest)
			break;
		if (lexer->literal != NULL) {
			if (lexer->literal->is_empty)
				emit_end(lexer, span_of(lexer->literal->name));
			else
				lexer->pending_end = lexer->literal->name;
			lexer->literal = NULL;
			/* is_raw stays, as it does in the model */
		} else if (*s == '<' && !lexer->short_comments) {
			lexer->short_comments = true;
		} else {
			break;
		}
		s = run(lexer, s);
	}
	if (s == lexer->end)
		return;
	c = at(lexer, s + 1);
	if (lexer->literal == NULL && *s == '<' &&
	    (s + 1 == lexer->end || is_name_first(c) || c == '/' || c == '!' ||
		c == '?'))
		emit_comment(lexer, s, lexer->end);
	else
		emit_text(lexer, s, lexer->end);
}

void
html_tokens(struct span text,
    void (*take)(void *context, const struct html_token *token), void *context)
{
	struct lexer lexer = {
	    .end = text.p + text.len, .take = take, .context = context};
	const char *s;

	if (text.len == 0)
		return;
	s = run(&lexer, text.p);
	/* SpamAssassin closes these itself */
	if (lexer.literal != NULL && lexer.literal->is_empty) {
		if (s < lexer.end)
			emit_text(&lexer, s, lexer.end);
		emit_end(&lexer, span_of(lexer.literal->name));
		return;
	}
	run_rest(&lexer, s);
	close_pending(&lexer);
}
