/*
 * tally: numbers under keys in a file of fixed size, of which several processes
 * make use at a time.
 *
 * A header, then buckets of records; a record is a key and a value of 64 bits
 * each, and each of them is read and written as a whole.  So there is no half
 * record: a process that dies at any point leaves the value from before or the
 * one from after, or one that is not known any more.  Writers take turns by a
 * lock, which goes with them; readers never wait.
 *
 * A bucket that is full loses what is worth least.  Keys are hashes with a
 * secret of the file, so that nobody outside fills one bucket on purpose.
 *
 * After tally_open() no file is opened: a process that has given that up may
 * go on, and so may its children.
 *
 * A file that is none of this kind, of another version or cut is an error, and
 * stays as it is.
 */
#ifndef SPAM_TALLY_H
#define SPAM_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define TALLY_SIZE_MIN 4096
#define TALLY_SIZE_MAX (1 << 30)
#define TALLY_KIND_MAX 16  /* octets of the name of a kind */
#define TALLY_WAIT_MS 2000 /* for other writers */

struct tally;

/* Opens it.  If it is to be written and is not there, it is made, of size
 * octets; one that is there may have any size.  NULL with why. */
struct tally *tally_open(const char *path, const char *kind, uint64_t size,
    bool write, struct buf *why);
void tally_close(struct tally *tally);

/* Whether the file is still there and whole; if not, it must be opened again
 * before anything else is asked. */
bool tally_is_good(const struct tally *tally);

/* The key of a text, or of two that belong together. */
uint64_t tally_key(
    const struct tally *tally, struct span first, struct span second);

/* The value under a key; 0 if there is none. */
uint64_t tally_get(const struct tally *tally, uint64_t key);

/* How a value changes, and what it is worth to be kept. */
struct tally_change {
	uint64_t (*change)(uint64_t value, const void *data);
	double (*worth)(uint64_t value, const void *data);
	const void *data;
};

/* Changes the value under a key.  0; -1 with errno EAGAIN (others hold the lock
 * for too long) or ESTALE (the file is not good any more). */
int tally_put(
    struct tally *tally, uint64_t key, const struct tally_change *change);

#endif
