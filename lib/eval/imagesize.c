#include "eval/imagesize.h"

static uint32_t
octet(struct span octets, size_t at)
{
	return at < octets.len ? (unsigned char)octets.p[at] : 0;
}

static uint32_t
big16(struct span octets, size_t at)
{
	return octet(octets, at) << 8 | octet(octets, at + 1);
}

static uint32_t
big32(struct span octets, size_t at)
{
	return big16(octets, at) << 16 | big16(octets, at + 2);
}

static bool
has_pixels(const struct image_size *size)
{
	return size->height > 0 && size->width > 0;
}

/* GIF89a specification, 17 and 18. */
bool
image_gif(struct span octets, struct image_size *size)
{
	if (!span_starts(octets, "GIF87a") && !span_starts(octets, "GIF89a"))
		return false;
	size->width = octet(octets, 6) | octet(octets, 7) << 8;
	size->height = octet(octets, 8) | octet(octets, 9) << 8;
	return has_pixels(size);
}

/* RFC 2083, 3 and 4.1.1: the header comes first, but it is looked for. */
bool
image_png(struct span octets, struct image_size *size)
{
	size_t at;

	if (!span_starts(octets, "\x89PNG\r\n\x1a\n"))
		return false;
	for (at = 8; at < octets.len; at += 8) {
		struct span type = span_from(octets, at + 4);

		if (span_starts(type, "IEND"))
			return false;
		if (big32(octets, at) != 13 || !span_starts(type, "IHDR"))
			continue;
		size->width = big32(octets, at + 8);
		size->height = big32(octets, at + 12);
		return octets.len >= at + 16 && has_pixels(size);
	}
	return false;
}

/* Whether a marker begins a frame: SOF0 to SOF15, without DHT, JPG and DAC
 * among them (ITU-T T.81, table B.1). */
static bool
is_frame(uint32_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
	       marker != 0xc8 && marker != 0xcc;
}

/* ITU-T T.81, B.1 and B.2.2. */
bool
image_jpeg(struct span octets, struct image_size *size)
{
	uint32_t marker, len;
	size_t at = 2;

	if (!span_starts(octets, "\xff\xd8"))
		return false;
	while (at + 4 <= octets.len && octet(octets, at) == 0xff) {
		marker = octet(octets, at + 1);
		len = big16(octets, at + 2);
		if (marker == 0xda || marker == 0xd9 || len < 2)
			return false;
		if (is_frame(marker)) {
			size->height = big16(octets, at + 5);
			size->width = big16(octets, at + 7);
			return has_pixels(size);
		}
		at += 2 + len;
	}
	return false;
}
