#include <stdlib.h>

#include "base/ascii.h"
#include "base/regex.h"
#include "rules/ruletext.h"

#define NUMBER_MAX 32
#define ARGUMENTS_MAX 1000

bool
ruletext_number(struct span text, double *number)
{
	char digits[NUMBER_MAX];
	size_t i = 0, begin;

	if (text.len == 0 || text.len >= sizeof(digits))
		return false;
	if (text.p[0] == '-')
		i++;
	for (begin = i; i < text.len && ascii_is_digit(text.p[i]); i++)
		;
	if (i == begin)
		return false;
	if (i < text.len) {
		if (text.p[i++] != '.')
			return false;
		for (begin = i; i < text.len && ascii_is_digit(text.p[i]); i++)
			;
		if (i == begin || i < text.len)
			return false;
	}
	memcpy(digits, text.p, text.len);
	digits[text.len] = '\0';
	*number = strtod(digits, NULL);
	return true;
}

/* The letters behind a pattern.  Those that PCRE2 need not know change nothing
 * for octets that are searched once. */
static bool
take_flags(struct span letters, unsigned *flags)
{
	size_t i;

	for (i = 0; i < letters.len; i++)
		switch (letters.p[i]) {
		case 'i':
			*flags |= REGEX_NOCASE;
			break;
		case 'm':
			*flags |= REGEX_MULTILINE;
			break;
		case 's':
			*flags |= REGEX_DOTALL;
			break;
		case 'x':
			*flags |= REGEX_EXTENDED;
			break;
		case 'a':
		case 'd':
		case 'l':
		case 'n':
		case 'p':
		case 'u':
			break;
		default:
			return false;
		}
	return true;
}

static char
closing(char open)
{
	switch (open) {
	case '{':
		return '}';
	case '(':
		return ')';
	case '<':
		return '>';
	case '[':
		return ']';
	default:
		return open;
	}
}

static bool
has_bare(struct span text, char delimiter)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == delimiter)
			return true;
		if (text.p[i] == '\\')
			i++;
	}
	return false;
}

const char *
ruletext_pattern(struct span text, struct rule *rule)
{
	struct span flags;
	char end;

	if (span_starts(text, "/")) {
		end = '/';
		text = span_from(text, 1);
	} else {
		if (span_starts(text, "m"))
			text = span_from(text, 1);
		else if (span_starts(text, "qr"))
			text = span_from(text, 2);
		else
			return "no pattern";
		if (text.len == 0 || ascii_is_word(text.p[0]) ||
		    text.p[0] == '\\')
			return "no pattern";
		end = closing(text.p[0]);
		text = span_from(text, 1);
	}
	flags = span_from(text, text.len);
	while (text.len > 0 && text.p[text.len - 1] != end &&
	       ascii_is_word(text.p[text.len - 1])) {
		text.len--;
		flags = (struct span){flags.p - 1, flags.len + 1};
	}
	if (text.len == 0 || text.p[text.len - 1] != end)
		return "pattern without an end";
	text.len--;
	if (end != '}' && end != ')' && end != ']' && has_bare(text, end))
		return "pattern with its delimiter inside";
	rule->pattern = text;
	rule->regex = 0;
	return take_flags(flags, &rule->regex) ? NULL : "unknown flag";
}

/* Where a quoted argument ends: at a quote with a comma or nothing behind it.
 * rest.len if it does not. */
static size_t
quote_end(struct span rest, char quote)
{
	struct span after;
	size_t i;

	for (i = 0; i < rest.len; i++) {
		if (rest.p[i] != quote)
			continue;
		after = span_trim(span_from(rest, i + 1));
		if (after.len == 0 || after.p[0] == ',')
			break;
	}
	return i;
}

/* One argument off the front; false if there is none that makes sense. */
static bool
take_argument(struct span *rest, struct span *argument)
{
	char quote = rest->p[0];
	size_t len;

	if (quote == '\'' || quote == '"') {
		*rest = span_from(*rest, 1);
		len = quote_end(*rest, quote);
		if (len == rest->len)
			return false;
		*argument = (struct span){rest->p, len};
		*rest = span_from(*rest, len + 1);
	} else {
		for (len = 0;
		     len < rest->len &&
		     (rest->p[len] == '.' || rest->p[len] == ':' ||
			 rest->p[len] == '-' ||
			 (ascii_is_word(rest->p[len]) && rest->p[len] != '_'));
		     len++)
			;
		if (len == 0)
			return false;
		*argument = (struct span){rest->p, len};
		*rest = span_from(*rest, len);
	}
	*rest = span_trim(*rest);
	if (rest->len == 0)
		return true;
	if (rest->p[0] != ',')
		return false;
	*rest = span_trim(span_from(*rest, 1));
	return true;
}

