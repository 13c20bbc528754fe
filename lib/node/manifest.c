#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/scan.h"
#include "node/fields.h"
#include "node/limits.h"
#include "node/manifest.h"
#include "node/value.h"

struct reader {
	struct source source;
	struct manifest *manifest;
	const char *name;              /* it must have, or NULL */
	const struct tree *postmaster; /* as it was given, or NULL */
	struct mailbox *mailbox;       /* the one that is being read */
	struct choice *choice;         /* the same of a list of nodes */
};

#define error(reader, at, ...) \
	source_error(&(reader)->source, (at)->line, __VA_ARGS__)

static bool
is_kind(struct reader *reader, const struct tree *value, enum tree_kind kind)
{
	return fields_is(&reader->source, value, kind);
}

static void
take_name(void *into, const struct tree *value)
{
	struct reader *reader = into;
	if (!is_kind(reader, value, TREE_TEXT))
		return;
	if (!value_is_name(value->text) || strcmp(value->text, "self") == 0)
		error(reader, value, "'%.*s' cannot be a node's name",
		    NODE_NAME_MAX, value->text);
	else if (reader->name != NULL && strcmp(value->text, reader->name) != 0)
		error(reader, value, "node '%s' must be in the file %s.yaml",
		    value->text, value->text);
	reader->manifest->name = value->text;
}

static void
take_host(void *into, const struct tree *value)
{
	struct reader *reader = into;
	struct manifest *manifest = reader->manifest;

	if (!is_kind(reader, value, TREE_TEXT))
		return;
	if (domain_normal(manifest->host_normal, value->text) < 0 ||
	    manifest->host_normal[0] == '[')
		error(reader, value, "'%.*s' is not a host name",
		    ADDRESS_DOMAIN_MAX, value->text);
	manifest->host = manifest->host_normal;
}

static void
take_domains(void *into, const struct tree *value)
{
	struct reader *reader = into;
	fields_domains(&reader->source, value, &reader->manifest->domains,
	    &reader->manifest->domain_count);
}

static void
take_key(void *into, const struct tree *value)
{
	struct reader *reader = into;
	reader->manifest->key = fields_key(&reader->source, value);
}

static void
take_reach(void *into, const struct tree *value)
{
	struct reader *reader = into;
	reader->manifest->reach = fields_reach(&reader->source, value);
}

static void
take_serial(void *into, const struct tree *value)
{
	struct reader *reader = into;
	struct scan scan;

	if (!is_kind(reader, value, TREE_TEXT))
		return;
	scan_init(&scan, span_of(value->text));
	reader->manifest->serial = scan_number(&scan, NODE_SERIAL_MAX);
	if (!scan_ok(&scan) || reader->manifest->serial == 0)
		error(reader, value, "'serial' must be a number from 1 to %llu",
		    NODE_SERIAL_MAX);
}

static void
take_addresses(void *into, const struct tree *value)
{
	struct reader *reader = into;
	const struct tree *entry;

	if (!is_kind(reader, value, TREE_LIST))
		return;
	if (value->count == 0 || value->count > NODE_ADDRESSES_MAX)
		error(reader, value, "%zu addresses; there must be 1 to %d",
		    value->count, NODE_ADDRESSES_MAX);
	for (entry = value->child; entry != NULL; entry = entry->next)
		if (is_kind(reader, entry, TREE_TEXT) &&
		    value_address(entry->text) == 0)
			error(reader, entry, "'%.*s' is not a host's address",
			    NODE_NAME_MAX, entry->text);
	reader->manifest->addresses = value;
}

static void
take_dynamic(void *into, const struct tree *value)
{
	struct reader *reader = into;
	if (!is_kind(reader, value, TREE_TEXT))
		return;
	reader->manifest->dynamic = strcmp(value->text, "yes") == 0;
	if (!reader->manifest->dynamic && strcmp(value->text, "no") != 0)
		error(reader, value, "'dynamic' must be yes or no");
}

