/*
 * How libclamav counts sections is known from its source (libclamav/pe.c,
 * 1.4) and from sigtool --mdb: where a section starts is rounded down to
 * FileAlignment and its size up, and what lies past the end of the file is not
 * there.  libclamav gives up on a header that is odd elsewhere (no entry
 * point, more than 97 sections, a sign bit); here such a program has its
 * sections all the same, for a signature of one is as good as before.
 */
#include <stdbool.h>
#include <stdint.h>

#include "scan/pe.h"

/* Offsets of Microsoft's PE format, "PE Format", COFF file header. */
#define DOS_PE_AT 0x3c  /* in the file: where the PE header is */
#define PE_COUNT 6      /* in the PE header: sections, 2 octets */
#define PE_OPTIONAL 20  /* size of the optional header, 2 octets */
#define PE_SIZE 24      /* here the optional header begins */
#define PE_ALIGN 60     /* FileAlignment, the same in PE32 and PE32+ */
#define SECTION_SIZE 40 /* octets of an entry of the section table */
#define SECTION_RAW_SIZE 16
#define SECTION_RAW_AT 20

#define USUAL_ALIGN 0x200

/* Little-endian numbers; past the end of the file everything is 0. */
static uint32_t
number(struct span octets, uint64_t at, unsigned width)
{
	uint32_t n = 0;
	unsigned i;

	if (at > octets.len || octets.len - at < width)
		return 0;
	for (i = 0; i < width; i++)
		n |= (uint32_t)(unsigned char)octets.p[at + i] << 8 * i;
	return n;
}

static bool
starts(struct span octets, uint64_t at, const char *mark, size_t len)
{
	return at <= octets.len && octets.len - at >= len &&
	       memcmp(octets.p + at, mark, len) == 0;
}

/* FileAlignment, or the usual one if a section stands where only that one
 * fits. */
static uint64_t
alignment(struct span octets, uint64_t pe, uint64_t table, size_t count)
{
	uint64_t align = number(octets, pe + PE_ALIGN, 4), entry, at;
	size_t i;

	if (align == 0)
		return 1;
	for (i = 0; i < count; i++) {
		entry = table + i * SECTION_SIZE;
		at = number(octets, entry + SECTION_RAW_AT, 4);
		if (number(octets, entry + SECTION_RAW_SIZE, 4) != 0 &&
		    at % align != 0 && at % USUAL_ALIGN == 0)
			return USUAL_ALIGN;
	}
	return align;
}

/* The octets of the section in the file; none if it has none there. */
static struct span
section_of(struct span octets, uint64_t entry, uint64_t align)
{
	struct span section = {NULL, 0};
	uint64_t size = number(octets, entry + SECTION_RAW_SIZE, 4);
	uint64_t at = number(octets, entry + SECTION_RAW_AT, 4);

	if (size == 0 || at >= octets.len)
		return section;
	at -= at % align;
	size = (size + align - 1) / align * align;
	if (size > octets.len - at)
		size = octets.len - at;
	section.p = octets.p + at;
	section.len = size;
	return section;
}

size_t
pe_sections(struct span octets, struct span sections[PE_SECTIONS_MAX])
{
	uint64_t pe, table, align;
	size_t i, count, found = 0;

	/* Windows takes both */
	if (!starts(octets, 0, "MZ", 2) && !starts(octets, 0, "ZM", 2))
		return 0;
	pe = number(octets, DOS_PE_AT, 4);
	if (!starts(octets, pe, "PE\0", 4))
		return 0;
	count = number(octets, pe + PE_COUNT, 2);
	if (count > PE_SECTIONS_MAX)
		count = PE_SECTIONS_MAX;
	table = pe + PE_SIZE + number(octets, pe + PE_OPTIONAL, 2);
	align = alignment(octets, pe, table, count);
	for (i = 0; i < count; i++) {
		sections[found] =
		    section_of(octets, table + i * SECTION_SIZE, align);
		if (sections[found].len > 0)
			found++;
	}
	return found;
}
