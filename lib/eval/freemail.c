/*
 * freemail: addresses at services that give them to anybody.
 *
 * A letter from one such address that wants to be answered at another one is
 * what fraud for advance fees looks like.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/regex.h"
#include "eval/families.h"
#include "eval/freemailbody.h"
#include "eval/globs.h"
#include "eval/people.h"
#include "eval/table.h"

#define PATTERN_MAX 1024 /* octets of why a pattern is none */
#define SELECTOR_MAX 300 /* octets of a selector with what is added */

/* The body's addresses, once they were needed. */
struct freemail_message {
	bool taken;
	bool skip; /* there are too many to say anything */
	struct text body;
};

struct freemail {
	struct arena arena;
	struct table domains;
	struct text wild; /* domains with wildcards */
	size_t wild_cap;
	struct table welcome; /* addresses and domains */
	struct globs authorized;
	struct table patterns; /* struct regex *, by their text */
	size_t max_emails;
	size_t max_freemails;
	bool skip_over_max;
	bool skip_bulk;
	struct freemail_message *message;
};

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Takes count hexadecimal digits off the front. */
static bool
take_hex(struct span *text, size_t count)
{
	size_t i;

	if (text->len < count)
		return false;
	for (i = 0; i < count; i++)
		if (!is_hex(text->p[i]))
			return false;
	*text = span_from(*text, count);
	return true;
}

/* "01234567", "01234567.89abcdef", or an UUID: ids of messages. */
static bool
is_id(struct span name)
{
	int i;

	if (!take_hex(&name, 8))
		return false;
	if (name.len == 0)
		return true;
	if (name.p[0] == '.') {
		name = span_from(name, 1);
		return take_hex(&name, 8) && name.len == 0;
	}
	for (i = 0; i < 4; i++) {
		if (!span_starts(name, "-"))
			return false;
		name = span_from(name, 1);
		if (!take_hex(&name, i < 3 ? 4 : 12))
			return false;
	}
	return name.len == 0;
}

/* Two '=' with something before, between and behind: forwarded. */
static bool
is_forwarded(struct span name)
{
	const char *first, *last;
	size_t i;

	if (name.len < 5)
		return false;
	first = memchr(name.p + 1, '=', name.len - 1);
	for (i = name.len - 1; i > 0 && name.p[i - 1] != '='; i--)
		;
	last = name.p + i - 1;
	return first != NULL && i > 0 && last - first >= 2;
}

/* Names of roles and machines, which nobody picks for himself. */
static bool
is_nobody(struct span email)
{
	static const char *const roles[] = {"abuse", "support", "sales", "info",
	    "helpdesk", "contact", "kontakt", "postmaster", "hostmaster",
	    "domainmaster", "bounce-", "bounced-"};
	const char *at = memchr(email.p, '@', email.len);
	struct span name, rest;
	size_t i;

	if (at == NULL)
		return false;
	name = (struct span){email.p, (size_t)(at - email.p)};
	for (i = 0; i < nitems(roles); i++)
		if (span_is(name, roles[i]))
			return true;
	if (span_starts(name, "request-")) {
		rest = span_from(name, strlen("request-"));
		if (take_hex(&rest, 16) && rest.len == 0)
			return true;
	}
	return span_starts(name, "undisclosed") || is_id(name) ||
	       is_forwarded(name);
}

static struct span
domain_of(struct span email)
{
	size_t i;

	for (i = email.len; i > 0 && email.p[i - 1] != '@'; i--)
		;
	return span_from(email, i);
}

static bool
has_domain(const struct freemail *data, struct span domain)
{
	size_t i;

	if (table_find(&data->domains, domain) != NULL)
		return true;
	for (i = 0; i < data->wild.count; i++)
		if (glob_matches(data->wild.lines[i], domain, '.'))
			return true;
	return false;
}

/* Whether an address, in lower case, is one of such a service. */
static bool
is_freemail(const struct freemail *data, struct span email)
{
	struct span domain = domain_of(email);

	return email.len > 0 && has_domain(data, domain) &&
	       table_find(&data->welcome, email) == NULL &&
	       table_find(&data->welcome, domain) == NULL &&
	       !is_nobody(email) && !globs_have(&data->authorized, email);
}

