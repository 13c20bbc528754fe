#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/err.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/set.h"

struct loader {
	const char *dir;
	const struct nodes *old; /* may be NULL */
	struct bundle_file self_file;
	bool self_seen; /* it was one of the others, too */
	struct member *good;
	size_t good_count;
	const char *self; /* the own node's name, or NULL */
	size_t broken;
	bool incomplete;
};

/* Whether there is a text in a file of the bundle; if not, that is told. */
static bool
has_text(const struct bundle_file *file, const char *path, int max)
{
	struct source source = {path, 0};

	if (file->error == EMSGSIZE)
		source_error(&source, 1, "larger than %d octets", max);
	else if (file->error != 0)
		source_error(&source, 1, "cannot read it: %s",
		    bundle_reason(file->error));
	return file->error == 0;
}

/* Parses one file; expected as for manifest_parse().  NULL if it is broken,
 * which was told and counted. */
static struct manifest *
parse_file(
    struct loader *loader, const struct bundle_file *file, const char *expected)
{
	char *path = nodefile_path(loader->dir, file->name, "");
	struct manifest *manifest = NULL;

	if (has_text(file, path, NODE_FILE_MAX))
		manifest = manifest_parse(file->text, path, expected);
	if (manifest == NULL)
		loader->broken++;
	free(path);
	return manifest;
}

/* The same for a pin. */
static struct pin *
parse_pin(struct loader *loader, const struct bundle_file *file)
{
	char *path = nodefile_path(loader->dir, file->name, "");
	struct pin *pin = NULL;

	if (has_text(file, path, NODE_PIN_MAX))
		pin = pin_parse(file->text, path);
	if (pin == NULL)
		loader->broken++;
	free(path);
	return pin;
}

/* Drops a fresh manifest that is not of the node that is pinned. */
static void
hold_against_pin(struct loader *loader, struct member *member)
{
	struct source source = {0};
	const char *why;

	if (member->manifest == NULL || member->pin == NULL)
		return;
	why = pin_against(member->pin, member->manifest);
	if (why == NULL)
		return;
	source.file = member->manifest->file;
	source_error(
	    &source, 1, "%s in %s" NODEFILE_PIN, why, member->manifest->name);
	loader->broken++;
	manifest_free(member->manifest);
	member->manifest = NULL;
}

/* The last good manifest of a node, if there is one.  If the pin is broken the
 * last good one of that counts, so that nothing is believed now that was not
 * then. */
static void
take_last_good(const struct loader *loader, const char *name, bool pin_broken,
    struct member *member)
{
	const struct member *last;

	last = loader->old != NULL ? nodes_find(loader->old, name) : NULL;
	if (last == NULL)
		return;
	if (pin_broken)
		member->pin = pin_ref(last->pin);
	else if (member->pin != NULL &&
		 pin_against(member->pin, last->manifest) != NULL)
		return;
	member->manifest = manifest_ref(last->manifest);
}

static bool
is_same(const struct bundle_file *a, const struct bundle_file *b)
{
	return a->inode != 0 && a->inode == b->inode && a->device == b->device;
}

/* Takes a manifest; pin is its pin's file, or NULL. */
static void
take_file(struct loader *loader, const struct bundle_file *file,
    const struct bundle_file *pin)
{
	char *name = nodefile_node(file->name, NODEFILE_MANIFEST);
	struct member member = {0};

	if (pin != NULL)
		member.pin = parse_pin(loader, pin);
	/* what a broken pin would allow is not known */
	if (pin == NULL || member.pin != NULL)
		member.manifest = parse_file(loader, file, name);
	hold_against_pin(loader, &member);
	if (member.manifest == NULL)
		take_last_good(
		    loader, name, pin != NULL && member.pin == NULL, &member);
	if (member.manifest != NULL)
		loader->good[loader->good_count++] = member;
	else {
		pin_free(member.pin);
		loader->incomplete = true;
	}
	if (is_same(file, &loader->self_file)) {
		loader->self_seen = true;
		loader->self =
		    member.manifest != NULL ? member.manifest->name : NULL;
	}
	free(name);
}

/* Adds the own node's manifest, which stands in self.yaml itself, or outside
 * of the directory, or nowhere any more. */