const char *
ruletext_function(struct arena *arena, struct span text, struct rule *rule)
{
	struct span list[ARGUMENTS_MAX], rest, *kept;
	size_t len = 0, count = 0;

	while (len < text.len && ascii_is_word(text.p[len]))
		len++;
	if (len == 0 || len == text.len || text.p[len] != '(' ||
	    text.p[text.len - 1] != ')')
		return "no function with arguments";
	rule->kind = RULE_EVAL;
	rule->function = (struct span){text.p, len};
	rule->pattern = span_from(text, len + 1);
	rule->pattern.len--;
	rest = span_trim(rule->pattern);
	while (rest.len > 0) {
		if (count == ARGUMENTS_MAX)
			return "too many arguments";
		if (!take_argument(&rest, &list[count++]))
			return "arguments that are not understood";
	}
	kept = arena_array(arena, count, sizeof(*kept));
	if (count > 0)
		memcpy(kept, list, count * sizeof(*kept));
	rule->arguments = kept;
	rule->argument_count = count;
	return NULL;
}

static bool
is_field(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (!ascii_is_word(name.p[i]) && name.p[i] != '.' &&
		    name.p[i] != '-')
			return false;
	return name.len > 0;
}

/* "name", "name:", "name:one", "name:one:two" with the modifiers there are. */
static bool
is_selector(struct span text)
{
	static const char *const modifiers[] = {"raw", "addr", "name", "host",
	    "domain", "ip", "revip", "first", "last"};
	struct span part = text;
	const char *colon = memchr(text.p, ':', text.len);
	size_t i, count;

	if (colon == NULL)
		return is_field(text);
	part.len = (size_t)(colon - text.p);
	if (!is_field(part))
		return false;
	for (count = 0; colon != NULL; count++) {
		text = span_from(text, part.len + 1);
		part = text;
		colon = text.len > 0 ? memchr(text.p, ':', text.len) : NULL;
		if (colon != NULL)
			part.len = (size_t)(colon - text.p);
		for (i = 0; i < nitems(modifiers); i++)
			if (span_is(part, modifiers[i]))
				break;
		if (i == nitems(modifiers) && (part.len > 0 || count > 0))
			return false;
	}
	return count <= 2;
}

/* "[if-unset: text]" at the end of a line. */
static void
take_unset(struct span *text, struct rule *rule)
{
	static const char mark[] = "[if-unset:";
	struct span rest = *text, value;
	const char *p;

	if (!span_ends(rest, "]"))
		return;
	while ((p = span_find(rest, span_of(mark))) != NULL) {
		rest = span_from(*text, (size_t)(p - text->p) + strlen(mark));
		if (p == text->p || !ascii_is_space(p[-1]) || rest.len < 2 ||
		    !ascii_is_space(rest.p[0]))
			continue;
		value = rest;
		value.len--;
		while (value.len > 1 && ascii_is_space(value.p[0]))
			value = span_from(value, 1);
		rule->unset = value;
		text->len = (size_t)(p - text->p);
		*text = span_trim(*text);
		return;
	}
}

static const char *
take_match(struct span text, struct rule *rule)
{
	size_t len = 0;

	while (len < text.len && !ascii_is_space(text.p[len]) &&
	       text.p[len] != '=' && text.p[len] != '!')
		len++;
	rule->selector = (struct span){text.p, len};
	text = span_trim(span_from(text, len));
	if (rule->selector.len == 0 ||
	    (!span_starts(text, "=~") && !span_starts(text, "!~")))
		return "no '=~' behind a field";
	rule->negated = text.p[0] == '!';
	text = span_trim(span_from(text, 2));
	take_unset(&text, rule);
	return ruletext_pattern(text, rule);
}

static void
cut_colon(struct span *selector)
{
	if (span_ends(*selector, ":"))
		selector->len--;
}

const char *
ruletext_header(struct arena *arena, struct span text, struct rule *rule)
{
	const char *why;

	if (span_starts(text, "eval:"))
		return ruletext_function(arena, span_from(text, 5), rule);
	if (span_starts(text, "rbleval:"))
		return ruletext_function(arena, span_from(text, 8), rule);
	if (span_starts(text, "exists:")) {
		rule->exists = true;
		rule->selector = span_from(text, 7);
		cut_colon(&rule->selector);
		return is_field(rule->selector) ? NULL : "no name of a field";
	}
	why = take_match(text, rule);
	if (why == NULL && !is_selector(rule->selector))
		why = "no name of a field";
	cut_colon(&rule->selector);
	return why;
}

const char *
ruletext_mimeheader(struct span text, struct rule *rule)
{
	const char *why = take_match(text, rule);
	struct span field = rule->selector;

	if (why != NULL)
		return why;
	cut_colon(&rule->selector);
	if (span_ends(field, ":raw"))
		field.len -= strlen(":raw");
	else
		field = rule->selector;
	if (field.len == 0 || memchr(field.p, ':', field.len) != NULL)
		return "no name of a field";
	return NULL;
}
