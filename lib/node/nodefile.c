#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/tree.h"

char *
nodefile_path(const char *dir, const char *name, const char *suffix)
{
	size_t size = strlen(dir) + strlen(name) + strlen(suffix) + sizeof("/");
	char *path = tree_alloc(size, 1);

	snprintf(path, size, "%s/%s%s", dir, name, suffix);
	return path;
}

struct manifest *
nodefile_self(const char *dir)
{
	struct buf text = BUF_INIT(NODE_FILE_MAX + FILE_READ_ROOM);
	char *path = nodefile_path(dir, NODEFILE_SELF, "");
	struct manifest *manifest;

	if (file_read_regular(path, &text) < 0)
		fatal("cannot read '%s': %s", path, strerror(errno));
	manifest = manifest_parse(buf_span(&text), path, NULL);
	if (manifest == NULL)
		fatal("'%s' is broken", path);
	free(path);
	buf_free(&text);
	return manifest;
}

bool
nodefile_is_self(const char *dir, const char *name)
{
	char *path = nodefile_path(dir, name, NODEFILE_MANIFEST);
	char *self_path = nodefile_path(dir, NODEFILE_SELF, "");
	struct stat file, self;
	bool is;

	is = stat(path, &file) == 0 && stat(self_path, &self) == 0 &&
	     file.st_dev == self.st_dev && file.st_ino == self.st_ino;
	free(path);
	free(self_path);
	return is;
}

/* A link to nowhere is a pin that cannot be read.  0, or -1 with errno. */
static int
read_pin(const char *path, struct buf *text, struct pin **pin)
{
	struct stat status;

	*pin = NULL;
	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : -1;
	if (file_read_regular(path, text) < 0)
		return -1;
	*pin = pin_parse(buf_span(text), path);
	errno = EBADMSG;
	return *pin != NULL ? 0 : -1;
}

int
nodefile_pin(const char *dir, const char *name, struct pin **pin)
{
	struct buf text = BUF_INIT(NODE_PIN_MAX + FILE_READ_ROOM);
	char *path = nodefile_path(dir, name, NODEFILE_PIN);
	int saved, rc;

	rc = read_pin(path, &text, pin);
	saved = errno;
	buf_free(&text);
	free(path);
	errno = saved;
	return rc;
}

bool
nodefile_is(const char *file, const char *suffix)
{
	size_t len = strlen(file), tail = strlen(suffix);

	return *file != '.' && len > tail &&
	       strcmp(file + len - tail, suffix) == 0 &&
	       strcmp(file, NODEFILE_SELF) != 0;
}

char *
nodefile_node(const char *file, const char *suffix)
{
	return tree_copy(file, strlen(file) - strlen(suffix));
}

/* What stands before the last dot. */
static struct span
stem(const char *file)
{
	const char *dot = strrchr(file, '.');

	return (struct span){
	    file, dot != NULL ? (size_t)(dot - file) : strlen(file)};
}

int
nodefile_compare(const char *a, const char *b)
{
	struct span one = stem(a), other = stem(b);
	size_t len = one.len < other.len ? one.len : other.len;
	int order = memcmp(one.p, other.p, len);

	if (order != 0)
		return order;
	return (one.len > other.len) - (one.len < other.len);
}
