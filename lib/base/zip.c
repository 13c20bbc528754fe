#include <string.h>
#include <zlib.h>

#include "base/zip.h"

#define END_SIZE 22 /* of the record at the end, without its comment */
#define COMMENT_MAX 65535
#define ENTRY_SIZE 46 /* of one in the directory, without its names */
#define LOCAL_SIZE 30
#define STORED 0
#define DEFLATED 8
#define ENCRYPTED 1 /* in the flags */
#define PIECE 65536 /* octets that are inflated at a time */

static unsigned
two(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] | (unsigned)u[1] << 8;
}

static size_t
four(const char *p)
{
	return two(p) | (size_t)two(p + 2) << 16;
}

/* The last record that says that it is the end; NULL if there is none. */
static const char *
find_end(struct span octets)
{
	size_t at, least = 0;

	if (octets.len < END_SIZE)
		return NULL;
	if (octets.len > END_SIZE + COMMENT_MAX)
		least = octets.len - END_SIZE - COMMENT_MAX;
	for (at = octets.len - END_SIZE;; at--) {
		if (memcmp(octets.p + at, "PK\005\006", 4) == 0)
			return octets.p + at;
		if (at == least)
			return NULL;
	}
}

/* The octets behind a member's own header. */
static struct span
find_packed(struct span octets, size_t at, size_t len)
{
	struct span none = {NULL, 0}, rest;
	size_t head;

	if (at > octets.len || octets.len - at < LOCAL_SIZE ||
	    memcmp(octets.p + at, "PK\003\004", 4) != 0)
		return none;
	head = LOCAL_SIZE + two(octets.p + at + 26) + two(octets.p + at + 28);
	if (head > octets.len - at)
		return none;
	rest = span_from(octets, at + head);
	if (len > rest.len)
		return none;
	return (struct span){rest.p, len};
}

bool
zip_open(struct zip *zip, struct arena *arena, struct span octets)
{
	const char *end = find_end(octets), *p;
	size_t count, size, name;
	struct span rest;

	*zip = (struct zip){.count = 0};
	if (end == NULL)
		return false;
	count = two(end + 10);
	rest = span_from(octets, four(end + 16));
	if (count > ZIP_MEMBERS_MAX)
		count = ZIP_MEMBERS_MAX;
	zip->members = arena_array(arena, count, sizeof(*zip->members));
	while (zip->count < count) {
		p = rest.p;
		if (rest.len < ENTRY_SIZE || memcmp(p, "PK\001\002", 4) != 0)
			return false;
		name = two(p + 28);
		size = ENTRY_SIZE + name + two(p + 30) + two(p + 32);
		if (size > rest.len)
			return false;
		zip->members[zip->count++] = (struct zip_member){
		    .name = {p + ENTRY_SIZE, name},
		    .encrypted = (two(p + 8) & ENCRYPTED) != 0,
		    .method = two(p + 10),
		    .packed = find_packed(octets, four(p + 42), four(p + 20))};
		rest = span_from(rest, size);
	}
	return true;
}

static bool
inflate_all(struct span packed, struct buf *octets)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.p,
	    .avail_in = (uInt)packed.len};
	int result = Z_OK;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		return false;
	while (result == Z_OK) {
		if (!buf_room(octets, PIECE))
			break;
		stream.next_out = (Bytef *)octets->p + octets->len;
		stream.avail_out = PIECE;
		result = inflate(&stream, Z_NO_FLUSH);
		octets->len += PIECE - stream.avail_out;
	}
	inflateEnd(&stream);
	return result == Z_STREAM_END;
}

bool
zip_read(const struct zip_member *member, struct buf *octets)
{
	if (member->encrypted || member->packed.p == NULL)
		return false;
	if (member->method == STORED)
		return buf_addspan(octets, member->packed);
	return member->method == DEFLATED &&
	       inflate_all(member->packed, octets);
}
