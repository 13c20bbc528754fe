/*
 * The layout of the file.  First a header:
 *
 *	0   16  magic with the version
 *	16   8  size of the file
 *	24   8  offset of the index
 *	32   8  number of names
 *	40   8  bit for each kind that has records for every size
 *	48   8  number of records of each kind
 *
 * Then the records of each kind; blocks of HASHES_BLOCK names, with a NUL
 * behind each, deflated (zlib); and the index: 64-bit offsets of the beginning
 * of each block and of the end of the last.  Numbers are little-endian, and
 * stand wherever they come to stand.
 */
#ifndef SIGS_HASHFILE_H
#define SIGS_HASHFILE_H

#include "sigs/hashes.h"

#define HASHES_MAGIC "pimail.hashes 1\n"
#define HASHES_MAGIC_SIZE 16
#define HASHES_HEADER (48 + 8 * HASHES_KINDS)
#define HASHES_BLOCK 256 /* names */
#define HASHES_BLOCK_MAX (HASHES_BLOCK * (HASHES_NAME_MAX + 1))
#define HASHES_KEY 8 /* octets of a record; the others are the name */

static inline uint64_t
hashes_get(const unsigned char *p, size_t octets)
{
	uint64_t n = 0;

	while (octets-- > 0)
		n = n << 8 | p[octets];
	return n;
}

static inline void
hashes_put(unsigned char *p, uint64_t n, size_t octets)
{
	for (; octets-- > 0; n >>= 8)
		*p++ = (unsigned char)n;
}

/* The digest's first 64 bits, and all bits of the size spread over them: by
 * the end of SplitMix64 (Steele, Lea, Flood 2014), which maps no two sizes to
 * one number. */
static inline uint64_t
hashes_key(const unsigned char *digest, uint64_t size)
{
	size = (size ^ size >> 30) * 0xbf58476d1ce4e5b9U;
	size = (size ^ size >> 27) * 0x94d049bb133111ebU;
	size ^= size >> 31;
	return hashes_get(digest, HASHES_KEY) ^ size;
}

#endif
