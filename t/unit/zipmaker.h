/*
 * zipmaker: ZIP archives for tests.
 */
#ifndef UNIT_ZIPMAKER_H
#define UNIT_ZIPMAKER_H

#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"

#define ZIPMAKER_MAX (1 << 20)

struct zipmaker {
	struct buf octets;
	struct buf directory;
	unsigned count;
};

static inline void
zipmaker_number(struct buf *buf, unsigned long number, int octets)
{
	char c;

	for (; octets > 0; octets--, number >>= 8) {
		c = (char)(number & 0xff);
		buf_add(buf, &c, 1);
	}
}

static inline void
zipmaker_begin(struct zipmaker *maker)
{
	buf_init(&maker->octets, ZIPMAKER_MAX);
	buf_init(&maker->directory, ZIPMAKER_MAX);
	maker->count = 0;
}

/* What stands in a member's own header and in the directory. */
static inline void
zipmaker_common(struct buf *buf, unsigned flags, unsigned method,
    size_t packed_len, size_t len, size_t name_len)
{
	zipmaker_number(buf, 20, 2);
	zipmaker_number(buf, flags, 2);
	zipmaker_number(buf, method, 2);
	zipmaker_number(buf, 0, 8); /* time, checksum */
	zipmaker_number(buf, packed_len, 4);
	zipmaker_number(buf, len, 4);
	zipmaker_number(buf, name_len, 2);
	zipmaker_number(buf, 0, 2);
}

/* Adds a member; flags: 1 for an encrypted one. */
static inline void
zipmaker_add(struct zipmaker *maker, const char *name, struct span octets,
    bool deflated, unsigned flags)
{
	size_t at = maker->octets.len, bound = octets.len + 100, len;
	unsigned char *packed = malloc(bound);
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)octets.p,
	    .avail_in = (uInt)octets.len,
	    .next_out = packed,
	    .avail_out = (uInt)bound};

	if (packed == NULL ||
	    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8,
		Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	len = deflated ? bound - stream.avail_out : octets.len;
	deflateEnd(&stream);
	buf_add(&maker->octets, "PK\003\004", 4);
	zipmaker_common(&maker->octets, flags, deflated ? 8 : 0, len,
	    octets.len, strlen(name));
	buf_adds(&maker->octets, name);
	buf_add(&maker->octets, deflated ? (char *)packed : octets.p, len);
	buf_add(&maker->directory, "PK\001\002\024\0", 6);
	zipmaker_common(&maker->directory, flags, deflated ? 8 : 0, len,
	    octets.len, strlen(name));
	zipmaker_number(&maker->directory, 0, 8);
	zipmaker_number(&maker->directory, 0, 2);
	zipmaker_number(&maker->directory, at, 4);
	buf_adds(&maker->directory, name);
	maker->count++;
	free(packed);
}

/* Ends it; the archive is in maker->octets. */
static inline void
zipmaker_end(struct zipmaker *maker)
{
	size_t at = maker->octets.len;

	buf_addspan(&maker->octets, buf_span(&maker->directory));
	buf_add(&maker->octets, "PK\005\006\0\0\0\0", 8);
	zipmaker_number(&maker->octets, maker->count, 2);
	zipmaker_number(&maker->octets, maker->count, 2);
	zipmaker_number(&maker->octets, maker->directory.len, 4);
	zipmaker_number(&maker->octets, at, 4);
	zipmaker_number(&maker->octets, 0, 2);
}

static inline void
zipmaker_free(struct zipmaker *maker)
{
	buf_free(&maker->octets);
	buf_free(&maker->directory);
}

#endif
