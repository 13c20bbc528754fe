#include <stdlib.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "rules/conditions.h"
#include "rules/plugins.h"
#include "rules/rulesetpart.h"

#define VERSION 4.000001
#define PERL_VERSION 5.036
#define NUMBER_MAX 32
#define CONF "Mail::SpamAssassin::Conf"

struct parser {
	const struct ruleset *set;
	struct scan scan;
	unsigned depth;
};

/* of names of classes as well */
static bool
is_word(int c)
{
	return c == '_' || c == ':' || (c >= '0' && c <= '9') ||
	       (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(int c)
{
	return c == '.' || (c >= '0' && c <= '9');
}

static bool
take(struct parser *parser, const char *text)
{
	struct scan *scan = &parser->scan;
	struct span rest;

	scan_while(scan, ascii_is_blank);
	rest = (struct span){scan->p, (size_t)(scan->end - scan->p)};
	if (scan->bad || !span_starts(rest, text))
		return false;
	scan_text(scan, text);
	return true;
}

bool
conditions_plugin(const struct ruleset *set, struct span name)
{
	name = plugins_name(name);
	/* is no more, and what it did is done without it */
	return span_is(name, "RaciallyCharged") ||
	       map_get(&set->plugins, name) != 0;
}

/* "Class::name" of can(...) and has(...) */
static bool
has_feature(const struct ruleset *set, struct span text)
{
	struct span class = text, name;

	while (class.len > 0 && class.p[class.len - 1] != ':')
		class.len--;
	name = span_from(text, class.len);
	if (class.len < 2)
		return false;
	class.len -= 2;
	if (span_is(class, CONF)) {
		if (span_starts(name, "compat_"))
			return map_get(&set->compats, span_from(name, 7)) != 0;
		return plugins_feature(span_of("Conf"), name);
	}
	return conditions_plugin(set, class) &&
	       plugins_feature(plugins_name(class), name);
}

/* (Name) behind plugin, can and has */
static struct span
argument(struct parser *parser)
{
	struct span name;

	if (!take(parser, "("))
		scan_fail(&parser->scan);
	scan_while(&parser->scan, ascii_is_blank);
	name = scan_while(&parser->scan, is_word);
	if (name.len == 0 || !take(parser, ")"))
		scan_fail(&parser->scan);
	return name;
}

static double
number(struct parser *parser)
{
	struct span digits = scan_while(&parser->scan, is_digit);
	char text[NUMBER_MAX];

	if (digits.len == 0 || digits.len >= sizeof(text)) {
		scan_fail(&parser->scan);
		return 0;
	}
	memcpy(text, digits.p, digits.len);
	text[digits.len] = '\0';
	return strtod(text, NULL);
}

static double either(struct parser *parser);

static double
operand(struct parser *parser)
{
	struct span word;
	double value;

	if (take(parser, "(")) {
		value = either(parser);
		if (!take(parser, ")"))
			scan_fail(&parser->scan);
		return value;
	}
	if (is_digit(scan_peek(&parser->scan)))
		return number(parser);
	word = scan_while(&parser->scan, is_word);
	if (span_is(word, "version"))
		return VERSION;
	if (span_is(word, "perl_version"))
		return PERL_VERSION;
	if (span_is(word, "local_tests_only"))
		return 1;
	if (span_is(word, "plugin"))
		return conditions_plugin(parser->set, argument(parser));
	if (span_is(word, "can") || span_is(word, "has"))
		return has_feature(parser->set, argument(parser));
	scan_fail(&parser->scan);
	return 0;
}

static double
negation(struct parser *parser)
{
	bool odd = false;

	while (take(parser, "!"))
		odd = !odd;
	return odd ? operand(parser) == 0 : operand(parser);
}

static double
comparison(struct parser *parser)
{
	double left = negation(parser);

	if (take(parser, ">="))
		return left >= negation(parser);
	if (take(parser, "<="))
		return left <= negation(parser);
	if (take(parser, "=="))
		return left == negation(parser);
	if (take(parser, "!="))
		return left != negation(parser);
	if (take(parser, ">"))
		return left > negation(parser);
	if (take(parser, "<"))
		return left < negation(parser);
	return left;
}

static double
both(struct parser *parser)
{
	double left = comparison(parser), right;

	while (take(parser, "&&")) {
		right = comparison(parser);
		left = left != 0 && right != 0;
	}
	return left;
}

static double
either(struct parser *parser)
{
	double left, right;

	if (++parser->depth > RULESET_NEST_MAX) {
		scan_fail(&parser->scan);
		return 0;
	}
	left = both(parser);
	while (take(parser, "||")) {
		right = both(parser);
		left = left != 0 || right != 0;
	}
	parser->depth--;
	return left;
}

int
conditions_true(const struct ruleset *set, struct span text, const char **why)
{
	struct parser parser = {.set = set};
	double value;

	scan_init(&parser.scan, span_trim(text));
	value = either(&parser);
	if (scan_ok(&parser.scan))
		return value != 0;
	*why = "no condition that is understood";
	return -1;
}
