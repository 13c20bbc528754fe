/*
 * fromname: an address in the place of the writer's name, which is all that
 * many readers show.
 */
#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "eval/families.h"
#include "eval/globs.h"
#include "eval/people.h"
#include "relay/relayip.h"

#define EXTRA_DEFAULT 50 /* fns_extrachars */
#define HEADERS_MAX 64   /* of fns_ignore_headers */

/* What is wrong with the name. */
struct spoof {
	bool taken;
	bool has_email;
	bool other_address;
	bool other_domain;
	bool other_owner;
	bool is_replyto;
	bool is_to;
};

/* Addresses that belong to the same owner, whatever their domains are. */
struct owner {
	struct span name;
	struct globs addresses;
	struct owner *next;
};

struct fromname {
	struct arena arena;
	struct owner *owners;
	const char *headers[HEADERS_MAX]; /* that say that it is all right */
	size_t header_count;
	size_t extra;
	unsigned level;
	struct spoof *spoof; /* of this message */
};

static bool
is_local(char c)
{
	return ascii_is_word(c) ||
	       (c != '\0' && strchr(".!#$%&'*+/=?^`{|}~-", c) != NULL);
}

/* How long the domain at the front of a text is: "label.rest", 0 if none. */
static size_t
domain_length(struct span text)
{
	size_t i, dot;

	if (text.len == 0 || !ascii_is_word(text.p[0]))
		return 0;
	for (i = 0;
	     i < text.len && (ascii_is_word(text.p[i]) || text.p[i] == '-');
	     i++)
		;
	dot = i;
	if (dot == text.len || text.p[dot] != '.' || dot + 1 == text.len ||
	    !ascii_is_word(text.p[dot + 1]))
		return 0;
	for (i = dot + 2;
	     i < text.len &&
	     (ascii_is_word(text.p[i]) || text.p[i] == '-' || text.p[i] == '.');
	     i++)
		;
	return i > dot + 2 && ascii_is_word(text.p[i - 1]) ? i : 0;
}

/* The first address in a name; p NULL if there is none. */
static struct span
find_email(struct span name)
{
	size_t at, begin, len, low = 0;
	const char *p;

	for (at = 0; at < name.len; at++) {
		p = memchr(name.p + at, '@', name.len - at);
		if (p == NULL)
			break;
		at = (size_t)(p - name.p);
		for (begin = at; begin > low && is_local(name.p[begin - 1]);
		     begin--)
			;
		while (begin < at && !ascii_is_word(name.p[begin]))
			begin++;
		low = at + 1;
		len = domain_length(span_from(name, at + 1));
		if (begin < at && len > 0)
			return (struct span){
			    name.p + begin, at + 1 + len - begin};
	}
	return (struct span){NULL, 0};
}

/* The registered domain of an address, or the number that is its host; p NULL
 * if it has none. */
static struct span
domain_of(const struct eval_call *call, struct span email)
{
	const char *at = email.len > 0 ? memchr(email.p, '@', email.len) : NULL;
	struct span host;

	if (at == NULL)
		return (struct span){NULL, 0};
	host = span_from(email, (size_t)(at - email.p) + 1);
	if (host.len == 0 || memchr(host.p, '@', host.len) != NULL ||
	    span_ends(host, "."))
		return (struct span){NULL, 0};
	if (relay_is_ip(host))
		return host;
	if (!people_is_host(&call->mail->arena, host))
		return (struct span){NULL, 0};
	return tld_domain(call->tld, host);
}

static const struct owner *
find_owner(const struct fromname *data, struct span email)
{
	const struct owner *owner;

	for (owner = data->owners; owner != NULL; owner = owner->next)
		if (globs_have(&owner->addresses, email))
			return owner;
	return NULL;
}

/* Whose address it is: as a list says, of the address itself or of the same at
 * the registered domain; else the first label of that. */