static void
take_self(struct loader *loader)
{
	struct manifest *manifest;
	struct member *other;
	bool fresh;
	size_t i;

	manifest = parse_file(loader, &loader->self_file, NULL);
	fresh = manifest != NULL;
	if (!fresh && loader->old != NULL && loader->old->self != NULL)
		manifest = manifest_ref(loader->old->self->manifest);
	if (manifest == NULL)
		return;
	loader->self = manifest->name;
	for (i = 0; i < loader->good_count; i++) {
		other = &loader->good[i];
		if (strcmp(other->manifest->name, manifest->name) != 0)
			continue;
		if (fresh) {
			source_error(&(struct source){other->manifest->file, 0},
			    1, "node '%s' is in " NODEFILE_SELF " already",
			    manifest->name);
			loader->broken++;
			manifest_free(other->manifest);
			pin_free(other->pin);
			*other = (struct member){.manifest = manifest};
		} else {
			loader->self = other->manifest->name;
			manifest_free(manifest);
		}
		return;
	}
	loader->good[loader->good_count++] =
	    (struct member){.manifest = manifest};
}

/* Finds self.yaml, and looks whether the rest is what nodes_gather() makes: not
 * too much, and no file twice.  0, or -1 with errno. */
static int
check_bundle(struct bundle *bundle, struct bundle_file *self)
{
	const char *previous = NULL;
	struct bundle_file file;
	size_t count = 0;
	int rc;

	*self = (struct bundle_file){.name = NODEFILE_SELF, .error = ENOENT};
	bundle_rewind(bundle);
	while ((rc = bundle_next(bundle, &file)) > 0) {
		if (strcmp(file.name, NODEFILE_SELF) == 0)
			*self = file;
		if (!nodefile_is(file.name, NODEFILE_MANIFEST))
			continue;
		if ((previous != NULL &&
			nodefile_compare(previous, file.name) >= 0) ||
		    ++count > NODE_NODES_MAX) {
			errno = EBADMSG;
			return -1;
		}
		previous = file.name;
	}
	return rc;
}

/* Takes the manifests of a bundle, each with the pin before it. */
static void
take_files(struct loader *loader, struct bundle *bundle)
{
	struct bundle_file file, pin = {0};

	bundle_rewind(bundle);
	while (bundle_next(bundle, &file) > 0)
		if (nodefile_is(file.name, NODEFILE_PIN))
			pin = file;
		else if (nodefile_is(file.name, NODEFILE_MANIFEST))
			take_file(loader, &file,
			    pin.name != NULL &&
				    nodefile_compare(pin.name, file.name) == 0
				? &pin
				: NULL);
}

/* nodes_build(), also without an own node. */
static struct nodes *
build(struct bundle *bundle, const char *dir, const struct nodes *old,
    size_t *broken)
{
	struct loader loader = {.dir = dir, .old = old};
	struct nodes *nodes;
	size_t i;

	if (broken != NULL)
		*broken = 0;
	if (check_bundle(bundle, &loader.self_file) < 0) {
		warning(
		    "cannot read the bundle of '%s': %s", dir, strerror(errno));
		return NULL;
	}
	loader.good = tree_alloc(NODE_NODES_MAX + 1, sizeof(*loader.good));
	take_files(&loader, bundle);
	if (!loader.self_seen)
		take_self(&loader);
	nodes = nodes_of_members(loader.good, loader.good_count, loader.self);
	nodes->incomplete = loader.incomplete;
	for (i = 0; i < nodes->count; i++)
		loader.broken += nodes->members[i].flawed;
	if (broken != NULL)
		*broken = loader.broken;
	return nodes;
}

/* What nothing can start with. */
static struct nodes *
need_self(struct nodes *nodes)
{
	if (nodes != NULL && nodes->self == NULL) {
		nodes_free(nodes);
		return NULL;
	}
	return nodes;
}

struct nodes *
nodes_build(struct bundle *bundle, const char *dir, const struct nodes *old,
    size_t *broken)
{
	return need_self(build(bundle, dir, old, broken));
}

/* Opens a bundle of the directory.  0, or -1 after saying why. */
static int
open_all(struct bundle *bundle, const char *dir)
{
	int fd = bundle_create(), rc;

	if (fd < 0) {
		warning("cannot make a bundle: %s", strerror(errno));
		return -1;
	}
	rc = nodes_gather(dir, fd);
	if (rc == 0) {
		rc = bundle_open(bundle, fd);
		if (rc < 0)
			warning("cannot open a bundle: %s", strerror(errno));
	}
	close(fd);
	return rc;
}

struct nodes *
nodes_read(const char *dir, const struct nodes *old, size_t *broken)
{
	struct bundle bundle;
	struct nodes *nodes;

	if (broken != NULL)
		*broken = 0;
	if (open_all(&bundle, dir) < 0)
		return NULL;
	nodes = build(&bundle, dir, old, broken);
	bundle_close(&bundle);
	return nodes;
}

struct nodes *
nodes_load(const char *dir, const struct nodes *old, size_t *broken)
{
	return need_self(nodes_read(dir, old, broken));
}
