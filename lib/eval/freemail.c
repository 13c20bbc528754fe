/*
 * freemail: addresses at services that give them to anybody.
 *
 * A letter from one such address that wants to be answered at another one is
 * what fraud for advance fees looks like.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"
#include "base/regex.h"
#include "eval/families.h"
#include "eval/freemailbody.h"
#include "eval/freemailset.h"
#include "eval/people.h"

#define PATTERN_MAX 1024 /* octets of why a pattern is none */
#define SELECTOR_MAX 300 /* octets of a selector with what is added */

/* The body's addresses, once they were needed. */
struct freemail_message {
	bool taken;
	bool skip; /* there are too many to say anything */
	struct text body;
};

struct freemail {
	struct freemailset set;
	struct map patterns; /* struct regex *, by their text */
	size_t max_emails;
	size_t max_freemails;
	bool skip_over_max;
	bool skip_bulk;
	struct freemail_message *message;
};

/* Whether it has nothing to look for. */
static bool
is_idle(const struct eval_call *call)
{
	const struct freemail *data = call->data;

	return freemailset_is_empty(&data->set);
}

/* The pattern in that argument: 1 if an address has it or there is no pattern,
 * 0 if not, or if it is none. */
static bool
has_pattern(const struct eval_call *call, size_t argument, struct span email)
{
	const struct freemail *data = call->data;
	const struct regex *regex;

	if (argument >= call->argument_count)
		return true;
	regex = map_pointer(&data->patterns, call->arguments[argument]);
	return regex != NULL && regex_find(regex, email, 0, NULL) > 0;
}

static bool
has_freemail(
    const struct eval_call *call, const struct text *emails, size_t argument)
{
	const struct freemail *data = call->data;
	size_t i;

	for (i = 0; i < emails->count; i++)
		if (freemailset_has(&data->set, emails->lines[i]) &&
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

	if (is_idle(call) || field.len == 0 ||
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

	if (is_idle(call))
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
		if (message->skip ||
		    !freemailset_has(&data->set, emails.lines[i]))
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

	if (is_idle(call) || !take_body(call, &body))
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

	if (is_idle(call) || is_bulk(call) ||
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
	slot = map_pointer_at(
	    &data->patterns, &data->set.arena, rule->arguments[at]);
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
	freemailset_init(&data->set, set);
	data->max_emails =
	    freemailset_number(set, "freemail_max_body_emails", 5);
	data->max_freemails =
	    freemailset_number(set, "freemail_max_body_freemails", 3);
	data->skip_over_max =
	    freemailset_number(set, "freemail_skip_when_over_max", 1) > 0;
	data->skip_bulk =
	    freemailset_number(set, "freemail_skip_bulk_envfrom", 1) > 0;
	for (i = 0; i < ruleset_count(set); i++)
		if (ruleset_rule(set, i)->kind == RULE_EVAL)
			take_pattern(data, set, ruleset_rule(set, i));
	return data;
}

static void
release(void *family)
{
	struct freemail *data = family;
	size_t i;

	for (i = 0; i < data->patterns.cap; i++)
		regex_free(data->patterns.slots[i].pointer);
	freemailset_free(&data->set);
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
