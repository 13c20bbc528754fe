#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/scan.h"
#include "sigs/hashfile.h"

#define LEAPS 8 /* steps by interpolation, before the halving */

/* Whether the numbers of the header fit each other and the size of the file,
 * so that all records and the index are within it. */
static bool
read_header(struct hashes *table)
{
	uint64_t at = HASHES_HEADER, any, blocks;
	unsigned kind;

	if (memcmp(table->map, HASHES_MAGIC, HASHES_MAGIC_SIZE) != 0 ||
	    hashes_get(table->map + 16, 8) != table->size)
		return false;
	table->index = hashes_get(table->map + 24, 8);
	table->name_count = hashes_get(table->map + 32, 8);
	any = hashes_get(table->map + 40, 8);
	for (kind = 0; kind < HASHES_KINDS; kind++) {
		table->any_size[kind] = any >> kind & 1;
		table->count[kind] = hashes_get(table->map + 48 + 8 * kind, 8);
		table->first[kind] = at;
		if (table->count[kind] > (table->size - at) / HASHES_RECORD)
			return false;
		at += table->count[kind] * HASHES_RECORD;
	}
	if (table->name_count > UINT32_MAX || table->index < at ||
	    table->index > table->size)
		return false;
	blocks = (table->name_count + HASHES_BLOCK - 1) / HASHES_BLOCK;
	return table->size - table->index == (blocks + 1) * 8;
}

int
hashes_open(struct hashes *table, int fd)
{
	struct stat st;
	void *map;

	*table = (struct hashes){.map = NULL};
	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_size < HASHES_HEADER || (uintmax_t)st.st_size > SIZE_MAX) {
		errno = EBADMSG;
		return -1;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -1;
	table->map = map;
	table->size = (size_t)st.st_size;
	if (!read_header(table)) {
		hashes_close(table);
		errno = EBADMSG;
		return -1;
	}
	/* what stands around a record is not asked for soon */
	posix_madvise(map, table->size, POSIX_MADV_RANDOM);
	return 0;
}

void
hashes_close(struct hashes *table)
{
	if (table->map != NULL)
		munmap((void *)(uintptr_t)table->map, table->size);
	*table = (struct hashes){.map = NULL};
}

/* Where a key stands between two others if all are spread evenly: a number
 * below count. */
static uint64_t
leap(uint64_t key, uint64_t low, uint64_t high, uint64_t count)
{
	double part = (double)(key - low) / ((double)(high - low) + 1);
	uint64_t at = (uint64_t)(part * (double)count);

	return at < count ? at : count - 1;
}

/* The record with that key, or NULL.  Leaps as long as that may be quick, then
 * halves what is left: records that are not spread evenly, or not even sorted,
 * cost a few steps more and never a long search. */
static const unsigned char *
find_record(const struct hashes *table, enum hashes_kind kind, uint64_t key)
{
	const unsigned char *records = table->map + table->first[kind], *record;
	uint64_t at, here, from = 0, to = table->count[kind];
	uint64_t low = 0, high = UINT64_MAX;
	unsigned step;

	for (step = 0; from < to; step++) {
		at = step < LEAPS ? from + leap(key, low, high, to - from)
				  : from + (to - from) / 2;
		record = records + at * HASHES_RECORD;
		here = hashes_get(record, HASHES_KEY);
		if (here == key)
			return record;
		if (here < key) {
			from = at + 1;
			low = here;
		} else {
			to = at;
			high = here;
		}
	}
	return NULL;
}

/* Copies the name of that number; false if the file is damaged there. */
static bool
find_name(
    const struct hashes *table, uint64_t number, char name[HASHES_NAME_MAX + 1])
{
	const unsigned char *index;
	char block[HASHES_BLOCK_MAX];
	struct span names, text = {NULL, 0};
	struct scan scan;
	uLongf len = sizeof(block);
	uint64_t from, to;
	unsigned skip;

	if (number >= table->name_count)
		return false;
	index = table->map + table->index + number / HASHES_BLOCK * 8;
	from = hashes_get(index, 8);
	to = hashes_get(index + 8, 8);
	if (from > to || to > table->index ||
	    uncompress((Bytef *)block, &len, table->map + from,
		(uLong)(to - from)) != Z_OK)
		return false;
	names = (struct span){block, len};
	scan_init(&scan, names);
	for (skip = number % HASHES_BLOCK + 1; skip > 0; skip--)
		text = scan_until(&scan, '\0');
	if (scan.bad || text.len == 0 || text.len > HASHES_NAME_MAX)
		return false;
	memcpy(name, text.p, text.len);
	name[text.len] = '\0';
	return true;
}

bool
hashes_find(const struct hashes *table, enum hashes_kind kind,
    const unsigned char *digest, uint64_t size, char name[HASHES_NAME_MAX + 1])
{
	const unsigned char *record;

	if (table->map == NULL)
		return false;
	record = find_record(table, kind, hashes_key(digest, size));
	if (record == NULL && table->any_size[kind])
		record = find_record(
		    table, kind, hashes_key(digest, HASHES_ANY_SIZE));
	if (record == NULL)
		return false;
	if (!find_name(table, hashes_get(record + HASHES_KEY, 4), name))
		memcpy(name, HASHES_NAMELESS, sizeof(HASHES_NAMELESS));
	return true;
}
