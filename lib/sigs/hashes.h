/*
 * hashes: a mapped table of signatures that are a hash of a whole file or of a
 * section of a PE program.
 *
 * The table is looked up on disk: only pages that are touched are in memory,
 * and the kernel may drop them again.  A record is HASHES_RECORD octets: 64
 * bits of the digest mixed with the size that belongs to it, and the number of
 * its name.  Records are sorted by those bits, which are as good as random, so
 * that interpolation finds one in a few steps.  64 bits of 10 million records
 * give one false hit in 10^12 lookups.  Names are in compressed blocks and are
 * read only after a hit.
 *
 * A file is written once (hashes_write) and never changed: a new one takes its
 * place by rename(2).
 */
#ifndef SIGS_HASHES_H
#define SIGS_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define HASHES_FILE "pimail.hashes" /* its name in a database directory */
#define HASHES_RECORD 12
#define HASHES_NAME_MAX 200
#define HASHES_NAMELESS "Hash.Nameless"
#define HASHES_ANY_SIZE UINT64_MAX /* the signature holds for every size */
#define HASHES_DIGEST_MAX 32

enum hashes_kind {
	HASHES_FILE_MD5,
	HASHES_FILE_SHA1,
	HASHES_FILE_SHA256,
	HASHES_SECTION_MD5,
	HASHES_SECTION_SHA1,
	HASHES_SECTION_SHA256,
	HASHES_KINDS
};

/* A table that is open for lookups. */
struct hashes {
	const unsigned char *map;
	size_t size;
	uint64_t count[HASHES_KINDS]; /* 0: no need to compute that digest */
	uint64_t first[HASHES_KINDS]; /* offset of the first record */
	uint64_t index; /* offset of the offsets of the blocks of names */
	uint64_t name_count;
	bool any_size[HASHES_KINDS]; /* some records hold for every size */
};

/* Maps the table in fd, which can be closed then.  0, or -1 with errno: EBADMSG
 * if it is no such table, is cut, or is of another version. */
int hashes_open(struct hashes *table, int fd);
void hashes_close(struct hashes *table);

/* Looks a digest up, of an object of that size; signatures for every size are
 * found, too.  True with the name (terminated) if there is one; HASHES_NAMELESS
 * if the file is damaged where the name is. */
bool hashes_find(const struct hashes *table, enum hashes_kind kind,
    const unsigned char *digest, uint64_t size, char name[HASHES_NAME_MAX + 1]);

/* What a table is made of, in memory: HASHES_RECORD octets and a few for the
 * name each.  A name that is added several times in a row is kept once. */
struct hashes_writer {
	struct buf records[HASHES_KINDS];
	bool any_size[HASHES_KINDS];
	struct buf block;  /* names that are not compressed yet */
	size_t last;       /* where the last of them begins */
	struct buf names;  /* compressed blocks */
	struct buf blocks; /* where each ends in names */
	uint32_t name_count;
};

void hashes_writer_init(struct hashes_writer *writer);
void hashes_writer_free(struct hashes_writer *writer);

/* Adds a signature.  The name is cut at HASHES_NAME_MAX, and at a NUL. */
void hashes_add(struct hashes_writer *writer, enum hashes_kind kind,
    const unsigned char *digest, uint64_t size, struct span name);

/* Sorts and writes it all to fd, and counts what was written.  Of doubles the
 * first stays.  0, or -1 with errno. */
int hashes_write(
    struct hashes_writer *writer, int fd, uint64_t count[HASHES_KINDS]);

#endif
