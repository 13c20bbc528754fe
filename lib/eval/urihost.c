/*
 * urihost: lists of hosts that addresses may lead to, or may not: the functions
 * check_uri_host_* of SpamAssassin's WLBLEval.
 *
 * A list has names and their exceptions, "!name".  Of a host the whole name is
 * looked up first, then without its first label, and so on: what is found first
 * counts.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"
#include "eval/families.h"
#include "eval/globs.h"

#define LISTS_MAX 1000
#define LABELS_MAX 11 /* of a host that are looked up, from its end */

enum { LISTED = 1, EXCEPTION = 2 };

struct list {
	struct span name;
	struct map hosts;
};

struct lists {
	struct arena arena;
	struct list list[LISTS_MAX];
	size_t count;
};

static struct list *
find(const struct lists *lists, struct span name)
{
	size_t i;

	for (i = 0; i < lists->count; i++)
		if (span_eq(lists->list[i].name, name))
			return (struct list *)&lists->list[i];
	return NULL;
}

static struct list *
find_or_add(struct lists *lists, struct span name)
{
	struct list *list = find(lists, name);

	if (list != NULL || lists->count == LISTS_MAX)
		return list;
	list = &lists->list[lists->count++];
	list->name = arena_copy(&lists->arena, name);
	return list;
}

/* Takes "(NAME)" off the front; p NULL if there is none. */
static struct span
take_name(struct span *value)
{
	struct span none = {NULL, 0}, name;
	const char *end;

	*value = span_trim(*value);
	end = value->len > 0 ? memchr(value->p, ')', value->len) : NULL;
	if (!span_starts(*value, "(") || end == NULL || end == value->p + 1)
		return none;
	name = (struct span){value->p + 1, (size_t)(end - value->p) - 1};
	*value = span_from(*value, name.len + 2);
	return name;
}

static void
enlist(struct lists *lists, struct list *list, struct span hosts)
{
	struct span host;
	uint32_t value;

	while ((host = span_word(&hosts)).len > 0) {
		value = host.p[0] == '!' ? EXCEPTION : LISTED;
		host = glob_lower(
		    &lists->arena, span_from(host, value == EXCEPTION));
		*map_at(&list->hosts, &lists->arena, host) = value;
	}
}

/* From that list, or from all if it is NULL. */
static void
delist(struct lists *lists, const struct list *list, struct span hosts)
{
	struct span host;
	size_t i;

	while ((host = span_word(&hosts)).len > 0) {
		host = glob_lower(
		    &lists->arena, span_from(host, host.p[0] == '!'));
		for (i = 0; i < lists->count; i++)
			if (list == NULL || list == &lists->list[i])
				*map_at(&lists->list[i].hosts, &lists->arena,
				    host) = 0;
	}
}

static void
read_shorthand(struct lists *lists, const struct ruleset *set,
    const char *setting_name, const char *list_name)
{
	const struct setting *setting;
	struct list *list;
	size_t at = 0;

	while ((setting = ruleset_setting(set, setting_name, &at)) != NULL) {
		list = find_or_add(lists, span_of(list_name));
		if (list != NULL)
			enlist(lists, list, setting->value);
	}
}

static void *
urihost_prepare(struct ruleset *set)
{
	struct lists *lists = calloc(1, sizeof(*lists));
	const struct setting *setting;
	struct span value, name;
	struct list *list;
	size_t at = 0;

	if (lists == NULL)
		fatal("out of memory");
	while (
	    (setting = ruleset_setting(set, "enlist_uri_host", &at)) != NULL) {
		value = setting->value;
		name = take_name(&value);
		list = name.p != NULL ? find_or_add(lists, name) : NULL;
		if (list != NULL)
			enlist(lists, list, value);
		else
			ruleset_add_note(set, NOTE_ERROR, setting->file,
			    setting->line, "enlist_uri_host: no list's name");
	}
	read_shorthand(lists, set, "blocklist_uri_host", "BLOCK");
	read_shorthand(lists, set, "welcomelist_uri_host", "WELCOME");
	/* last, wherever it stands: it is for what others' rules list */
	at = 0;
	while (
	    (setting = ruleset_setting(set, "delist_uri_host", &at)) != NULL) {
		value = setting->value;
		name = take_name(&value);
		list = name.p != NULL ? find(lists, name) : NULL;
		if (name.p == NULL || list != NULL)
			delist(lists, list, value);
	}
	return lists;
}

static void
urihost_release(void *data)
{
	struct lists *lists = data;

	arena_free(&lists->arena);
	free(lists);
}

static bool
is_ipv4(struct span host)
{
	size_t i, dots = 0;

	for (i = 0; i < host.len; i++)
		if (host.p[i] == '.')
			dots++;
		else if (host.p[i] < '0' || host.p[i] > '9')
			return false;
	return dots == 3;
}

/* Its last labels. */
static struct span
tail(struct span host)
{
	size_t at, labels = 0;

	for (at = host.len; at > 0; at--)
		if (host.p[at - 1] == '.' && ++labels == LABELS_MAX)
			break;
	return span_from(host, at);
}

static bool
has_host(const struct list *list, struct span host)
{
	uint32_t value;
	const char *dot;

	if (is_ipv4(host))
		return map_get(&list->hosts, host) == LISTED;
	host = tail(host);
	while ((value = map_get(&list->hosts, host)) == 0) {
		dot = host.len > 0 ? memchr(host.p, '.', host.len) : NULL;
		if (dot == NULL)
			return false;
		host = span_from(host, (size_t)(dot - host.p) + 1);
	}
	return value == LISTED;
}

static bool
is_listed(const struct eval_call *call, struct span name)
{
	const struct uris *uris = call->mail->uris;
	const struct list *list = find(call->data, name);
	size_t i, k;

	if (list == NULL)
		return false;
	for (i = 0; i < uris->count; i++) {
		if (span_istarts(uris->list[i].raw, "mailto:"))
			continue;
		for (k = 0; k < uris->list[i].hosts.count; k++)
			if (has_host(list, uris->list[i].hosts.lines[k]))
				return true;
	}
	return false;
}

static bool
check_uri_host_listed(const struct eval_call *call)
{
	return is_listed(call, eval_text(call, 0));
}

static bool
check_uri_host_in_blocklist(const struct eval_call *call)
{
	return is_listed(call, span_of("BLOCK"));
}

static bool
check_uri_host_in_welcomelist(const struct eval_call *call)
{
	return is_listed(call, span_of("WELCOME"));
}

static const char *const settings[] = {"enlist_uri_host", "delist_uri_host",
    "blocklist_uri_host", "welcomelist_uri_host", NULL};

static const struct eval evals[] = {
    {"check_uri_host_listed", check_uri_host_listed, eval_one},
    {"check_uri_host_in_blocklist", check_uri_host_in_blocklist, NULL},
    {"check_uri_host_in_blacklist", check_uri_host_in_blocklist, NULL},
    {"check_uri_host_in_welcomelist", check_uri_host_in_welcomelist, NULL},
    {"check_uri_host_in_whitelist", check_uri_host_in_welcomelist, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_urihost = {.name = "urihost",
    .settings = settings,
    .evals = evals,
    .prepare = urihost_prepare,
    .release = urihost_release};