/* Whether it has anything to look for. */
static bool
is_ready(const struct freemail *data)
{
	return data->domains.count > 0 || data->wild.count > 0;
}

/* The pattern in that argument: 1 if an address has it or there is no pattern,
 * 0 if not, or if it is none. */
static bool
has_pattern(const struct eval_call *call, size_t argument, struct span email)
{
	const struct freemail *data = call->data;
	void **regex;

	if (argument >= call->argument_count)
		return true;
	regex = table_find(&data->patterns, call->arguments[argument]);
	return regex != NULL && *regex != NULL &&
	       regex_find(*regex, email, 0, NULL) > 0;
}

static bool
has_freemail(
    const struct eval_call *call, const struct text *emails, size_t argument)
{
	size_t i;

	for (i = 0; i < emails->count; i++)
		if (is_freemail(call->data, emails->lines[i]) &&
		    has_pattern(call, argument, emails->lines[i]))
			return true;
	return false;
}

static void
take_addresses(
    const struct eval_call *call, const char *selector, struct text *emails)
{
	people_list(call->mail, call->tld, selector, emails);
	people_lower(&call->mail->arena, emails);
}

/* check_freemail_header(field [, pattern]) */
static bool
check_freemail_header(const struct eval_call *call)
{
	struct span field = eval_text(call, 0);
	char selector[SELECTOR_MAX];
	struct text emails;

	if (!is_ready(call->data) || field.len == 0 ||
	    field.len + sizeof(":addr") > sizeof(selector))
		return false;
	memcpy(selector, field.p, field.len);
	memcpy(selector + field.len, ":addr", sizeof(":addr"));
	take_addresses(call, selector, &emails);
	return has_freemail(call, &emails, 1);
}

/* check_freemail_from([pattern]) */
static bool
check_freemail_from(const struct eval_call *call)
{
	struct text emails;

	if (!is_ready(call->data))
		return false;
	people_from(call->mail, call->tld, &emails);
	people_lower(&call->mail->arena, &emails);
	return has_freemail(call, &emails, 0);
}

/* The services' addresses in the body; false if there are too many. */
static bool
take_body(const struct eval_call *call, const struct text **body)
{
	const struct freemail *data = call->data;
	struct freemail_message *message = data->message;
	struct text emails;
	size_t i, count = 0;

	*body = &message->body;
	if (message->taken)
		return !message->skip;
	message->taken = true;
	freemailbody(call->mail, call->tld, &emails);
	message->body.lines = arena_array(
	    &call->mail->arena, emails.count, sizeof(*emails.lines));
	for (i = 0; i < emails.count && !message->skip; i++) {
		message->skip =
		    data->skip_over_max && i + 1 == data->max_emails;
		if (message->skip || !is_freemail(data, emails.lines[i]))
			continue;
		message->body.lines[count++] = emails.lines[i];
		message->skip =
		    data->skip_over_max && count == data->max_freemails;
	}
	message->body.count = count;
	return !message->skip;
}

/* check_freemail_body([pattern]) */
static bool
check_freemail_body(const struct eval_call *call)
{
	const struct text *body;
	size_t i;

	if (!is_ready(call->data) || !take_body(call, &body))
		return false;
	for (i = 0; i < body->count; i++)
		if (has_pattern(call, 0, body->lines[i]))
			return true;
	return false;
}

/* Lists and bounces: answers go elsewhere for other reasons. */
static bool
is_bulk(const struct eval_call *call)
{
	static struct regex_fixed bulk = {
	    "(?:^(?:(?:post|host|domain)master|double-bounce|"
	    "(?:sentto|owner|return|(?:gr)?bounced?)-.+)|"
	    "-(?:request|bounces?|admin|owner)|"
	    "\\b(?:do[._-t]?)?no[._-t]?repl(?:y|ies)|.=.+)@",
	    REGEX_NOCASE, NULL};
	const struct freemail *data = call->data;
	struct text senders;

	if (!data->skip_bulk)
		return false;
	people_list(call->mail, call->tld, "EnvelopeFrom", &senders);
	return senders.count > 0 && regex_has(&bulk, senders.lines[0]);
}