static struct span
owner_of(const struct eval_call *call, struct span email, struct span domain)
{
	const struct fromname *data = call->data;
	const struct owner *owner = find_owner(data, email);
	const char *at = memchr(email.p, '@', email.len), *dot;
	size_t local = (size_t)(at - email.p) + 1;
	char *text;

	if (owner == NULL && data->owners != NULL) {
		text = arena_alloc(&call->mail->arena, local + domain.len);
		memcpy(text, email.p, local);
		memcpy(text + local, domain.p, domain.len);
		owner =
		    find_owner(data, (struct span){text, local + domain.len});
	}
	if (owner != NULL)
		return owner->name;
	dot = memchr(domain.p, '.', domain.len);
	if (dot != NULL && dot > domain.p)
		domain.len = (size_t)(dot - domain.p);
	return domain;
}

static size_t
count_other(struct span text)
{
	size_t i, count = 0;

	for (i = 0; i < text.len; i++)
		count += !ascii_is_word(text.p[i]) || text.p[i] == '_';
	return count;
}

/* Whether there is so much else in the name that the address is not what the
 * reader takes for the writer's. */
static bool
is_long(struct span name, struct span email, size_t extra)
{
	return name.len - email.len + count_other(name) - count_other(email) >
	       extra;
}

static bool
is_ignored(const struct eval_call *call)
{
	const struct fromname *data = call->data;
	struct span value;
	size_t i;

	for (i = 0; i < data->header_count; i++) {
		value = people_get(call, data->headers[i]);
		if (value.len > 0 && !span_is(value, "0"))
			return true;
	}
	return false;
}

static void
compare(const struct eval_call *call, struct spoof *spoof)
{
	const struct fromname *data = call->data;
	struct arena *arena = &call->mail->arena;
	struct span from, name, email, from_domain, domain;
	struct text to;
	size_t i;

	from = glob_lower(arena, people_get(call, "From:addr"));
	name = glob_lower(arena, people_get(call, "From:name"));
	email = find_email(name);
	if (email.p == NULL || is_ignored(call))
		return;
	from_domain = domain_of(call, from);
	domain = domain_of(call, email);
	if (from_domain.p == NULL || domain.p == NULL)
		return;
	spoof->has_email = true;
	if (is_long(name, email, data->extra))
		return;
	spoof->other_address = !span_eq(from, email);
	spoof->other_domain = !span_eq(from_domain, domain);
	spoof->other_owner = !span_eq(
	    owner_of(call, email, domain), owner_of(call, from, from_domain));
	spoof->is_replyto = span_eq(
	    email, glob_lower(arena, people_get(call, "Reply-To:addr")));
	people_to(call->mail, call->tld, &to);
	for (i = 0; i < to.count; i++)
		if (span_eq(email, to.lines[i]))
			spoof->is_to = true;
}

static const struct spoof *
spoof_of(const struct eval_call *call)
{
	const struct fromname *data = call->data;

	if (!data->spoof->taken) {
		data->spoof->taken = true;
		compare(call, data->spoof);
	}
	return data->spoof;
}

/* check_fromname_spoof([level]): another address; 1: of another owner, 2: of
 * another domain. */
static bool
check_fromname_spoof(const struct eval_call *call)
{
	const struct fromname *data = call->data;
	const struct spoof *spoof = spoof_of(call);
	struct span argument = eval_text(call, 0);
	unsigned level = data->level;

	if (argument.len == 1 && argument.p[0] >= '0' && argument.p[0] <= '2')
		level = (unsigned)(argument.p[0] - '0');
	return spoof->other_address && (level != 1 || spoof->other_owner) &&
	       (level != 2 || spoof->other_domain);
}

static bool
check_fromname_different(const struct eval_call *call)
{
	return spoof_of(call)->other_address;
}

static bool
check_fromname_domain_differ(const struct eval_call *call)
{
	return spoof_of(call)->other_domain;
}

static bool
check_fromname_contains_email(const struct eval_call *call)
{
	return spoof_of(call)->has_email;
}

static bool
check_fromname_equals_to(const struct eval_call *call)
{
	return spoof_of(call)->is_to;
}

static bool
check_fromname_owners_differ(const struct eval_call *call)
{
	return spoof_of(call)->other_owner;
}

static bool
check_fromname_equals_replyto(const struct eval_call *call)
{
	return spoof_of(call)->is_replyto;
}

