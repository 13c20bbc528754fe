/*
 * headertext: what is written in a header: characters, words, templates.
 */
#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/map.h"
#include "base/regex.h"
#include "eval/families.h"
#include "eval/locales.h"
#include "eval/people.h"
#include "text/charset.h"

#define CAPS_MIN 10 /* octets of a subject that is judged by its capitals */
#define SELECTOR_MAX 300 /* octets of a selector with what is added to it */

struct headertext {
	struct span locales;
};

/* Whether an encoded word in it is of a character set that nobody here reads.
 */
static bool
is_faraway(struct span text, struct span locales)
{
	static struct regex_fixed word = {"=\\?(.+?)\\?.\\?.*?\\?=", 0, NULL};
	struct regex_match match;
	size_t at = 0;

	while (regex_take(&word, text, at, &match)) {
		if (!locales_allow(locales, match.groups[1]))
			return true;
		at = match.end;
	}
	return false;
}

static bool
check_for_faraway_charset_in_headers(const struct eval_call *call)
{
	static const char *const names[] = {"From:raw", "Subject:raw"};
	const struct headertext *data = call->data;
	struct text text;
	size_t i, k;

	if (locales_are_all(data->locales))
		return false;
	for (i = 0; i < nitems(names); i++) {
		people_list(call->mail, call->tld, names[i], &text);
		for (k = 0; k < text.count; k++)
			if (is_faraway(text.lines[k], data->locales))
				return true;
	}
	return false;
}

/* Octets of which mail has none in a header: controls, and what should have
 * been encoded. */
static size_t
count_illegal(struct span text, size_t *controls)
{
	size_t i, count = 0;
	unsigned char c;

	*controls = 0;
	for (i = 0; i < text.len; i++) {
		c = (unsigned char)text.p[i];
		if (c < ' ' && c != '\t' && c != '\n' && c != '\r')
			++*controls;
		count += c >= 0x7f;
	}
	return count + *controls;
}

static size_t
count_eightbit(struct span text)
{
	size_t i, count = 0;

	for (i = 0; i < text.len; i++)
		count += (unsigned char)text.p[i] >= 0x80;
	return count;
}

/* One sign of money or trade in Latin-1 is let pass in a subject. */
static bool
has_one_sign(struct span text)
{
	size_t i, count = 0;

	for (i = 0; i < text.len; i++)
		count += text.p[i] == '\xa2' || text.p[i] == '\xa3' ||
			 text.p[i] == '\xae';
	return count == 1;
}