static bool
share_one(const struct text *a, const struct text *b)
{
	size_t i, k;

	for (i = 0; i < a->count && i < PEOPLE_MAX; i++)
		for (k = 0; k < b->count && k < PEOPLE_MAX; k++)
			if (span_eq(a->lines[i], b->lines[k]))
				return true;
	return false;
}

static bool
have_other(const struct text *a, const struct text *b)
{
	size_t i, k;

	for (i = 0; i < a->count; i++)
		for (k = 0; k < b->count && k < PEOPLE_MAX; k++)
			if (!span_eq(a->lines[i], b->lines[k]))
				return true;
	return false;
}

/* check_freemail_replyto(['replyto' or 'reply']): whether who answers writes to
 * another such address than to one of From or of the body. */
static bool
check_freemail_replyto(const struct eval_call *call)
{
	struct span what = eval_text(call, 0);
	const bool any = span_is(what, "reply");
	bool from_is, to_is;
	struct text from, to;
	const struct text *body;

	if (!is_ready(call->data) || is_bulk(call) ||
	    (!any && what.len > 0 && !span_is(what, "replyto")))
		return false;
	take_addresses(call, "From:addr", &from);
	take_addresses(call, "Reply-To:addr", &to);
	from_is = has_freemail(call, &from, SIZE_MAX);
	to_is = has_freemail(call, &to, SIZE_MAX);
	if (from_is && to_is && !share_one(&from, &to))
		return true;
	if (any ? !from_is || (to.count > 0 && !to_is) : !to_is)
		return false;
	return take_body(call, &body) && have_other(body, to_is ? &to : &from);
}

static void
add_wild(struct freemail *data, struct span domain)
{
	struct span *lines;

	if (data->wild.count == data->wild_cap) {
		data->wild_cap = data->wild_cap == 0 ? 32 : 2 * data->wild_cap;
		lines =
		    arena_array(&data->arena, data->wild_cap, sizeof(*lines));
		if (data->wild.count > 0)
			memcpy(lines, data->wild.lines,
			    data->wild.count * sizeof(*lines));
		data->wild.lines = lines;
	}
	data->wild.lines[data->wild.count++] = domain;
}

static bool
is_domain(struct span text)
{
	size_t i;
	char c;

	for (i = 0; i < text.len; i++) {
		c = text.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '.' && c != '-' && c != '*' && c != '?')
			return false;
	}
	return true;
}

static void
take_domains(struct freemail *data, struct ruleset *set)
{
	const struct setting *setting;
	struct span rest, word;
	size_t at = 0;

	while (
	    (setting = ruleset_setting(set, "freemail_domains", &at)) != NULL) {
		rest = setting->value;
		while ((word = span_word(&rest)).len > 0) {
			word = glob_lower(&data->arena, word);
			if (!is_domain(word))
				ruleset_add_note(set, NOTE_ERROR, setting->file,
				    setting->line,
				    "freemail_domains: '%.*s' is no domain",
				    SPAN_ARG(word));
			else if (memchr(word.p, '*', word.len) != NULL ||
				 memchr(word.p, '?', word.len) != NULL)
				add_wild(data, word);
			else
				table_add(&data->domains, word);
		}
	}
}

static void
take_welcome(struct freemail *data, const struct ruleset *set)
{
	const struct setting *setting;
	struct span rest, word;
	size_t at = 0;

	while ((setting = ruleset_setting(set, "freemail_welcomelist", &at)) !=
	       NULL) {
		rest = setting->value;
		while ((word = span_word(&rest)).len > 0)
			table_add(
			    &data->welcome, glob_lower(&data->arena, word));
	}
}

static void
import(struct freemail *data, const struct ruleset *set, const char *name)
{
	const struct setting *setting;
	size_t at = 0;

	while ((setting = ruleset_setting(set, name, &at)) != NULL)
		globs_add_all(&data->authorized, setting->value);
	at = 0;
	while (
	    (setting = ruleset_setting(set, "unwelcomelist_auth", &at)) != NULL)
		globs_remove_all(&data->authorized, setting->value);
}