static void
take_names(void *into, const struct tree *value)
{
	struct reader *reader = into;
	const struct tree *entry;

	if (!is_kind(reader, value, TREE_LIST))
		return;
	for (entry = value->child; entry != NULL; entry = entry->next)
		if (is_kind(reader, entry, TREE_TEXT) &&
		    !value_is_name(entry->text))
			error(reader, entry, "'%.*s' cannot be a node's name",
			    NODE_NAME_MAX, entry->text);
	if (reader->choice->names != NULL)
		error(reader, value, "'except' and 'only' exclude each other");
	reader->choice->names = value;
	reader->choice->kind =
	    strcmp(value->key, "except") == 0 ? CHOICE_EXCEPT : CHOICE_ONLY;
}

static void
take_backups(void *into, const struct tree *value)
{
	struct reader *reader = into;
	static const struct field fields[] = {
	    {"except", false, take_names},
	    {"only", false, take_names},
	};

	reader->choice = &reader->manifest->backups;
	fields_take(&reader->source, value, fields, nitems(fields), reader);
	if (value->kind == TREE_MAP && value->count == 0)
		error(reader, value, "'backups' wants 'except' or 'only'");
}

static void
take_for(void *into, const struct tree *value)
{
	struct reader *reader = into;
	if (value->kind == TREE_TEXT && strcmp(value->text, "all") == 0)
		return;
	reader->choice = &reader->manifest->stores;
	take_names(reader, value);
}

static void
take_bytes(void *into, const struct tree *value)
{
	struct reader *reader = into;
	if (is_kind(reader, value, TREE_TEXT) &&
	    (conf_parse_size(value->text, &reader->manifest->stores_bytes) <
		    0 ||
		reader->manifest->stores_bytes == 0))
		error(reader, value, "'bytes' must be a size, such as 500M");
}

static void
take_days(void *into, const struct tree *value)
{
	struct reader *reader = into;
	struct scan scan;

	if (!is_kind(reader, value, TREE_TEXT))
		return;
	scan_init(&scan, span_of(value->text));
	reader->manifest->stores_days = scan_number(&scan, NODE_DAYS_MAX);
	if (!scan_ok(&scan) || reader->manifest->stores_days == 0)
		error(reader, value, "'days' must be a number from 1 to %d",
		    NODE_DAYS_MAX);
}

static void
take_stores(void *into, const struct tree *value)
{
	struct reader *reader = into;
	static const struct field fields[] = {
	    {"for", false, take_for},
	    {"bytes", false, take_bytes},
	    {"days", false, take_days},
	};

	fields_take(&reader->source, value, fields, nitems(fields), reader);
}

static void
take_node(void *into, const struct tree *value)
{
	struct reader *reader = into;
	static const struct field fields[] = {
	    {"name", true, take_name},
	    {"host", true, take_host},
	    {"domains", true, take_domains},
	    {"key", false, take_key},
	    {"reach", false, take_reach},
	    {"serial", false, take_serial},
	    {"addresses", false, take_addresses},
	    {"dynamic", false, take_dynamic},
	    {"backups", false, take_backups},
	    {"stores", false, take_stores},
	};

	fields_take(&reader->source, value, fields, nitems(fields), reader);
}

static void
take_matches(void *into, const struct tree *value)
{
	struct reader *reader = into;
	char why[256];

	if (!is_kind(reader, value, TREE_TEXT))
		return;
	reader->mailbox->pattern = pattern_new(value->text, why, sizeof(why));
	if (reader->mailbox->pattern == NULL)
		error(reader, value, "bad pattern: %s", why);
}

static void
take_expires(void *into, const struct tree *value)
{
	struct reader *reader = into;
	if (is_kind(reader, value, TREE_TEXT) &&
	    value_day(value->text, &reader->mailbox->end) < 0)
		error(reader, value, "'expires' must be a day, YYYY-MM-DD");
}

