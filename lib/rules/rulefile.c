/*
 * rulefile: files of rules as they lie in directories.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "rules/rulesetpart.h"

#define PATH_LEN_MAX 4096
#define OFFICIAL "/updates_spamassassin_org.cf"

int
rulefile_keep(struct ruleset *set, const char *path, struct source *source)
{
	struct stat st;

	if (map_get(&set->files, span_of(path)) != 0)
		return 1;
	if (stat(path, &st) < 0)
		return -1;
	/* one that others write to could keep us waiting */
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if (set->files.count == RULESET_FILES_MAX) {
		errno = EMFILE;
		return -1;
	}
	buf_reset(&set->scratch);
	if (file_read(path, &set->scratch) < 0)
		return -1;
	source->name = arena_copy(&set->arena, span_of(path)).p;
	source->octets = arena_copy(&set->arena, buf_span(&set->scratch));
	*map_at(&set->files, &set->arena, span_of(source->name)) = 1;
	return 0;
}

static int
read_file(struct ruleset *set, const char *path)
{
	struct source source;
	struct buf *list;
	int kept = rulefile_keep(set, path, &source);

	if (kept != 0)
		return kept < 0 ? -1 : 0;
	list = span_iends(span_of(path), ".pre") ? &set->pres : &set->configs;
	buf_add(list, &source, sizeof(source));
	return 0;
}

/* What sa-update brings of the official rules comes first, so that others can
 * change it. */
static int
compare_names(const void *a, const void *b)
{
	const char *left = *(char *const *)a, *right = *(char *const *)b;
	bool first = span_ends(span_of(left), OFFICIAL);

	if (first != span_ends(span_of(right), OFFICIAL))
		return first ? -1 : 1;
	return strcmp(left, right);
}

static bool
is_rules(const char *name)
{
	struct span span = span_of(name);

	return name[0] != '.' &&
	       (span_iends(span, ".cf") || span_iends(span, ".pre"));
}

/* The paths of the files of rules in a directory, in the order of their names.
 * Both the list and the paths are in the arena. */
static int
list_directory(
    struct ruleset *set, const char *path, char ***list, size_t *count)
{
	struct buf names = BUF_INIT(RULESET_FILES_MAX * sizeof(char *));
	struct buf full = BUF_INIT(PATH_LEN_MAX);
	struct dirent *entry;
	const char *name;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		if (!is_rules(entry->d_name))
			continue;
		buf_reset(&full);
		buf_addf(&full, "%s/%s", path, entry->d_name);
		name = arena_copy(&set->arena, buf_span(&full)).p;
		buf_add(&names, &name, sizeof(name));
	}
	closedir(dir);
	buf_free(&full);
	*count = names.len / sizeof(char *);
	*list = arena_array(&set->arena, *count, sizeof(char *));
	if (*count > 0)
		memcpy(*list, names.p, names.len);
	buf_free(&names);
	qsort(*list, *count, sizeof(char *), compare_names);
	return 0;
}

int
ruleset_read(struct ruleset *set, const char *path)
{
	struct stat st;
	char **list;
	size_t count, i;

	if (stat(path, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return read_file(set, path);
	if (list_directory(set, path, &list, &count) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		if (stat(list[i], &st) == 0 && !S_ISREG(st.st_mode))
			continue;
		if (read_file(set, list[i]) < 0)
			return -1;
	}
	return 0;
}
