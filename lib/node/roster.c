#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/limits.h"
#include "node/nodefile.h"
#include "node/roster.h"

void
roster_init(struct roster *roster, const char *dir)
{
	memset(roster, 0, sizeof(*roster));
	roster->dir = dir;
}

void
roster_free(struct roster *roster)
{
	nodes_free(roster->nodes);
	roster->nodes = NULL;
}

/* When a file was changed; 0 if it is not there. */
static struct timespec
changed(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtim : (struct timespec){0, 0};
}

static void
read_stamp(const struct roster *roster, struct timespec stamp[2])
{
	char *self = nodefile_path(roster->dir, NODEFILE_SELF, "");

	stamp[0] = changed(roster->dir);
	stamp[1] = changed(self);
	free(self);
}

static bool
same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* A second change within the same tick of the file system's clock would not be
 * seen, so what has just changed is read again the next time. */
static bool
is_settled(const struct timespec stamp[2])
{
	time_t now = time(NULL);

	return stamp[0].tv_sec + 1 < now && stamp[1].tv_sec + 1 < now;
}

const struct nodes *
roster_look(struct roster *roster)
{
	struct timespec stamp[2];
	struct nodes *nodes;

	read_stamp(roster, stamp);
	if (roster->nodes != NULL && same(stamp[0], roster->stamp[0]) &&
	    same(stamp[1], roster->stamp[1]))
		return roster->nodes;
	nodes = nodes_load(roster->dir, roster->nodes, NULL);
	if (nodes == NULL)
		return roster->nodes;
	nodes_free(roster->nodes);
	roster->nodes = nodes;
	roster->version++;
	memset(roster->stamp, 0, sizeof(roster->stamp));
	if (is_settled(stamp))
		memcpy(roster->stamp, stamp, sizeof(roster->stamp));
	return nodes;
}

const struct manifest *
roster_find(const struct roster *roster, struct span name)
{
	char text[NODE_NAME_MAX + 1];
	const struct member *member;

	if (name.len == 0 || name.len > NODE_NAME_MAX ||
	    memchr(name.p, '\0', name.len) != NULL)
		return NULL;
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	member = nodes_find(roster->nodes, text);
	return member != NULL ? member->manifest : NULL;
}

const struct manifest *
roster_by_key(const struct roster *roster, const char *fingerprint)
{
	const struct manifest *manifest;
	size_t i;

	for (i = 0; i < roster->nodes->count; i++) {
		manifest = roster->nodes->members[i].manifest;
		if (manifest->key != NULL &&
		    strcasecmp(manifest->key, fingerprint) == 0)
			return manifest;
	}
	return NULL;
}
