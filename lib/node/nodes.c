#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "node/limits.h"
#include "node/set.h"

#define SUFFIX ".yaml"
#define SELF "self"

struct loader {
	const char *dir;
	const struct nodes *old; /* may be NULL */
	char **names;            /* of the files, without ".yaml" */
	size_t name_count;
	struct stat self_file; /* what self.yaml is, if has_self */
	bool has_self;
	bool self_seen; /* it was one of the names */
	struct manifest **good;
	size_t good_count;
	const char *self; /* the own node's name, or NULL */
	size_t broken;
	bool incomplete;
};

/* DIR/NAME.yaml; the caller frees it. */
static char *
path_of(const struct loader *loader, const char *name)
{
	size_t size = strlen(loader->dir) + strlen(name) + sizeof("/" SUFFIX);
	char *path = tree_alloc(size, 1);

	snprintf(path, size, "%s/%s" SUFFIX, loader->dir, name);
	return path;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Notes a file if it is to be a manifest: not an editor's, nor a hidden one.
 * False if there are too many. */
static bool
take_entry(struct loader *loader, const char *entry)
{
	size_t len = strlen(entry), suffix = strlen(SUFFIX);

	if (*entry == '.' || len <= suffix ||
	    strcmp(entry + len - suffix, SUFFIX) != 0 ||
	    strcmp(entry, SELF SUFFIX) == 0)
		return true;
	if (loader->name_count == NODE_NODES_MAX)
		return false;
	loader->names[loader->name_count++] = tree_copy(entry, len - suffix);
	return true;
}

/* Lists the directory.  0, or -1 if it cannot be used, which was told. */
static int
take_names(struct loader *loader)
{
	struct dirent *entry;
	int failure = 0;
	DIR *dir;

	dir = opendir(loader->dir);
	if (dir == NULL) {
		warning("cannot open the directory '%s': %s", loader->dir,
		    strerror(errno));
		return -1;
	}
	do {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			failure = errno;
		else if (!take_entry(loader, entry->d_name))
			failure = E2BIG;
	} while (entry != NULL && failure == 0);
	closedir(dir);
	if (failure != 0) {
		warning("cannot read the directory '%s': %s", loader->dir,
		    failure == E2BIG ? "too many manifests"
				     : strerror(failure));
		return -1;
	}
	qsort(loader->names, loader->name_count, sizeof(*loader->names),
	    compare_names);
	return 0;
}

/* Reads a regular file.  0, or -1 with errno; a fifo must not hold us up. */
static int
read_text(const char *path, struct stat *status, struct buf *text)
{
	if (stat(path, status) < 0)
		return -1;
	if (!S_ISREG(status->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return file_read(path, text);
}

/* Loads one file; expected as for manifest_parse().  NULL if it is broken,
 * which was told and counted. */
static struct manifest *
load_file(struct loader *loader, const char *name, const char *expected,
    struct stat *status)
{
	/* file_read() wants room beyond the end to see the end */
	struct buf text = BUF_INIT(NODE_FILE_MAX + 8192);
	struct manifest *manifest = NULL;
	struct source source;
	char *path;

	path = path_of(loader, name);
	source = (struct source){path, 0};
	if (read_text(path, status, &text) == 0)
		manifest = manifest_parse(buf_span(&text), path, expected);
	else if (errno == EMSGSIZE)
		source_error(
		    &source, 1, "larger than %d octets", NODE_FILE_MAX);
	else
		source_error(&source, 1, "cannot read it: %s",
		    errno == EINVAL ? "not a file" : strerror(errno));
	if (manifest == NULL)
		loader->broken++;
	buf_free(&text);
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

static void
take_file(struct loader *loader, const char *name)
{
	struct stat status = {0};
	struct manifest *manifest;

	manifest = load_file(loader, name, name, &status);
	if (manifest == NULL)
		manifest = last_good(loader, name);
	if (manifest != NULL)
		loader->good[loader->good_count++] = manifest;
	else
		loader->incomplete = true;
	if (loader->has_self && status.st_dev == loader->self_file.st_dev &&
	    status.st_ino == loader->self_file.st_ino) {
		loader->self_seen = true;
		loader->self = manifest != NULL ? manifest->name : NULL;
	}
}

/* Adds the own node's manifest, which stands in self.yaml itself, or outside
 * of the directory, or nowhere any more. */
static void
take_self(struct loader *loader)
{
	struct manifest *manifest, **other;
	struct stat status;
	bool fresh;
	size_t i;

	manifest = load_file(loader, SELF, NULL, &status);
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
			    "node '%s' is in " SELF SUFFIX " already",
			    manifest->name);
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

static struct nodes *
load(struct loader *loader)
{
	struct nodes *nodes;
	char *path;
	size_t i;

	path = path_of(loader, SELF);
	loader->has_self = stat(path, &loader->self_file) == 0;
	free(path);
	loader->good =
	    tree_alloc(loader->name_count + 1, sizeof(*loader->good));
	for (i = 0; i < loader->name_count; i++)
		take_file(loader, loader->names[i]);
	if (!loader->self_seen)
		take_self(loader);
	nodes = nodes_of(loader->good, loader->good_count, loader->self);
	nodes->incomplete = loader->incomplete;
	for (i = 0; i < nodes->count; i++)
		loader->broken += nodes->members[i].flawed;
	free(loader->good);
	return nodes;
}

struct nodes *
nodes_read(const char *dir, const struct nodes *old, size_t *broken)
{
	struct loader loader = {.dir = dir, .old = old};
	struct nodes *nodes = NULL;
	size_t i;

	loader.names = tree_alloc(NODE_NODES_MAX, sizeof(*loader.names));
	if (take_names(&loader) == 0)
		nodes = load(&loader);
	for (i = 0; i < loader.name_count; i++)
		free(loader.names[i]);
	free(loader.names);
	if (broken != NULL)
		*broken = loader.broken;
	return nodes;
}

struct nodes *
nodes_load(const char *dir, const struct nodes *old, size_t *broken)
{
	struct nodes *nodes;

	nodes = nodes_read(dir, old, broken);
	if (nodes != NULL && nodes->self == NULL) {
		nodes_free(nodes);
		return NULL;
	}
	return nodes;
}
