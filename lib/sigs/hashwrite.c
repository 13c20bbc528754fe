#include <zlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "sigs/hashfile.h"

#define SORT_SMALL 24 /* records that are sorted by insertion */

void
hashes_writer_init(struct hashes_writer *writer)
{
	unsigned kind;

	*writer = (struct hashes_writer){.name_count = 0};
	for (kind = 0; kind < HASHES_KINDS; kind++)
		buf_init(&writer->records[kind], SIZE_MAX / 2);
	buf_init(&writer->block, HASHES_BLOCK_MAX);
	buf_init(&writer->names, SIZE_MAX / 2);
	buf_init(&writer->blocks, SIZE_MAX / 2);
}

void
hashes_writer_free(struct hashes_writer *writer)
{
	unsigned kind;

	for (kind = 0; kind < HASHES_KINDS; kind++)
		buf_free(&writer->records[kind]);
	buf_free(&writer->block);
	buf_free(&writer->names);
	buf_free(&writer->blocks);
}

static void
close_block(struct hashes_writer *writer)
{
	struct buf *names = &writer->names;
	unsigned char end[8];
	uLongf len = compressBound((uLong)writer->block.len);

	buf_room(names, len);
	if (compress2((Bytef *)names->p + names->len, &len,
		(const Bytef *)writer->block.p, (uLong)writer->block.len,
		Z_BEST_COMPRESSION) != Z_OK)
		fatal("out of memory");
	names->len += len;
	hashes_put(end, names->len, sizeof(end));
	buf_add(&writer->blocks, end, sizeof(end));
	buf_reset(&writer->block);
}

/* The number of a name, which is new or the same as the last one. */
static uint32_t
add_name(struct hashes_writer *writer, struct span name)
{
	struct buf *block = &writer->block;
	const char *nul = memchr(name.p, '\0', name.len);

	if (nul != NULL)
		name.len = (size_t)(nul - name.p);
	if (name.len > HASHES_NAME_MAX)
		name.len = HASHES_NAME_MAX;
	if (block->len > 0 && block->len - writer->last == name.len + 1 &&
	    memcmp(block->p + writer->last, name.p, name.len) == 0)
		return writer->name_count - 1;
	if (writer->name_count % HASHES_BLOCK == 0 && block->len > 0)
		close_block(writer);
	if (writer->name_count == UINT32_MAX)
		fatal("too many signatures");
	writer->last = block->len;
	buf_addspan(block, name);
	buf_add(block, "", 1);
	return writer->name_count++;
}

void
hashes_add(struct hashes_writer *writer, enum hashes_kind kind,
    const unsigned char *digest, uint64_t size, struct span name)
{
	unsigned char record[HASHES_RECORD];

	hashes_put(record, hashes_key(digest, size), HASHES_KEY);
	hashes_put(record + HASHES_KEY, add_name(writer, name), 4);
	buf_add(&writer->records[kind], record, sizeof(record));
	writer->any_size[kind] |= size == HASHES_ANY_SIZE;
}

/* The octets of a record from the one that counts most in the order: key, then
 * number of the name, each with its last octet first. */
static unsigned
digit(const unsigned char *record, unsigned depth)
{
	return record[depth < HASHES_KEY
			  ? HASHES_KEY - 1 - depth
			  : HASHES_RECORD + HASHES_KEY - 1 - depth];
}

static bool
before(const unsigned char *a, const unsigned char *b, unsigned depth)
{
	for (; depth < HASHES_RECORD; depth++)
		if (digit(a, depth) != digit(b, depth))
			return digit(a, depth) < digit(b, depth);
	return false;
}

static void
sort_small(unsigned char *records, size_t count, unsigned depth)
{
	unsigned char one[HASHES_RECORD];
	size_t i, at;

	for (i = 1; i < count; i++) {
		memcpy(one, records + i * HASHES_RECORD, HASHES_RECORD);
		for (at = i;
		     at > 0 &&
		     before(one, records + (at - 1) * HASHES_RECORD, depth);
		     at--)
			continue;
		memmove(records + (at + 1) * HASHES_RECORD,
		    records + at * HASHES_RECORD, (i - at) * HASHES_RECORD);
		memcpy(records + at * HASHES_RECORD, one, HASHES_RECORD);
	}
}

