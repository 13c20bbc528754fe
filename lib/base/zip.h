/*
 * zip: the members of a ZIP archive in memory (APPNOTE.TXT of PKWARE).
 *
 * What the central directory at its end lists; one of many disks, one with
 * 64-bit fields, or one that is cut has none.  Members that are stored or
 * deflated can be read.
 */
#ifndef BASE_ZIP_H
#define BASE_ZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

#define ZIP_MEMBERS_MAX 1000 /* the rest is left out */

struct zip_member {
	struct span name; /* as it is there */
	bool encrypted;
	unsigned method;
	struct span packed; /* p NULL if it does not lie in the archive */
};

struct zip {
	struct zip_member *members; /* in the arena */
	size_t count;
};

/* False if it is no archive. */
bool zip_open(struct zip *zip, struct arena *arena, struct span octets);

/* Appends a member's octets.  False if it cannot be read as a whole: encrypted,
 * damaged, or it has no room in octets. */
bool zip_read(const struct zip_member *member, struct buf *octets);

#endif
