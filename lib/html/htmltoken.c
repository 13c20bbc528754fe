#include "html/htmllexer.h"

/* Elements in which nothing is a tag but their own end. */
static const struct html_literal {
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

void
html_close_pending(struct html_lexer *lexer)
{
	struct html_token close = {.kind = HTML_END};

	if (lexer->pending_end == NULL)
		return;
	close.name = span_of(lexer->pending_end);
	lexer->pending_end = NULL;
	if (html_section(lexer) != HTML_SECTION_IGNORE)
		lexer->take(lexer->context, &close);
}

void
html_emit(struct html_lexer *lexer, const struct html_token *token)
{
	if (token->kind != HTML_TEXT && token->kind != HTML_COMMENT)
		html_close_pending(lexer);
	if (html_section(lexer) != HTML_SECTION_IGNORE)
		lexer->take(lexer->context, token);
}

static void
emit_text(struct html_lexer *lexer, const char *from, const char *to)
{
	struct html_token token = {.kind = HTML_TEXT,
	    .text = html_between(from, to),
	    .is_raw = lexer->is_raw};

	html_emit(lexer, &token);
}

void
html_emit_comment(struct html_lexer *lexer, const char *from, const char *to)
{
	struct html_token token = {
	    .kind = HTML_COMMENT, .text = html_between(from, to)};

	html_emit(lexer, &token);
}

static void
emit_end(struct html_lexer *lexer, struct span name)
{
	struct html_token token = {.kind = HTML_END, .name = name};

	html_emit(lexer, &token);
}

static void
section_end(struct html_lexer *lexer)
{
	html_close_pending(lexer);
	lexer->section_count--;
	html_section_update(lexer);
}

/* The next functions read what begins at from with "<".  They return where it
 * ends; from itself if its end is not there; NULL if it is no tag. */

/* Takes one attribute at s, which is no space and no ">".  NULL if its end is
 * not there. */
static const char *
take_attribute(const char *s, const char *end, struct html_attribute *attribute)
{
	const char *from = s++;

	while (s < end && *s != '=' && *s != '>' &&
	       !html_is_space((unsigned char)*s))
		s++;
	if (s == end)
		return NULL;
	attribute->name = attribute->value = html_between(from, s);
	s = html_skip_spaces(s, end);
	if (s == end || *s != '=')
		return s < end ? s : NULL;
	s = html_skip_spaces(s + 1, end);
	if (s == end)
		return NULL;
	from = s;
	if (*s == '"' || *s == '\'') {
		s = html_find(s + 1, end, *from);
		attribute->value = html_between(from + 1, s);
		s = s < end ? s + 1 : s;
	} else {
		while (
		    s < end && *s != '>' && !html_is_space((unsigned char)*s))
			s++;
		attribute->value = html_between(from, s);
	}
	s = html_skip_spaces(s, end);
	return s < end ? s : NULL;
}

bool
html_attribute(struct span *rest, struct html_attribute *attribute)
{
	const char *end = rest->p + rest->len, *s;

	s = html_skip_spaces(rest->p, end);
	if (s == end || *s == '>')
		return false;
	s = take_attribute(s, end, attribute);
	*rest = s != NULL ? html_between(s, end) : (struct span){end, 0};
	return s != NULL;
}

static void
enter_literal(struct html_lexer *lexer, struct span name)
{
	size_t i;

	_Static_assert(nitems(literals) == HTML_LITERALS, "all have a place");
	for (i = 0; i < nitems(literals); i++)
		if (span_iis(name, literals[i].name)) {
			lexer->literal = &literals[i];
			lexer->is_raw = literals[i].is_raw;
		}
}

static const char *
read_start(struct html_lexer *lexer, const char *from)
{
	struct html_token token = {.kind = HTML_START};
	struct html_attribute attribute;
	const char *end = lexer->end, *s = from + 2, *first;

	while (s < end && *s != '>' && !html_is_space((unsigned char)*s))
		s++;
	token.name = html_between(from + 1, s);
	first = s = html_skip_spaces(s, end);
	if (s == end)
		return from;
	while (*s != '>') {
		s = take_attribute(s, end, &attribute);
		if (s == NULL)
			return from;
	}
	s++;
	token.attributes = html_between(first, s);
	html_emit(lexer, &token);
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
read_end(struct html_lexer *lexer, const char *from)
{
	const char *s = from + 2, *name_end;

	while (s < lexer->end && *s != '>' && !html_is_space((unsigned char)*s))
		s++;
	name_end = s;
	s = find_gt(s, lexer->end);
	if (s == lexer->end)
		return from;
	s++;
	if (name_end > from + 2)
		emit_end(lexer, html_between(from + 2, name_end));
	else
		html_emit_comment(lexer, from, s);
	return s;
}

static const char *
read_tag(struct html_lexer *lexer, const char *from)
{
	int c = html_at(lexer, from + 1);
	const char *s;

	if (html_is_name_first(c))
		return read_start(lexer, from);
	if (c == '/')
		return read_end(lexer, from);
	if (c == '!')
		return html_read_mark(lexer, from);
	if (c != '?')
		return NULL;
	s = html_find(from + 2, lexer->end, '>');
	if (s == lexer->end)
		return from;
	html_close_pending(lexer);
	return s + 1;
}

/* In an element that is all text: up to its end.  False if there is none. */
static bool
read_literal(struct html_lexer *lexer, const char **from)
{
	const struct html_literal *literal = lexer->literal;
	size_t len = strlen(literal->name);
	const char *s = *from, *gt;
	struct span rest;

	if (lexer->unclosed[literal - literals])
		return false;
	for (;; s++) {
		s = html_find(s, lexer->end, '<');
		if (s == lexer->end || strcmp(literal->name, "plaintext") == 0)
			break;
		rest = html_between(s, lexer->end);
		if (rest.len < len + 3 || rest.p[1] != '/' ||
		    !span_istarts(span_from(rest, 2), literal->name))
			continue;
		gt = html_skip_spaces(s + 2 + len, lexer->end);
		if (html_at(lexer, gt) != '>')
			continue;
		if (s > *from)
			emit_text(lexer, *from, s);
		emit_end(lexer, html_between(s + 2, s + 2 + len));
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
read_data(struct html_lexer *lexer, const char **from)
{
	const char *s;

	for (s = *from;; s++) {
		s = html_find(s, lexer->end, ']');
		if (s == lexer->end)
			return false;
		if (html_at(lexer, s + 1) == ']' &&
		    html_at(lexer, s + 2) == '>')
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
read_text(struct html_lexer *lexer, const char **from, const char *s)
{
	while (s < lexer->end && *s != '<') {
		if (html_section(lexer) == HTML_SECTION_NONE)
			return html_find(s, lexer->end, '<');
		if (*s != ']') {
			s++;
		} else if (html_at(lexer, s + 1) == ']' &&
			   html_at(lexer, s + 2) == '>') {
			emit_text(lexer, *from, s);
			section_end(lexer);
			*from = s = s + 3;
		} else {
			/* the octet behind it is taken with it */
			s += html_at(lexer, s + 1) == ']' ? 3 : 2;
		}
	}
	return s < lexer->end ? s : lexer->end;
}

/* Text that ends here may go on: where its last word begins, with the blanks in
 * front of it. */
static const char *
last_word(const char *from, const char *s)
{
	if (!html_is_space((unsigned char)s[-1]))
		while (s > from && !html_is_space((unsigned char)s[-1]))
			s--;
	while (s > from && html_is_space((unsigned char)s[-1]))
		s--;
	return s;
}

/* Reads from there on.  Returns where what needs more to be understood begins,
 * or the end. */
static const char *
run(struct html_lexer *lexer, const char *from)
{
	const char *s = from, *next;

	for (;;) {
		while (lexer->literal != NULL) {
			if (!read_literal(lexer, &from))
				return from;
			s = from;
		}
		while (html_section(lexer) == HTML_SECTION_CDATA ||
		       html_section(lexer) == HTML_SECTION_RCDATA) {
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
run_rest(struct html_lexer *lexer, const char *s)
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
	c = html_at(lexer, s + 1);
	if (lexer->literal == NULL && *s == '<' &&
	    (s + 1 == lexer->end || html_is_name_first(c) || c == '/' ||
		c == '!' || c == '?'))
		html_emit_comment(lexer, s, lexer->end);
	else
		emit_text(lexer, s, lexer->end);
}

void
html_tokens(struct span text,
    void (*take)(void *context, const struct html_token *token), void *context)
{
	struct html_lexer lexer = {
	    .end = text.p + text.len, .take = take, .context = context};
	const char *s;

	if (text.len == 0)
		return;
	s = run(&lexer, text.p);
	/* SpamAssassin closes these itself if it was told of them */
	if (lexer.literal != NULL && lexer.literal->is_empty &&
	    html_section(&lexer) != HTML_SECTION_IGNORE) {
		if (s < lexer.end)
			emit_text(&lexer, s, lexer.end);
		emit_end(&lexer, span_of(lexer.literal->name));
		return;
	}
	run_rest(&lexer, s);
	html_close_pending(&lexer);
}