/* check_illegal_chars(field, ratio, count): at least so many, of all octets. */
static bool
check_illegal_chars(const struct eval_call *call)
{
	struct span name = eval_text(call, 0), text;
	char selector[SELECTOR_MAX];
	size_t illegal, controls;

	if (name.len + sizeof(":raw") > sizeof(selector))
		return false;
	if (span_ends(name, ":raw"))
		name.len -= strlen(":raw");
	memcpy(selector, name.p, name.len);
	memcpy(selector + name.len, ":raw", sizeof(":raw"));
	text = people_get(call, selector);
	if (span_trim(text).len == 0)
		return false;
	illegal = count_illegal(text, &controls);
	if (controls == 0 && count_eightbit(text) > 0 && charset_is_utf8(text))
		return false;
	if (illegal > 0 && span_iis(name, "subject") && has_one_sign(text))
		illegal--;
	return (double)illegal / (double)text.len >= eval_number(call, 1) &&
	       (double)illegal >= eval_number(call, 2);
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static struct span
without_blanks(struct span text)
{
	while (text.len > 0 && ascii_is_space(text.p[0]))
		text = span_from(text, 1);
	return text;
}

/* How long a mark like "Re:" is at the front of a subject. */
static size_t
mark_length(struct span subject)
{
	static const char *const marks[] = {"Re:", "Fwd:", "Fw:", "Aw:",
	    "Antwort:", "WG:", "SV:", "VB:", "VS:", "VL:"};
	size_t i;

	for (i = 0; i < nitems(marks); i++)
		if (span_istarts(subject, marks[i]))
			return strlen(marks[i]);
	return 0;
}

static struct span
without_marks(struct span subject)
{
	size_t len;

	while ((len = mark_length(subject)) > 0)
		subject = without_blanks(span_from(subject, len));
	return subject;
}

/* Whether an encoded word in it is of a character set whose octets look like
 * capitals. */
static bool
looks_upper(struct span raw)
{
	const struct span mark = span_of("=?");
	struct span name;
	const char *p;
	size_t len;

	while ((p = span_find(raw, mark)) != NULL) {
		raw = span_from(raw, (size_t)(p - raw.p) + mark.len);
		name = raw;
		for (len = 0; len < name.len && (ascii_is_word(name.p[len]) ||
						    name.p[len] == '-');
		     len++)
			;
		name.len = len;
		if (len < raw.len && raw.p[len] == '?' &&
		    locales_look_upper(name))
			return true;
	}
	return false;
}

static bool
subject_is_all_caps(const struct eval_call *call)
{
	struct span subject = span_trim(people_get(call, "Subject"));
	bool has_space = false;
	size_t i, letters = 0;

	subject = without_marks(subject);
	if (subject.len < CAPS_MIN)
		return false;
	for (i = 0; i < subject.len; i++) {
		if (ascii_is_lower(subject.p[i]))
			return false;
		letters += ascii_is_upper(subject.p[i]);
		has_space = has_space || ascii_is_space(subject.p[i]);
	}
	return letters > 0 && has_space &&
	       !looks_upper(people_get(call, "Subject:raw"));
}

static bool
has_address(struct span subject, struct span address)
{
	const char *p;
	size_t at, end;

	while ((p = span_ifind(subject, address)) != NULL) {
		at = (size_t)(p - subject.p);
		end = at + address.len;
		if ((at == 0 || !ascii_is_word(p[-1])) &&
		    (end == subject.len || !ascii_is_word(subject.p[end])))
			return true;
		subject = span_from(subject, at + 1);
	}
	return false;
}

/* Whether the whole text is that name, in any case. */
static bool
is_name(struct span text, struct span name)
{
	if (span_ends(text, "\n"))
		text.len--;
	return span_ieq(text, name);
}

/* Takes the name and one of those characters off the front. */
static bool
take_name(struct span *text, struct span name, const char *marks)
{
	if (text->len <= name.len ||
	    strncasecmp(text->p, name.p, name.len) != 0 ||
	    !is_one_of(text->p[name.len], marks))
		return false;
	*text = span_from(*text, name.len + 1);
	return true;
}

/* "joe", "Re: joe", "joe, buy this", ", joe!". */
static bool
greets(struct span subject, struct span name)
{
	struct span rest = subject;

	if (span_istarts(rest, "re:") || span_istarts(rest, "fw:")) {
		rest = without_blanks(span_from(rest, 3));
		if (is_name(rest, name))
			return true;
		while (rest.len > 0 && ascii_is_word(rest.p[0]))
			rest = span_from(rest, 1);
		if (rest.len > 0 && ascii_is_space(rest.p[0]) &&
		    is_name(without_blanks(rest), name))
			return true;
	}
	if (is_name(subject, name))
		return true;
	rest = subject;
	if (rest.len > name.len && memcmp(rest.p, name.p, name.len) == 0) {
		rest = without_blanks(span_from(rest, name.len));
		if (rest.len > 0 && is_one_of(rest.p[0], ",:;!?-") &&
		    (rest.len == 1 || ascii_is_space(rest.p[1])))
			return true;
	}
	if (!span_starts(subject, ","))
		return false;
	rest = without_blanks(span_from(subject, 1));
	return take_name(&rest, name, ",:;!?-") && is_name(rest, span_of(""));
}

/* check_for_to_in_subject('address' or 'user') */
static bool
check_for_to_in_subject(const struct eval_call *call)
{
	struct span to = people_get(call, "To:addr"), subject;
	const char *at;

	if (to.len == 0)
		return false;
	subject = people_get(call, "Subject");
	if (span_is(eval_text(call, 0), "address"))
		return has_address(subject, to);
	if (!span_is(eval_text(call, 0), "user"))
		return false;
	at = memchr(to.p, '@', to.len);
	if (at != NULL)
		to.len = (size_t)(at - to.p);
	return greets(subject, to);
}

/* check_header_count_range(field, from, to): how many different ones. */
static bool
check_header_count_range(const struct eval_call *call)
{
	struct span argument = eval_text(call, 0);
	struct map seen = {0};
	const struct mail_field *field;
	char name[MAIL_NAME_MAX + 1];
	size_t at = 0;

	if (argument.len >= sizeof(name))
		return false;
	memcpy(name, argument.p, argument.len);
	name[argument.len] = '\0';
	while ((field = mail_next(&call->mail->root.header, name, &at)) != NULL)
		map_at(&seen, &call->mail->arena, field->value);
	return (double)seen.count >= eval_number(call, 1) &&
	       (double)seen.count <= eval_number(call, 2);
}

/* Fields in which "%AB" is nothing special. */
static bool
may_have_percent(struct span name)
{
	static const char *const names[] = {"X-VMS-To", "X-UIDL", "X-Face",
	    "To", "Cc", "From", "Subject", "References", "In-Reply-To",
	    "Message-Id", "X-Message-Id", "Resent-Message-Id",
	    "X-Original-Message-Id"};
	size_t i;

	for (i = 0; i < nitems(names); i++)
		if (span_iis(name, names[i]))
			return true;
	return false;
}

/* "%RANDOM": something was to be put in there. */
static bool
has_template(struct span text)
{
	const char *p;

	while (text.len > 0 && (p = memchr(text.p, '%', text.len)) != NULL) {
		text = span_from(text, (size_t)(p - text.p) + 1);
		if (text.len >= 2 && ascii_is_upper(text.p[0]) &&
		    (ascii_is_upper(text.p[1]) || text.p[1] == '_' ||
			text.p[1] == '-'))
			return true;
	}
	return false;
}

static bool
check_unresolved_template(const struct eval_call *call)
{
	const struct mail_header *header = &call->mail->root.header;
	const struct mail_field *field;
	size_t i;

	for (i = 0; i < header->count; i++) {
		field = &header->fields[i];
		if ((has_template(field->value) || has_template(field->name)) &&
		    !may_have_percent(field->name))
			return true;
	}
	return false;
}

/* Of rules that SpamAssassin has given up. */
static bool
check_for_unique_subject_id(const struct eval_call *call)
{
	(void)call;
	return false;
}

static void *
prepare(struct ruleset *set)
{
	struct headertext *data = calloc(1, sizeof(*data));

	if (data == NULL)
		fatal("out of memory");
	data->locales = ruleset_value(set, "ok_locales");
	if (data->locales.p == NULL)
		data->locales = span_of("all");
	return data;
}

static bool
is_three(const struct span *arguments, size_t count)
{
	return count == 3 && arguments[0].len > 0;
}

static const char *const plugins[] = {"HeaderEval", NULL};

static const char *const settings[] = {"ok_locales", NULL};

static const struct eval evals[] = {
    {"check_for_faraway_charset_in_headers",
	check_for_faraway_charset_in_headers, NULL},
    {"check_for_unique_subject_id", check_for_unique_subject_id, NULL},
    {"check_illegal_chars", check_illegal_chars, is_three},
    {"subject_is_all_caps", subject_is_all_caps, NULL},
    {"check_for_to_in_subject", check_for_to_in_subject, eval_one},
    {"check_header_count_range", check_header_count_range, is_three},
    {"check_unresolved_template", check_unresolved_template, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_headertext = {.name = "headertext",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = prepare,
    .release = free};
