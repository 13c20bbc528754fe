#include <clamav.h>
#include <stdlib.h>

#include "base/err.h"
#include "sigs/ignore.h"

#define MD5_SIZE 16

struct ignore_entry {
	const char *text; /* names.p, once it is sorted */
	size_t at;
	size_t len;
	bool has_digest;
	unsigned char digest[MD5_SIZE];
};

void
ignore_init(struct ignore *ignore)
{
	*ignore = (struct ignore){.names = BUF_INIT(SIZE_MAX / 2)};
}

void
ignore_free(struct ignore *ignore)
{
	free(ignore->entries);
	buf_free(&ignore->names);
	ignore_init(ignore);
}

bool
ignore_add(struct ignore *ignore, const struct sigline *sig)
{
	struct ignore_entry *entry;

	if (ignore->count == IGNORE_MAX)
		return false;
	if (ignore->count == ignore->room) {
		ignore->room = ignore->room * 2 + 64;
		ignore->entries = realloc(
		    ignore->entries, ignore->room * sizeof(*ignore->entries));
		if (ignore->entries == NULL)
			fatal("out of memory");
	}
	entry = &ignore->entries[ignore->count++];
	entry->at = ignore->names.len;
	entry->len = sig->name.len;
	entry->has_digest = sig->has_digest;
	memcpy(entry->digest, sig->digest, MD5_SIZE);
	buf_addspan(&ignore->names, sig->name);
	return true;
}

static int
compare(const void *a, const void *b)
{
	const struct ignore_entry *one = a, *other = b;
	int rc;

	rc = memcmp(one->text + one->at, other->text + other->at,
	    one->len < other->len ? one->len : other->len);
	if (rc != 0)
		return rc;
	return (one->len > other->len) - (one->len < other->len);
}

void
ignore_sort(struct ignore *ignore)
{
	size_t i;

	for (i = 0; i < ignore->count; i++)
		ignore->entries[i].text = ignore->names.p;
	if (ignore->count > 0)
		qsort(ignore->entries, ignore->count, sizeof(*ignore->entries),
		    compare);
}

static bool
is_meant(const struct ignore_entry *entry, struct span line)
{
	unsigned char digest[MD5_SIZE];

	while (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (!entry->has_digest)
		return true;
	if (cl_hash_data("md5", line.p, line.len, digest, NULL) == NULL)
		fatal("cannot make an MD5");
	return memcmp(digest, entry->digest, MD5_SIZE) == 0;
}

bool
ignore_has(const struct ignore *ignore, struct span name, struct span line)
{
	const struct ignore_entry want = {.text = name.p, .len = name.len};
	size_t from = 0, to = ignore->count, at;

	while (from < to) {
		at = from + (to - from) / 2;
		if (compare(&ignore->entries[at], &want) < 0)
			from = at + 1;
		else
			to = at;
	}
	for (; from < ignore->count &&
	       compare(&ignore->entries[from], &want) == 0;
	     from++)
		if (is_meant(&ignore->entries[from], line))
			return true;
	return false;
}
