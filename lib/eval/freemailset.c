#include "eval/freemailset.h"

#define WILD_FIRST 32
#define NUMBER_MAX 1000000

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

/* "01234567.89abcdef", or an UUID: ids of messages. */
static bool
is_id(struct span name)
{
	int i;

	if (!take_hex(&name, 8))
		return false;
	if (span_starts(name, ".")) {
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
has_domain(const struct freemailset *data, struct span domain)
{
	size_t i;

	if (map_get(&data->domains, domain) != 0)
		return true;
	for (i = 0; i < data->wild.count; i++)
		if (glob_matches(data->wild.lines[i], domain, '.'))
			return true;
	return false;
}

bool
freemailset_has(const struct freemailset *data, struct span email)
{
	struct span domain = domain_of(email);

	return email.len > 0 && has_domain(data, domain) &&
	       map_get(&data->welcome, email) == 0 &&
	       map_get(&data->welcome, domain) == 0 && !is_nobody(email) &&
	       !globs_have(&data->authorized, email);
}

static void
add_wild(struct freemailset *data, struct span domain)
{
	struct span *lines;

	if (data->wild.count == data->wild_cap) {
		data->wild_cap =
		    data->wild_cap == 0 ? WILD_FIRST : 2 * data->wild_cap;
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
take_domains(struct freemailset *data, struct ruleset *set)
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
				*map_at(&data->domains, &data->arena, word) = 1;
		}
	}
}

static void
take_welcome(struct freemailset *data, const struct ruleset *set)
{
	const struct setting *setting;
	struct span rest, word;
	size_t at = 0;

	while ((setting = ruleset_setting(set, "freemail_welcomelist", &at)) !=
	       NULL) {
		rest = setting->value;
		while ((word = span_word(&rest)).len > 0)
			*map_at(&data->welcome, &data->arena,
			    glob_lower(&data->arena, word)) = 1;
	}
}

static void
import(struct freemailset *data, const struct ruleset *set, const char *name)
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

size_t
freemailset_number(
    const struct ruleset *set, const char *name, size_t otherwise)
{
	struct span value = ruleset_value(set, name);
	size_t number = 0, i;

	if (value.p == NULL)
		return otherwise;
	for (i = 0; i < value.len && value.p[i] >= '0' && value.p[i] <= '9' &&
		    number < NUMBER_MAX;
	     i++)
		number = 10 * number + (size_t)(value.p[i] - '0');
	return number;
}

void
freemailset_init(struct freemailset *data, struct ruleset *set)
{
	memset(data, 0, sizeof(*data));
	globs_init(&data->authorized, &data->arena);
	take_domains(data, set);
	take_welcome(data, set);
	if (freemailset_number(set, "freemail_import_welcomelist_auth", 0) > 0)
		import(data, set, "welcomelist_auth");
	if (freemailset_number(set, "freemail_import_def_welcomelist_auth", 0) >
	    0)
		import(data, set, "def_welcomelist_auth");
}

void
freemailset_free(struct freemailset *data)
{
	arena_free(&data->arena);
}

bool
freemailset_is_empty(const struct freemailset *data)
{
	return data->domains.count == 0 && data->wild.count == 0;
}
