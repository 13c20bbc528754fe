#include <string.h>

#include "node/fields.h"
#include "node/limits.h"
#include "node/value.h"

bool
fields_is(struct source *source, const struct tree *value, enum tree_kind kind)
{
	static const char *const names[] = {"a text", "a list", "a mapping"};

	if (value->kind != kind)
		source_error(source, value->line, "%.*s must be %s",
		    NODE_NAME_MAX, value->key != NULL ? value->key : "this",
		    names[kind]);
	return value->kind == kind;
}

void
fields_take(struct source *source, const struct tree *map,
    const struct field *fields, size_t count, void *into)
{
	const struct tree *entry;
	unsigned seen = 0;
	size_t i;

	if (!fields_is(source, map, TREE_MAP))
		return;
	for (entry = map->child; entry != NULL; entry = entry->next) {
		for (i = 0; i < count; i++)
			if (strcmp(entry->key, fields[i].name) == 0)
				break;
		if (i == count) {
			source_error(source, entry->line, "unknown key '%.*s'",
			    NODE_NAME_MAX, entry->key);
			continue;
		}
		seen |= 1u << i;
		fields[i].take(into, entry);
	}
	for (i = 0; i < count; i++)
		if (fields[i].required && (seen & 1u << i) == 0)
			source_error(source, map->line, "there is no '%s'",
			    fields[i].name);
}

static void
take_domain(struct source *source, const struct tree *value,
    struct domain *domains, size_t *count)
{
	struct domain *domain = &domains[*count];
	size_t i;

	if (!fields_is(source, value, TREE_TEXT))
		return;
	if (domain_normal(domain->name, value->text) < 0) {
		source_error(source, value->line, "'%.*s' is not a domain",
		    ADDRESS_DOMAIN_MAX, value->text);
		return;
	}
	for (i = 0; i < *count; i++)
		if (strcmp(domains[i].name, domain->name) == 0) {
			source_error(source, value->line,
			    "domain '%s' is in line %u already", domain->name,
			    domains[i].line);
			return;
		}
	domain->line = value->line;
	(*count)++;
}

void
fields_domains(struct source *source, const struct tree *value,
    struct domain **domains, size_t *count)
{
	const struct tree *entry;

	if (!fields_is(source, value, TREE_LIST))
		return;
	if (value->count == 0 || value->count > NODE_DOMAINS_MAX) {
		source_error(source, value->line,
		    "%zu domains; there must be 1 to %d", value->count,
		    NODE_DOMAINS_MAX);
		return;
	}
	*domains = tree_alloc(value->count, sizeof(**domains));
	for (entry = value->child; entry != NULL; entry = entry->next)
		take_domain(source, entry, *domains, count);
}

const char *
fields_key(struct source *source, const struct tree *value)
{
	char *p;

	if (!fields_is(source, value, TREE_TEXT))
		return NULL;
	if (!value_is_fingerprint(value->text))
		source_error(source, value->line,
		    "'key' must be a full fingerprint, 40 or 64 hex digits");
	for (p = value->text; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'f')
			*p = (char)(*p - 'a' + 'A');
	return value->text;
}

const char *
fields_reach(struct source *source, const struct tree *value)
{
	if (fields_is(source, value, TREE_TEXT) && !value_is_reach(value->text))
		source_error(source, value->line,
		    "'reach' must be scheme://[user@]host[:port]");
	return value->text;
}
