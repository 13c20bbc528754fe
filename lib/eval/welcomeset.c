#include "eval/welcomeset.h"

/* Settings that are lists of addresses, each named as the list. */
static const char *const list_names[] = {"welcomelist_from", "blocklist_from",
    "welcomelist_to", "blocklist_to", "more_spam_to", "all_spam_to",
    "welcomelist_allows_relays", "welcomelist_auth", "def_welcomelist_auth",
    NULL};

static struct globs *
list_of(struct welcomeset *data, struct span name)
{
	void **slot = map_pointer_at(&data->lists, &data->arena, name);

	if (*slot == NULL) {
		*slot = arena_alloc(&data->arena, sizeof(struct globs));
		globs_init(*slot, &data->arena);
	}
	return *slot;
}

static void
take_lists(struct welcomeset *data, const struct ruleset *set)
{
	const struct setting *setting;
	struct globs *globs;
	size_t i, at;

	for (i = 0; list_names[i] != NULL; i++) {
		globs = list_of(data, span_of(list_names[i]));
		at = 0;
		while ((setting = ruleset_setting(set, list_names[i], &at)) !=
		       NULL)
			globs_add_all(globs, setting->value);
	}
}

/* "(NAME) address ...": the name, and value moved behind it. */
static struct span
take_name(struct span *value)
{
	struct span name;
	const char *close;

	*value = span_trim(*value);
	close = value->len > 0 ? memchr(value->p, ')', value->len) : NULL;
	if (!span_starts(*value, "(") || close == NULL)
		return (struct span){NULL, 0};
	name = (struct span){value->p + 1, (size_t)(close - value->p) - 1};
	*value = span_from(*value, name.len + 2);
	return name;
}

static void
take_named(struct welcomeset *data, struct ruleset *set)
{
	const struct setting *setting;
	struct span name, value;
	size_t at = 0;

	while (
	    (setting = ruleset_setting(set, "enlist_addrlist", &at)) != NULL) {
		value = setting->value;
		name = take_name(&value);
		if (name.len == 0 || span_trim(value).len == 0)
			ruleset_add_note(set, NOTE_ERROR, setting->file,
			    setting->line, "enlist_addrlist: no (name)");
		else
			globs_add_all(list_of(data, name), value);
	}
}

static void
take_pairs(struct globs *globs, struct ruleset *set, const char *name)
{
	const struct setting *setting;
	struct span rest, address, relay;
	size_t at = 0;

	while ((setting = ruleset_setting(set, name, &at)) != NULL) {
		rest = setting->value;
		address = span_word(&rest);
		relay = span_word(&rest);
		if (relay.len == 0 || span_trim(rest).len > 0)
			ruleset_add_note(set, NOTE_ERROR, setting->file,
			    setting->line, "%s: no address and relay", name);
		else
			globs_add_relay(
			    globs, globs_add(globs, address), relay);
	}
}

static void
remove_from(struct globs *globs, const struct ruleset *set, const char *name)
{
	const struct setting *setting;
	size_t at = 0;

	while ((setting = ruleset_setting(set, name, &at)) != NULL)
		globs_remove_all(globs, setting->value);
}

void
welcomeset_init(struct welcomeset *data, struct ruleset *set)
{
	memset(data, 0, sizeof(*data));
	globs_init(&data->relayed, &data->arena);
	globs_init(&data->def_relayed, &data->arena);
	take_lists(data, set);
	take_named(data, set);
	take_pairs(&data->relayed, set, "welcomelist_from_rcvd");
	take_pairs(&data->def_relayed, set, "def_welcomelist_from_rcvd");
	data->from = list_of(data, span_of("welcomelist_from"));
	data->any_relay = list_of(data, span_of("welcomelist_allows_relays"));
	remove_from(data->from, set, "unwelcomelist_from");
	remove_from(
	    list_of(data, span_of("blocklist_from")), set, "unblocklist_from");
	remove_from(list_of(data, span_of("welcomelist_auth")), set,
	    "unwelcomelist_auth");
	remove_from(list_of(data, span_of("def_welcomelist_auth")), set,
	    "unwelcomelist_auth");
	remove_from(&data->relayed, set, "unwelcomelist_from_rcvd");
	remove_from(&data->def_relayed, set, "unwelcomelist_from_rcvd");
}

void
welcomeset_free(struct welcomeset *data)
{
	arena_free(&data->arena);
}

const struct globs *
welcomeset_list(const struct welcomeset *data, struct span name)
{
	return map_pointer(&data->lists, name);
}