static struct owner *
owner_named(struct fromname *data, struct span name)
{
	struct owner *owner;

	name = glob_lower(&data->arena, name);
	for (owner = data->owners; owner != NULL; owner = owner->next)
		if (span_eq(owner->name, name))
			return owner;
	owner = arena_alloc(&data->arena, sizeof(*owner));
	owner->name = name;
	globs_init(&owner->addresses, &data->arena);
	owner->next = data->owners;
	data->owners = owner;
	return owner;
}

/* "(owner) address ..." of a setting, added or taken off. */
static void
take_owners(struct fromname *data, struct ruleset *set, const char *name,
    void (*take)(struct globs *globs, struct span addresses))
{
	const struct setting *setting;
	const char *close;
	struct span value;
	size_t at = 0, len;

	while ((setting = ruleset_setting(set, name, &at)) != NULL) {
		value = span_trim(setting->value);
		close = value.len > 0 ? memchr(value.p, ')', value.len) : NULL;
		len = close != NULL ? (size_t)(close - value.p) : 0;
		if (value.len == 0 || value.p[0] != '(' || len < 2)
			ruleset_add_note(set, NOTE_ERROR, setting->file,
			    setting->line, "%s: no (owner)", name);
		else
			take(&owner_named(
				 data, (struct span){value.p + 1, len - 1})
				  ->addresses,
			    span_from(value, len + 1));
	}
}

static void
take_headers(struct fromname *data, const struct ruleset *set)
{
	const struct setting *setting;
	struct span rest, word;
	size_t at = 0;

	while ((setting = ruleset_setting(set, "fns_ignore_headers", &at)) !=
	       NULL) {
		rest = setting->value;
		while ((word = span_word(&rest)).len > 0 &&
		       data->header_count < HEADERS_MAX)
			data->headers[data->header_count++] =
			    arena_copy(&data->arena, word).p;
	}
}

static void *
prepare(struct ruleset *set)
{
	struct fromname *data = calloc(1, sizeof(*data));
	struct span value;
	size_t i;

	if (data == NULL)
		fatal("out of memory");
	take_owners(data, set, "fns_add_addrlist", globs_add_all);
	take_owners(data, set, "fns_remove_addrlist", globs_remove_all);
	take_headers(data, set);
	data->extra = EXTRA_DEFAULT;
	value = ruleset_value(set, "fns_extrachars");
	for (i = 0; i < value.len && value.p[i] >= '0' && value.p[i] <= '9';
	     i++)
		data->extra = (i == 0 ? 0 : data->extra % 100000 * 10) +
			      (size_t)(value.p[i] - '0');
	data->level = 1;
	value = ruleset_value(set, "fns_check");
	if (value.len == 1 && value.p[0] >= '0' && value.p[0] <= '2')
		data->level = (unsigned)(value.p[0] - '0');
	return data;
}

static void
release(void *family)
{
	struct fromname *data = family;

	arena_free(&data->arena);
	free(data);
}

static void
begin(void *family, struct mail *mail, const struct tld *tld)
{
	struct fromname *data = family;

	(void)tld;
	data->spoof = arena_alloc(&mail->arena, sizeof(*data->spoof));
}

static const char *const plugins[] = {"FromNameSpoof", NULL};

/* A signature is not looked at here, so fns_ignore_dkim changes nothing. */
static const char *const settings[] = {"fns_add_addrlist",
    "fns_remove_addrlist", "fns_check", "fns_extrachars", "fns_ignore_dkim",
    "fns_ignore_headers", NULL};

static const struct eval evals[] = {
    {"check_fromname_spoof", check_fromname_spoof, NULL},
    {"check_fromname_different", check_fromname_different, NULL},
    {"check_fromname_domain_differ", check_fromname_domain_differ, NULL},
    {"check_fromname_contains_email", check_fromname_contains_email, NULL},
    {"check_fromname_equals_to", check_fromname_equals_to, NULL},
    {"check_fromname_owners_differ", check_fromname_owners_differ, NULL},
    {"check_fromname_equals_replyto", check_fromname_equals_replyto, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_fromname = {.name = "fromname",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = prepare,
    .release = release,
    .begin = begin};
