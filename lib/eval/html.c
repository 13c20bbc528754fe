/*
 * html: what rules ask about parts of HTML (plugin HTMLEval).
 *
 * A function looks at one part after the other and says yes if it may do so of
 * any.
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/locales.h"
#include "eval/patterns.h"

struct html_family {
	struct patterns patterns;
	struct span locales;
};

/* Takes a whole number with or without signs off the front. */
static bool
take_number(struct span *rest, double *value)
{
	struct span text = span_trim(*rest);
	bool minus = false;

	for (; span_starts(text, "-") || span_starts(text, "+");
	     text = span_trim(span_from(text, 1)))
		minus ^= text.p[0] == '-';
	if (text.len == 0 || text.p[0] < '0' || text.p[0] > '9')
		return false;
	for (*value = 0; text.len > 0 && text.p[0] >= '0' && text.p[0] <= '9';
	     text = span_from(text, 1))
		*value = *value * 10 + (text.p[0] - '0');
	if (minus)
		*value = -*value;
	*rest = span_trim(text);
	return true;
}

/* Adds up what follows a first number: "+ 3 - 4". */
static bool
take_sum(struct span *rest, double *value)
{
	double number;

	*rest = span_trim(*rest);
	while (span_starts(*rest, "+") || span_starts(*rest, "-")) {
		if (!take_number(rest, &number))
			return false;
		*value += number;
	}
	return true;
}

/* Whether a value is as an expression says that goes on behind it: "< 512",
 * "!= 0", "+ 3 > 10".  What makes no sense says no. */
static bool
holds(double value, struct span expression)
{
	static const char *const operators[] = {
	    "<=", ">=", "==", "!=", "<", ">"};
	struct span rest = expression;
	double other;
	size_t i;

	if (!take_sum(&rest, &value))
		return false;
	for (i = 0; i < nitems(operators); i++)
		if (span_starts(rest, operators[i]))
			break;
	if (i == nitems(operators))
		return rest.len == 0 && value != 0;
	rest = span_from(rest, strlen(operators[i]));
	if (!take_number(&rest, &other) || !take_sum(&rest, &other) ||
	    rest.len > 0)
		return false;
	switch (i) {
	case 0:
		return value <= other;
	case 1:
		return value >= other;
	case 2:
		return value == other;
	case 3:
		return value != other;
	case 4:
		return value < other;
	default:
		return value > other;
	}
}

/* More than one argument, at most the next; which may be "inf". */
static bool
in_range(const struct eval_call *call, size_t i, double value)
{
	return value > eval_number(call, i) &&
	       (call->argument_count <= i + 1 ||
		   value <= eval_number(call, i + 1));
}

/* A number that is known by that name; false if there is none. */
static bool
get_number(const struct html *html, const char *name, double *value)
{
	const struct html_fact *fact = html_fact(html, name);

	if (fact == NULL || fact->text.p != NULL)
		return false;
	*value = fact->value;
	return true;
}

static const struct html_fact *
asked_fact(const struct html *html, const struct eval_call *call)
{
	struct span name = eval_text(call, 0);
	size_t i;

	for (i = 0; i < html->fact_count; i++)
		if (span_is(name, html->facts[i].name))
			return &html->facts[i];
	return NULL;
}

static bool
html_tag_exists(const struct eval_call *call)
{
	const struct html *html;
	size_t at = 0;

	while ((html = html_next(call->mail, &at)) != NULL)
		if (html_find_tag(html, eval_text(call, 0)) != NULL)
			return true;
	return false;
}

/* html_tag_balance('body', '!= 0'): how many are open in the end. */
static bool
html_tag_balance(const struct eval_call *call)
{
	const struct html_tag *tag;
	const struct html *html;
	size_t at = 0;

	while ((html = html_next(call->mail, &at)) != NULL) {
		tag = html_find_tag(html, eval_text(call, 0));
		if (tag != NULL && holds(tag->inside, eval_text(call, 1)))
			return true;
	}
	return false;
}

static bool
html_test(const struct eval_call *call)
{
	const struct html_fact *fact;
	const struct html *html;
	size_t at = 0;

	while ((html = html_next(call->mail, &at)) != NULL) {
		fact = asked_fact(html, call);
		if (fact != NULL && fact->value != 0)
			return true;
	}
	return false;
}

/* html_eval('length', '< 512') */
static bool
html_eval(const struct eval_call *call)
{
	const struct html_fact *fact;
	const struct html *html;
	size_t at = 0;

	while ((html = html_next(call->mail, &at)) != NULL) {
		fact = asked_fact(html, call);
		if (fact != NULL && fact->text.p == NULL &&
		    holds(fact->value, eval_text(call, 1)))
			return true;
	}
	return false;
}

/* html_range('ratio', '.3', '.4') */
static bool
html_range(const struct eval_call *call)
{
	const struct html_fact *fact;
	const struct html *html;
	size_t at = 0;

	while ((html = html_next(call->mail, &at)) != NULL) {
		fact = asked_fact(html, call);
		if (fact != NULL && fact->text.p == NULL &&
		    in_range(call, 1, fact->value))
			return true;
	}
	return false;
}