static void
exchange(unsigned char *a, unsigned char *b)
{
	unsigned char hold[HASHES_RECORD];

	memcpy(hold, a, HASHES_RECORD);
	memcpy(a, b, HASHES_RECORD);
	memcpy(b, hold, HASHES_RECORD);
}

/* Sorts in place, octet by octet: qsort(3) would want as much memory again. */
static void
sort(unsigned char *records, size_t count, unsigned depth)
{
	size_t next[256] = {0}, end[256], i, sum = 0;
	unsigned d, to;

	if (count <= SORT_SMALL || depth == HASHES_RECORD) {
		sort_small(records, count, depth);
		return;
	}
	for (i = 0; i < count; i++)
		next[digit(records + i * HASHES_RECORD, depth)]++;
	for (d = 0; d < nitems(next); d++) {
		end[d] = sum + next[d];
		next[d] = sum;
		sum = end[d];
	}
	for (d = 0; d < nitems(next); d++)
		while (next[d] < end[d]) {
			to = digit(records + next[d] * HASHES_RECORD, depth);
			exchange(records + next[d] * HASHES_RECORD,
			    records + next[to] * HASHES_RECORD);
			next[to]++;
		}
	for (d = 0, i = 0; d < nitems(end); i = end[d++])
		if (end[d] - i > 1)
			sort(
			    records + i * HASHES_RECORD, end[d] - i, depth + 1);
}

/* Drops what has the same key as the record before it. */
static void
drop_doubles(struct buf *records)
{
	char *from, *to = records->p, *end;

	if (records->len == 0)
		return;
	end = records->p + records->len;
	for (from = to; from < end; from += HASHES_RECORD)
		if (from == records->p ||
		    memcmp(from, to - HASHES_RECORD, HASHES_KEY) != 0) {
			memmove(to, from, HASHES_RECORD);
			to += HASHES_RECORD;
		}
	records->len = (size_t)(to - records->p);
}

/* Makes the header and the index from what is sorted. */
static void
make_frame(const struct hashes_writer *writer,
    unsigned char header[HASHES_HEADER], struct buf *index)
{
	static const char magic[HASHES_MAGIC_SIZE] = HASHES_MAGIC;
	uint64_t at = HASHES_HEADER, any = 0;
	unsigned char number[8];
	unsigned kind;
	size_t i;

	for (kind = 0; kind < HASHES_KINDS; kind++) {
		at += writer->records[kind].len;
		any |= (uint64_t)writer->any_size[kind] << kind;
		hashes_put(header + 48 + 8 * kind,
		    writer->records[kind].len / HASHES_RECORD, 8);
	}
	hashes_put(number, at, 8);
	buf_add(index, number, 8);
	for (i = 0; i < writer->blocks.len; i += 8) {
		hashes_put(number,
		    at + hashes_get((unsigned char *)writer->blocks.p + i, 8),
		    8);
		buf_add(index, number, 8);
	}
	at += writer->names.len;
	memcpy(header, magic, sizeof(magic));
	hashes_put(header + 16, at + index->len, 8);
	hashes_put(header + 24, at, 8);
	hashes_put(header + 32, writer->name_count, 8);
	hashes_put(header + 40, any, 8);
}

int
hashes_write(struct hashes_writer *writer, int fd, uint64_t count[HASHES_KINDS])
{
	struct iovec vec[HASHES_KINDS + 3];
	unsigned char header[HASHES_HEADER];
	struct buf index = BUF_INIT(SIZE_MAX / 2), *records;
	unsigned kind;
	int rc;

	if (writer->block.len > 0)
		close_block(writer);
	for (kind = 0; kind < HASHES_KINDS; kind++) {
		records = &writer->records[kind];
		sort((unsigned char *)records->p, records->len / HASHES_RECORD,
		    0);
		drop_doubles(records);
		count[kind] = records->len / HASHES_RECORD;
		vec[kind + 1] = (struct iovec){records->p, records->len};
	}
	make_frame(writer, header, &index);
	vec[0] = (struct iovec){header, sizeof(header)};
	vec[HASHES_KINDS + 1] =
	    (struct iovec){writer->names.p, writer->names.len};
	vec[HASHES_KINDS + 2] = (struct iovec){index.p, index.len};
	rc = io_writev(fd, vec, nitems(vec), CLOCK_NEVER);
	buf_free(&index);
	return rc;
}
