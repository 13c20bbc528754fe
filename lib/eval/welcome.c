/*
 * welcome: lists of who may write what, and who may not: settings like
 * welcomelist_from, and lists with names of their own.
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/handover.h"
#include "eval/people.h"
#include "eval/welcomeset.h"

/* Found among those that are welcome by certain relays only: by the right
 * one, by none, or by a wrong one. */
enum found { FOUND_NO, FOUND_RIGHT, FOUND_WRONG };

struct welcome_message {
	bool has_from;
	bool has_to;
	bool has_welcome;
	bool has_default;
	struct text from;
	struct text to;
	enum found welcome;
	enum found by_default;
};

struct welcome {
	struct welcomeset set;
	struct welcome_message *message;
};

static const struct text *
from_of(const struct eval_call *call)
{
	const struct welcome *data = call->data;
	struct welcome_message *message = data->message;

	if (!message->has_from) {
		message->has_from = true;
		people_from(call->mail, call->tld, &message->from);
		people_lower(&call->mail->arena, &message->from);
	}
	return &message->from;
}

static const struct text *
to_of(const struct eval_call *call)
{
	const struct welcome *data = call->data;
	struct welcome_message *message = data->message;

	if (!message->has_to) {
		message->has_to = true;
		people_to(call->mail, call->tld, &message->to);
		people_lower(&call->mail->arena, &message->to);
	}
	return &message->to;
}

static const struct globs *
find_list(const struct eval_call *call, struct span name)
{
	const struct welcome *data = call->data;

	return welcomeset_list(&data->set, name);
}

static bool
have_one(const struct globs *globs, const struct text *people)
{
	size_t i;

	for (i = 0; globs != NULL && i < people->count; i++)
		if (globs_have(globs, people->lines[i]))
			return true;
	return false;
}

static bool
is_from_in(const struct eval_call *call, struct span name)
{
	const struct globs *globs = find_list(call, name);

	return globs != NULL && globs->patterns.count > 0 &&
	       have_one(globs, from_of(call));
}

static bool
is_to_in(const struct eval_call *call, struct span name)
{
	const struct globs *globs = find_list(call, name);

	return globs != NULL && globs->patterns.count > 0 &&
	       have_one(globs, to_of(call));
}

static bool
check_from_in_list(const struct eval_call *call)
{
	return is_from_in(call, eval_text(call, 0));
}

static bool
check_to_in_list(const struct eval_call *call)
{
	return is_to_in(call, eval_text(call, 0));
}

static bool
check_replyto_in_list(const struct eval_call *call)
{
	const struct globs *globs = find_list(call, eval_text(call, 0));
	struct span address = people_get(call, "Reply-To:addr");

	return globs != NULL && address.len > 0 &&
	       globs_have(globs, glob_lower(&call->mail->arena, address));
}

static bool
check_from_in_blocklist(const struct eval_call *call)
{
	return is_from_in(call, span_of("blocklist_from"));
}

static bool
check_to_in_blocklist(const struct eval_call *call)
{
	return is_to_in(call, span_of("blocklist_to"));
}

static bool
check_to_in_welcomelist(const struct eval_call *call)
{
	return is_to_in(call, span_of("welcomelist_to"));
}

static bool
check_to_in_more_spam(const struct eval_call *call)
{
	return is_to_in(call, span_of("more_spam_to"));
}

static bool
check_to_in_all_spam(const struct eval_call *call)
{
	return is_to_in(call, span_of("all_spam_to"));
}

struct handover {
	const struct relay *relays;
	size_t count;
	enum found found;
};

static bool
visit_relays(const struct glob *glob, void *context)
{
	struct handover *handover = context;
	size_t i, k;

	for (i = 0; i < glob->relays.count; i++)
		for (k = 0; k < handover->count; k++)
			if (handover_is(
				&handover->relays[k], glob->relays.lines[i])) {
				handover->found = FOUND_RIGHT;
				return true;
			}
	handover->found = FOUND_WRONG;
	return false;
}

static enum found
find_relayed(const struct eval_call *call, const struct globs *globs,
    struct span address)
{
	const struct welcome *data = call->data;
	struct handover handover = {NULL, 0, FOUND_NO};

	if (call->mail->relays == NULL || globs->patterns.count == 0)
		return FOUND_NO;
	handover_believed(
	    call->mail->relays, &handover.relays, &handover.count);
	if (handover.count == 0)
		return FOUND_NO;
	globs_visit(globs, address, visit_relays, &handover);
	if (handover.found == FOUND_WRONG &&
	    globs_have(data->set.any_relay, address))
		return FOUND_NO;
	return handover.found;
}

/* Whether any of the senders is in a list, or in one of pairs with relays. */
static enum found
find_from(const struct eval_call *call, const struct globs *plain,
    const struct globs *relayed)
{
	const struct text *from;
	enum found found = FOUND_NO, one;
	size_t i;

	if ((plain == NULL || plain->patterns.count == 0) &&
	    relayed->patterns.count == 0)
		return FOUND_NO;
	from = from_of(call);
	for (i = 0; i < from->count; i++) {
		if (plain != NULL && globs_have(plain, from->lines[i]))
			return FOUND_RIGHT;
		one = find_relayed(call, relayed, from->lines[i]);
		if (one == FOUND_RIGHT)
			return one;
		if (one == FOUND_WRONG)
			found = one;
	}
	return found;
}