static size_t
number_of(const struct ruleset *set, const char *name, size_t otherwise)
{
	struct span value = ruleset_value(set, name);
	size_t number = 0, i;

	if (value.p == NULL)
		return otherwise;
	for (i = 0; i < value.len && value.p[i] >= '0' && value.p[i] <= '9' &&
		    number < 1000000;
	     i++)
		number = 10 * number + (size_t)(value.p[i] - '0');
	return number;
}

/* Compiles the pattern of a rule, if it is one of this family's with a pattern
 * behind so many arguments. */
static void
take_pattern(
    struct freemail *data, struct ruleset *set, const struct rule *rule)
{
	const size_t at =
	    span_is(rule->function, "check_freemail_header") ? 1 : 0;
	struct buf why = BUF_INIT(PATTERN_MAX);
	void **slot;

	if (!span_starts(rule->function, "check_freemail_") ||
	    span_is(rule->function, "check_freemail_replyto") ||
	    rule->argument_count <= at)
		return;
	slot = table_add(&data->patterns, rule->arguments[at]);
	if (*slot == NULL)
		*slot = regex_new(rule->arguments[at], 0, &why);
	if (*slot == NULL)
		ruleset_add_note(set, NOTE_ERROR, rule->file, rule->line,
		    "%s: no pattern: %s", rule->name, buf_str(&why));
	buf_free(&why);
}

static void *
prepare(struct ruleset *set)
{
	struct freemail *data = calloc(1, sizeof(*data));
	size_t i;

	if (data == NULL)
		fatal("out of memory");
	data->domains.arena = data->welcome.arena = data->patterns.arena =
	    &data->arena;
	globs_init(&data->authorized, &data->arena);
	take_domains(data, set);
	take_welcome(data, set);
	if (number_of(set, "freemail_import_welcomelist_auth", 0) > 0)
		import(data, set, "welcomelist_auth");
	if (number_of(set, "freemail_import_def_welcomelist_auth", 0) > 0)
		import(data, set, "def_welcomelist_auth");
	data->max_emails = number_of(set, "freemail_max_body_emails", 5);
	data->max_freemails = number_of(set, "freemail_max_body_freemails", 3);
	data->skip_over_max =
	    number_of(set, "freemail_skip_when_over_max", 1) > 0;
	data->skip_bulk = number_of(set, "freemail_skip_bulk_envfrom", 1) > 0;
	for (i = 0; i < ruleset_count(set); i++)
		if (ruleset_rule(set, i)->kind == RULE_EVAL)
			take_pattern(data, set, ruleset_rule(set, i));
	return data;
}

static void
release(void *family)
{
	struct freemail *data = family;
	struct table_entry *entry;
	size_t i;

	for (i = 0; i < data->patterns.size; i++)
		for (entry = data->patterns.slots[i]; entry != NULL;
		     entry = entry->next)
			regex_free(entry->value);
	arena_free(&data->arena);
	free(data);
}

static void
begin(void *family, struct mail *mail, const struct tld *tld)
{
	struct freemail *data = family;

	(void)tld;
	data->message = arena_alloc(&mail->arena, sizeof(*data->message));
}

static const char *const plugins[] = {"FreeMail", NULL};

static const char *const settings[] = {"freemail_domains",
    "freemail_welcomelist", "freemail_import_welcomelist_auth",
    "freemail_import_def_welcomelist_auth", "freemail_max_body_emails",
    "freemail_max_body_freemails", "freemail_skip_when_over_max",
    "freemail_skip_bulk_envfrom", "freemail_add_describe_email",
    "welcomelist_auth", "def_welcomelist_auth", "unwelcomelist_auth", NULL};

static const struct eval evals[] = {
    {"check_freemail_from", check_freemail_from, NULL},
    {"check_freemail_replyto", check_freemail_replyto, NULL},
    {"check_freemail_header", check_freemail_header, NULL},
    {"check_freemail_body", check_freemail_body, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_freemail = {.name = "freemail",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = prepare,
    .release = release,
    .begin = begin};