static void
take_mailboxes(void *into, const struct tree *value)
{
	struct reader *reader = into;
	static const struct field fields[] = {
	    {"matches", true, take_matches},
	    {"expires", false, take_expires},
	};
	struct manifest *manifest = reader->manifest;
	const struct tree *entry;

	if (!is_kind(reader, value, TREE_MAP))
		return;
	if (value->count == 0)
		error(reader, value, "there must be a mailbox");
	manifest->mailboxes =
	    tree_alloc(value->count, sizeof(*manifest->mailboxes));
	for (entry = value->child; entry != NULL; entry = entry->next) {
		if (!value_is_name(entry->key))
			error(reader, entry,
			    "'%.*s' cannot be a mailbox's name", NODE_NAME_MAX,
			    entry->key);
		reader->mailbox = &manifest->mailboxes[manifest->mailbox_count];
		reader->mailbox->name = entry->key;
		reader->mailbox->line = entry->line;
		reader->mailbox->end = INT64_MAX;
		manifest->mailbox_count++;
		fields_take(
		    &reader->source, entry, fields, nitems(fields), reader);
	}
}

static void
take_postmaster(void *into, const struct tree *value)
{
	struct reader *reader = into;
	if (is_kind(reader, value, TREE_TEXT))
		reader->postmaster = value;
}

/* Finds the mailbox that gets what is for postmaster. */
static void
find_postmaster(struct reader *reader)
{
	struct manifest *manifest = reader->manifest;
	size_t i;

	manifest->postmaster = manifest->mailboxes;
	if (reader->postmaster == NULL)
		return;
	for (i = 0; i < manifest->mailbox_count; i++)
		if (strcmp(manifest->mailboxes[i].name,
			reader->postmaster->text) == 0) {
			manifest->postmaster = &manifest->mailboxes[i];
			return;
		}
	error(reader, reader->postmaster, "'postmaster' must name a mailbox");
}

struct manifest *
manifest_parse(struct span text, const char *file, const char *name)
{
	static const struct field fields[] = {
	    {"node", true, take_node},
	    {"mailboxes", true, take_mailboxes},
	    {"postmaster", false, take_postmaster},
	};
	struct reader reader = {.source = {file, 0}, .name = name};
	struct manifest *manifest;

	manifest = tree_alloc(1, sizeof(*manifest));
	manifest->refs = 1;
	reader.manifest = manifest;
	if (text.len > NODE_FILE_MAX)
		source_error(
		    &reader.source, 1, "larger than %d octets", NODE_FILE_MAX);
	else
		manifest->tree = tree_parse(text, &reader.source);
	if (manifest->tree != NULL) {
		fields_take(&reader.source, manifest->tree, fields,
		    nitems(fields), &reader);
		find_postmaster(&reader);
	}
	if (reader.source.errors > 0) {
		manifest_free(manifest);
		return NULL;
	}
	if (file != NULL)
		manifest->file = tree_copy(file, strlen(file));
	return manifest;
}

struct manifest *
manifest_ref(struct manifest *manifest)
{
	manifest->refs++;
	return manifest;
}

void
manifest_free(struct manifest *manifest)
{
	size_t i;

	if (manifest == NULL || --manifest->refs > 0)
		return;
	for (i = 0; i < manifest->mailbox_count; i++)
		pattern_free(manifest->mailboxes[i].pattern);
	free(manifest->mailboxes);
	free(manifest->domains);
	free(manifest->file);
	tree_free(manifest->tree);
	free(manifest);
}

bool
choice_has(const struct choice *choice, const char *node)
{
	const struct tree *name;

	if (choice->kind == CHOICE_ALL)
		return true;
	for (name = choice->names->child; name != NULL; name = name->next)
		if (strcmp(name->text, node) == 0)
			return choice->kind == CHOICE_ONLY;
	return choice->kind == CHOICE_EXCEPT;
}
