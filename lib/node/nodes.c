#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/err.h"
#include "node/limits.h"
#include "node/set.h"

#define SUFFIX ".yaml"
#define SELF "self" SUFFIX

/* The names of the files in a directory. */
struct listing {
	char **names;
	size_t count;
};

struct loader {
	const char *dir;
	const struct nodes *old; /* may be NULL */
	struct bundle_file self_file;
	bool self_seen; /* it was one of the others, too */
	struct manifest **good;
	size_t good_count;
	const char *self; /* the own node's name, or NULL */
	size_t broken;
	bool incomplete;
};

/* DIR/FILE; the caller frees it. */
static char *
path_of(const char *dir, const char *file)
{
	size_t size = strlen(dir) + strlen(file) + sizeof("/");
	char *path = tree_alloc(size, 1);

	snprintf(path, size, "%s/%s", dir, file);
	return path;
}

/* Whether a file is to be a node's manifest: not an editor's, nor a hidden one,
 * nor the one that says which is our own. */
static bool
is_manifest(const char *file)
{
	size_t len = strlen(file), suffix = strlen(SUFFIX);

	return *file != '.' && len > suffix &&
	       strcmp(file + len - suffix, SUFFIX) == 0 &&
	       strcmp(file, SELF) != 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Notes a file.  False if there are too many. */
static bool
list_entry(struct listing *listing, const char *file)
{
	if (!is_manifest(file))
		return true;
	if (listing->count == NODE_NODES_MAX)
		return false;
	listing->names[listing->count++] = tree_copy(file, strlen(file));
	return true;
}

/* Lists the directory, by name.  0, or -1 if it cannot be used, which was
 * told. */
static int
list(struct listing *listing, const char *path)
{
	struct dirent *entry;
	int failure = 0;
	DIR *dir;

	dir = opendir(path);
	if (dir == NULL) {
		warning("cannot open the directory '%s': %s", path,
		    strerror(errno));
		return -1;
	}
	do {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			failure = errno;
		else if (!list_entry(listing, entry->d_name))
			failure = E2BIG;
	} while (entry != NULL && failure == 0);
	closedir(dir);
	if (failure != 0) {
		warning("cannot read the directory '%s': %s", path,
		    failure == E2BIG ? "too many manifests"
				     : strerror(failure));
		return -1;
	}
	qsort(listing->names, listing->count, sizeof(*listing->names),
	    compare_names);
	return 0;
}

static int
add_file(int bundle, const char *dir, const char *name)
{
	char *path = path_of(dir, name);
	int rc;

	rc = bundle_add(bundle, name, path, NODE_FILE_MAX);
	if (rc < 0)
		warning(
		    "cannot add '%s' to a bundle: %s", path, strerror(errno));
	free(path);
	return rc;
}

int
nodes_gather(const char *dir, int bundle)
{
	struct listing listing = {0};
	size_t i;
	int rc;

	listing.names = tree_alloc(NODE_NODES_MAX, sizeof(*listing.names));
	rc = list(&listing, dir);
	if (rc == 0)
		rc = add_file(bundle, dir, SELF);
	for (i = 0; i < listing.count && rc == 0; i++)
		rc = add_file(bundle, dir, listing.names[i]);
	for (i = 0; i < listing.count; i++)
		free(listing.names[i]);
	free(listing.names);
	return rc;
}

/* Parses one file; expected as for manifest_parse().  NULL if it is broken,
 * which was told and counted. */
static struct manifest *
parse_file(
    struct loader *loader, const struct bundle_file *file, const char *expected)
{
	char *path = path_of(loader->dir, file->name);
	struct source source = {path, 0};
	struct manifest *manifest = NULL;

	if (file->error == 0)
		manifest = manifest_parse(file->text, path, expected);
	else if (file->error == EMSGSIZE)
		source_error(
		    &source, 1, "larger than %d octets", NODE_FILE_MAX);
	else
		source_error(&source, 1, "cannot read it: %s",
		    bundle_reason(file->error));
	if (manifest == NULL)
		loader->broken++;
	free(path);
	return manifest;
}

/* The last good manifest of a node, or NULL. */
static struct manifest *
last_good(const struct loader *loader, const char *name)
{
	const struct member *member;

	if (loader->old == NULL)
		return NULL;
	member = nodes_find(loader->old, name);
	return member != NULL ? manifest_ref(member->manifest) : NULL;
}

static bool
is_same(const struct bundle_file *a, const struct bundle_file *b)
{
	return a->inode != 0 && a->inode == b->inode && a->device == b->device;
}

static void
take_file(struct loader *loader, const struct bundle_file *file)
{
	char *name = tree_copy(file->name, strlen(file->name) - strlen(SUFFIX));
	struct manifest *manifest;

	manifest = parse_file(loader, file, name);
	if (manifest == NULL)
		manifest = last_good(loader, name);
	if (manifest != NULL)
		loader->good[loader->good_count++] = manifest;
	else
		loader->incomplete = true;
	if (is_same(file, &loader->self_file)) {
		loader->self_seen = true;
		loader->self = manifest != NULL ? manifest->name : NULL;
	}
	free(name);
}

/* Adds the own node's manifest, which stands in self.yaml itself, or outside
 * of the directory, or nowhere any more. */
static void
take_self(struct loader *loader)
{
	struct manifest *manifest, **other;
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
		if (strcmp((*other)->name, manifest->name) != 0)
			continue;
		if (fresh) {
			source_error(&(struct source){(*other)->file, 0}, 1,
			    "node '%s' is in " SELF " already", manifest->name);
			loader->broken++;
			manifest_free(*other);
			*other = manifest;
		} else {
			loader->self = (*other)->name;
			manifest_free(manifest);
		}
		return;
	}
	loader->good[loader->good_count++] = manifest;
}

/* Finds self.yaml, and looks whether the rest is what nodes_gather() makes: not
 * too much, and no file twice.  0, or -1 with errno. */
static int
check_bundle(struct bundle *bundle, struct bundle_file *self)
{
	const char *previous = "";
	struct bundle_file file;
	size_t count = 0;
	int rc;

	*self = (struct bundle_file){.name = SELF, .error = ENOENT};
	bundle_rewind(bundle);
	while ((rc = bundle_next(bundle, &file)) > 0) {
		if (strcmp(file.name, SELF) == 0)
			*self = file;
		if (!is_manifest(file.name))
			continue;
		if (strcmp(previous, file.name) >= 0 ||
		    ++count > NODE_NODES_MAX) {
			errno = EBADMSG;
			return -1;
		}
		previous = file.name;
	}
	return rc;
}

/* nodes_build(), also without an own node. */
static struct nodes *
build(struct bundle *bundle, const char *dir, const struct nodes *old,
    size_t *broken)
{
	struct loader loader = {.dir = dir, .old = old};
	struct bundle_file file;
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
	bundle_rewind(bundle);
	while (bundle_next(bundle, &file) > 0)
		if (is_manifest(file.name))
			take_file(&loader, &file);
	if (!loader.self_seen)
		take_self(&loader);
	nodes = nodes_of(loader.good, loader.good_count, loader.self);
	nodes->incomplete = loader.incomplete;
	for (i = 0; i < nodes->count; i++)
		loader.broken += nodes->members[i].flawed;
	free(loader.good);
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