/* Whether one of the texts of that name matches, or does not. */
static bool
has_text(const struct eval_call *call, bool matching)
{
	const struct html_family *family = call->data;
	struct span name = eval_text(call, 0), pattern = eval_text(call, 1);
	const struct html *html;
	size_t at = 0, i;

	if (!patterns_have(&family->patterns, pattern))
		return false;
	while ((html = html_next(call->mail, &at)) != NULL)
		for (i = 0; i < html->fact_count; i++)
			if (html->facts[i].text.p != NULL &&
			    span_is(name, html->facts[i].name) &&
			    patterns_match(&family->patterns, pattern,
				html->facts[i].text) == matching)
				return true;
	return false;
}

/* html_text_match('title', 'pattern') */
static bool
html_text_match(const struct eval_call *call)
{
	return has_text(call, true);
}

static bool
html_text_not_match(const struct eval_call *call)
{
	return has_text(call, false);
}

/* Images, and so much HTML with them. */
static bool
html_image_only(const struct eval_call *call)
{
	const struct html *html;
	double length;
	size_t at = 0;

	while ((html = html_next(call->mail, &at)) != NULL)
		if (html_find_tag(html, span_of("img")) != NULL &&
		    get_number(html, "length", &length) &&
		    in_range(call, 0, length))
			return true;
	return false;
}

/* Letters for each pixel of the images. */
static bool
html_image_ratio(const struct eval_call *call)
{
	double letters, area;
	const struct html *html;
	size_t at = 0;

	while ((html = html_next(call->mail, &at)) != NULL)
		if (get_number(html, "non_space_len", &letters) &&
		    get_number(html, "image_area", &area) && area > 0 &&
		    in_range(call, 0, letters / area))
			return true;
	return false;
}

/* It says that it is in a character set of others. */
static bool
html_charset_faraway(const struct eval_call *call)
{
	const struct html_family *family = call->data;
	const struct html_fact *fact;
	const struct html *html;
	size_t at = 0, i, good, bad;

	if (family->locales.len == 0 || locales_are_all(family->locales))
		return false;
	while ((html = html_next(call->mail, &at)) != NULL) {
		for (i = good = bad = 0; i < html->fact_count; i++) {
			fact = &html->facts[i];
			if (strcmp(fact->name, "charset") != 0)
				continue;
			if (locales_allow(family->locales, fact->text))
				good++;
			else
				bad++;
		}
		if (bad > 0 && bad >= good)
			return true;
	}
	return false;
}

static size_t
characters(struct span text)
{
	size_t i, count = 0;

	for (i = 0; i < text.len; i++)
		count += (text.p[i] & 0xc0) != 0x80;
	return count;
}

/* A title that is so many times as long as the subject. */
static bool
html_title_subject_ratio(const struct eval_call *call)
{
	struct span subject = selector_text(call->mail, "Subject", call->tld);
	const struct html *html;
	size_t at = 0, i;

	if (subject.len == 0)
		return false;
	while ((html = html_next(call->mail, &at)) != NULL)
		for (i = 0; i < html->fact_count; i++)
			if (strcmp(html->facts[i].name, "title") == 0 &&
			    (double)characters(html->facts[i].text) /
				    (double)subject.len >
				eval_number(call, 0))
				return true;
	return false;
}

static bool
check_iframe_src(const struct eval_call *call)
{
	const struct html *html;
	size_t at = 0, i;

	while ((html = html_next(call->mail, &at)) != NULL)
		for (i = 0; i < html->uri_count; i++)
			if (html->uris[i].element != NULL &&
			    strcmp(html->uris[i].element, "iframe") == 0)
				return true;
	return false;
}

static void *
prepare(struct ruleset *set)
{
	struct html_family *family = calloc(1, sizeof(*family));

	if (family == NULL)
		fatal("out of memory");
	patterns_take(&family->patterns, set, "html_text_match", 1);
	patterns_take(&family->patterns, set, "html_text_not_match", 1);
	family->locales = ruleset_value(set, "ok_locales");
	return family;
}

static void
release(void *data)
{
	struct html_family *family = data;

	patterns_free(&family->patterns);
	free(family);
}

static bool
is_expression(const struct span *arguments, size_t count)
{
	size_t i;

	if (count != 2 || arguments[0].len == 0 || arguments[1].len == 0)
		return false;
	for (i = 0; i < arguments[1].len; i++)
		if (strchr("<>=!-+ 0123456789", arguments[1].p[i]) == NULL)
			return false;
	return true;
}

static bool
is_range(const struct span *arguments, size_t count)
{
	return (count == 2 || count == 3) && arguments[0].len > 0;
}

static const char *const plugins[] = {"HTMLEval", NULL};

static const char *const settings[] = {"ok_locales", NULL};

static const struct eval evals[] = {
    {"check_iframe_src", check_iframe_src, NULL},
    {"html_charset_faraway", html_charset_faraway, NULL},
    {"html_eval", html_eval, is_expression},
    {"html_image_only", html_image_only, eval_two},
    {"html_image_ratio", html_image_ratio, eval_two},
    {"html_range", html_range, is_range},
    {"html_tag_balance", html_tag_balance, is_expression},
    {"html_tag_exists", html_tag_exists, eval_one},
    {"html_test", html_test, eval_one},
    {"html_text_match", html_text_match, eval_two},
    {"html_text_not_match", html_text_not_match, eval_two},
    {"html_title_subject_ratio", html_title_subject_ratio, eval_one},
    {NULL, NULL, NULL},
};

const struct eval_family eval_html = {
    .name = "html",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = prepare,
    .release = release,
};
