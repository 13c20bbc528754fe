/*
 * eval: the functions that rules call by name, "eval:check_for_mime('x')".
 *
 * They come in families: a file each, for what belongs together.  A family may
 * make something of the settings first (lists of domains, of addresses), which
 * its functions get.  A function looks and says yes or no.
 */
#ifndef EVAL_EVAL_H
#define EVAL_EVAL_H

#include "html/html.h"
#include "relay/relay.h"
#include "relay/selector.h"
#include "rules/ruleset.h"
#include "text/mail.h"
#include "uri/tld.h"
#include "uri/uris.h"

/* What a function is asked. */
struct eval_call {
	struct mail *mail; /* to look at; only its arena changes */
	const struct tld *tld;
	const void *data; /* what the family's prepare() made */
	const struct rule *rule;
	const struct span *arguments;
	size_t argument_count;
	/* the probability of spam by the learner; below 0: it says nothing */
	double learned;
};

struct eval {
	const char *name;
	bool (*check)(const struct eval_call *call);
	/* For a rule that is new (NULL: anything goes): whether these arguments
	 * make sense. */
	bool (*good)(const struct span *arguments, size_t count);
};

struct eval_family {
	const char *name;
	/* Plugins of SpamAssassin whose work this is, for ifplugin, without
	 * "Mail::SpamAssassin::Plugin::"; ends in NULL. */
	const char *const *plugins;
	/* Names of settings that it takes; ends in NULL. */
	const char *const *settings;
	const struct eval *evals; /* ends in one without a name */
	/* May be NULL, both.  Notes what is wrong in the settings.  */
	void *(*prepare)(struct ruleset *set);
	void (*release)(void *data);
	/* Before the first function is called for a message; may be NULL. */
	void (*begin)(void *data, struct mail *mail, const struct tld *tld);
};

/* All families; ends in NULL. */
extern const struct eval_family *const eval_families[];

/* The function of that name and its family's index; NULL if there is none. */
const struct eval *eval_find(struct span name, size_t *family);

/* Whether a setting of that name, or a plugin, is a family's. */
bool eval_has_setting(const char *name);
bool eval_has_plugin(const char *name);

/* For `good`: that there is one argument, or two, none of them empty. */
bool eval_one(const struct span *arguments, size_t count);
bool eval_two(const struct span *arguments, size_t count);

/* An argument as text or number; "" or 0 if there are not so many. */
struct span eval_text(const struct eval_call *call, size_t i);
double eval_number(const struct eval_call *call, size_t i);

#endif
