#include <stdlib.h>
#include <string.h>

#include "node/fields.h"
#include "node/limits.h"
#include "node/pin.h"

struct reader {
	struct source source;
	struct pin *pin;
};

static void
take_key(void *into, const struct tree *value)
{
	struct reader *reader = into;

	reader->pin->key = fields_key(&reader->source, value);
}

static void
take_domains(void *into, const struct tree *value)
{
	struct reader *reader = into;

	fields_domains(&reader->source, value, &reader->pin->domains,
	    &reader->pin->domain_count);
}

static void
take_reach(void *into, const struct tree *value)
{
	struct reader *reader = into;

	reader->pin->reach = fields_reach(&reader->source, value);
}

struct pin *
pin_parse(struct span text, const char *file)
{
	static const struct field fields[] = {
	    {"key", true, take_key},
	    {"domains", true, take_domains},
	    {"reach", false, take_reach},
	};
	struct reader reader = {.source = {file, 0}};
	struct pin *pin;

	pin = tree_alloc(1, sizeof(*pin));
	pin->refs = 1;
	reader.pin = pin;
	if (text.len > NODE_PIN_MAX)
		source_error(
		    &reader.source, 1, "larger than %d octets", NODE_PIN_MAX);
	else
		pin->tree = tree_parse(text, &reader.source);
	if (pin->tree != NULL)
		fields_take(
		    &reader.source, pin->tree, fields, nitems(fields), &reader);
	if (reader.source.errors == 0)
		return pin;
	pin_free(pin);
	return NULL;
}

void
pin_write(const struct manifest *manifest, struct buf *text)
{
	size_t i;

	buf_addf(text, "key: %s\ndomains:\n", manifest->key);
	for (i = 0; i < manifest->domain_count; i++)
		buf_addf(text, "  - '%s'\n", manifest->domains[i].name);
	if (manifest->reach != NULL)
		buf_addf(text, "reach: %s\n", manifest->reach);
}

struct pin *
pin_ref(struct pin *pin)
{
	if (pin != NULL)
		pin->refs++;
	return pin;
}

void
pin_free(struct pin *pin)
{
	if (pin == NULL || --pin->refs > 0)
		return;
	free(pin->domains);
	tree_free(pin->tree);
	free(pin);
}

bool
pin_has_domain(const struct pin *pin, const struct domain *domain)
{
	size_t i;

	for (i = 0; i < pin->domain_count; i++)
		if (strcmp(pin->domains[i].name, domain->name) == 0)
			return true;
	return false;
}

const char *
pin_against(const struct pin *pin, const struct manifest *manifest)
{
	if (manifest->key == NULL || strcmp(manifest->key, pin->key) != 0)
		return "'key' is not the one that is pinned";
	if (manifest->reach == NULL && pin->reach == NULL)
		return NULL;
	/* it becomes arguments of ssh: nobody else is to choose the host */
	if (manifest->reach == NULL || pin->reach == NULL ||
	    strcmp(manifest->reach, pin->reach) != 0)
		return "'reach' is not the one that is pinned";
	return NULL;
}

const struct domain *
pin_excess(const struct pin *pin, const struct manifest *manifest)
{
	size_t i;

	for (i = 0; i < manifest->domain_count; i++)
		if (!pin_has_domain(pin, &manifest->domains[i]))
			return &manifest->domains[i];
	return NULL;
}
