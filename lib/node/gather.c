#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/nodes.h"
#include "node/tree.h"

/* The names of the manifests and pins in a directory. */
struct listing {
	char **names;
	size_t manifests;
	size_t pins;
};

/* By the node, its pin before its manifest. */
static int
compare_names(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;
	int order = nodefile_compare(one, other);

	return order != 0 ? order : strcmp(one, other);
}

/* Notes a file.  False if there are too many. */
static bool
list_entry(struct listing *listing, const char *file)
{
	size_t *count;

	if (nodefile_is(file, NODEFILE_MANIFEST))
		count = &listing->manifests;
	else if (nodefile_is(file, NODEFILE_PIN))
		count = &listing->pins;
	else
		return true;
	if (*count == NODE_NODES_MAX)
		return false;
	listing->names[listing->manifests + listing->pins] =
	    tree_copy(file, strlen(file));
	(*count)++;
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
	qsort(listing->names, listing->manifests + listing->pins,
	    sizeof(*listing->names), compare_names);
	return 0;
}

static int
add_file(int bundle, const char *dir, const char *name, size_t max)
{
	char *path = nodefile_path(dir, name, "");
	int rc;

	rc = bundle_add(bundle, name, path, max);
	if (rc < 0)
		warning(
		    "cannot add '%s' to a bundle: %s", path, strerror(errno));
	free(path);
	return rc;
}

/* Adds all manifests; a pin alone says nothing about mail. */
static int
add_all(int bundle, const char *dir, const struct listing *listing)
{
	size_t i, count = listing->manifests + listing->pins;
	const char *name, *following;

	for (i = 0; i < count; i++) {
		name = listing->names[i];
		following = i + 1 < count ? listing->names[i + 1] : "";
		if (nodefile_is(name, NODEFILE_PIN)) {
			if (nodefile_compare(name, following) == 0 &&
			    add_file(bundle, dir, name, NODE_PIN_MAX) < 0)
				return -1;
		} else if (add_file(bundle, dir, name, NODE_FILE_MAX) < 0)
			return -1;
	}
	return 0;
}

int
nodes_gather(const char *dir, int bundle)
{
	struct listing listing = {0};
	size_t i;
	int rc;

	listing.names = tree_alloc(2 * NODE_NODES_MAX, sizeof(*listing.names));
	rc = list(&listing, dir);
	if (rc == 0)
		rc = add_file(bundle, dir, NODEFILE_SELF, NODE_FILE_MAX);
	if (rc == 0)
		rc = add_all(bundle, dir, &listing);
	for (i = 0; i < listing.manifests + listing.pins; i++)
		free(listing.names[i]);
	free(listing.names);
	return rc;
}