static enum found
welcome_of(const struct eval_call *call)
{
	const struct welcome *data = call->data;
	struct welcome_message *message = data->message;

	if (!message->has_welcome) {
		message->has_welcome = true;
		message->welcome =
		    find_from(call, data->set.from, &data->set.relayed);
	}
	return message->welcome;
}

static enum found
default_of(const struct eval_call *call)
{
	const struct welcome *data = call->data;
	struct welcome_message *message = data->message;

	if (!message->has_default) {
		message->has_default = true;
		message->by_default =
		    find_from(call, NULL, &data->set.def_relayed);
	}
	return message->by_default;
}

static bool
check_from_in_welcomelist(const struct eval_call *call)
{
	return welcome_of(call) == FOUND_RIGHT;
}

static bool
check_forged_in_welcomelist(const struct eval_call *call)
{
	return welcome_of(call) == FOUND_WRONG && default_of(call) == FOUND_NO;
}

static bool
check_from_in_default_welcomelist(const struct eval_call *call)
{
	return default_of(call) == FOUND_RIGHT;
}

static bool
check_forged_in_default_welcomelist(const struct eval_call *call)
{
	return default_of(call) == FOUND_WRONG && welcome_of(call) == FOUND_NO;
}

/* The registered domain, or the name itself if it is none; in lower case. */
static struct span
domain_of(const struct eval_call *call, struct span host)
{
	struct span domain;

	host = glob_lower(&call->mail->arena, host);
	domain = tld_domain(call->tld, host);
	return domain.p != NULL ? domain : host;
}

/* Whether the sender's domain is that of a relay that can be believed. */
static bool
check_mailfrom_matches_rcvd(const struct eval_call *call)
{
	struct span sender = people_get(call, "EnvelopeFrom:addr");
	const struct relay *relays;
	size_t i, count;

	for (i = sender.len; i > 0 && sender.p[i - 1] != '@'; i--)
		;
	if (i == 0 || call->mail->relays == NULL)
		return false;
	sender = span_from(sender, i);
	if (sender.len < 3 || memchr(sender.p, '.', sender.len) == NULL)
		return false;
	sender = domain_of(call, sender);
	handover_believed(call->mail->relays, &relays, &count);
	for (i = 0; i < count; i++)
		if (relays[i].rdns.len > 0 &&
		    span_eq(sender, domain_of(call, relays[i].rdns)))
			return true;
	return false;
}

static void *
prepare(struct ruleset *set)
{
	struct welcome *data = calloc(1, sizeof(*data));

	if (data == NULL)
		fatal("out of memory");
	welcomeset_init(&data->set, set);
	return data;
}

static void
release(void *family)
{
	struct welcome *data = family;

	welcomeset_free(&data->set);
	free(data);
}

static void
begin(void *family, struct mail *mail, const struct tld *tld)
{
	struct welcome *data = family;

	(void)tld;
	data->message = arena_alloc(&mail->arena, sizeof(*data->message));
}

static const char *const plugins[] = {"WLBLEval", NULL};

static const char *const settings[] = {"welcomelist_from", "unwelcomelist_from",
    "welcomelist_from_rcvd", "def_welcomelist_from_rcvd",
    "unwelcomelist_from_rcvd", "welcomelist_allows_relays", "blocklist_from",
    "unblocklist_from", "welcomelist_to", "blocklist_to", "more_spam_to",
    "all_spam_to", "enlist_addrlist", NULL};

static const struct eval evals[] = {
    {"check_from_in_list", check_from_in_list, eval_one},
    {"check_to_in_list", check_to_in_list, eval_one},
    {"check_replyto_in_list", check_replyto_in_list, eval_one},
    {"check_from_in_blocklist", check_from_in_blocklist, NULL},
    {"check_from_in_blacklist", check_from_in_blocklist, NULL},
    {"check_to_in_blocklist", check_to_in_blocklist, NULL},
    {"check_to_in_blacklist", check_to_in_blocklist, NULL},
    {"check_to_in_welcomelist", check_to_in_welcomelist, NULL},
    {"check_to_in_whitelist", check_to_in_welcomelist, NULL},
    {"check_to_in_more_spam", check_to_in_more_spam, NULL},
    {"check_to_in_all_spam", check_to_in_all_spam, NULL},
    {"check_from_in_welcomelist", check_from_in_welcomelist, NULL},
    {"check_from_in_whitelist", check_from_in_welcomelist, NULL},
    {"check_forged_in_welcomelist", check_forged_in_welcomelist, NULL},
    {"check_forged_in_whitelist", check_forged_in_welcomelist, NULL},
    {"check_from_in_default_welcomelist", check_from_in_default_welcomelist,
	NULL},
    {"check_from_in_default_whitelist", check_from_in_default_welcomelist,
	NULL},
    {"check_forged_in_default_welcomelist", check_forged_in_default_welcomelist,
	NULL},
    {"check_forged_in_default_whitelist", check_forged_in_default_welcomelist,
	NULL},
    {"check_mailfrom_matches_rcvd", check_mailfrom_matches_rcvd, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_welcome = {.name = "welcome",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = prepare,
    .release = release,
    .begin = begin};
