/*
 * seentable: the lines of a file of seen, in memory; see seen.h.
 */
#ifndef PEER_SEENTABLE_H
#define PEER_SEENTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define SEENTABLE_ID 32    /* octets */
#define SEENTABLE_ONCE 16  /* octets */
#define SEENTABLE_LINE 160 /* octets of the longest line, with LF and NUL */

enum seenstate {
	SEEN_BEGUN, /* nobody knows its end */
	SEEN_DONE,
	SEEN_UNDONE
};

/* What is known of an id.  Once all zero: there is none. */
struct seenentry {
	unsigned char id[SEENTABLE_ID];
	unsigned char once[SEENTABLE_ONCE];
	int64_t time;
	enum seenstate state;
};

/* Entries in the order in which their ids came first, and for each id and each
 * "once" a place in a hash table.  All zero is an empty one, but for max. */
struct seentable {
	struct seenentry *entries;
	size_t count;
	size_t cap;
	size_t max;    /* entries; then a quarter is dropped, of old ones */
	size_t doubts; /* entries that are begun */
	size_t undone; /* and undone */
	uint32_t *ids; /* number of an entry + 1, or 0; cap * 2 places */
	uint32_t *onces;
	uint64_t factor; /* by chance: nobody can choose where an id goes */
};

void seentable_init(struct seentable *table, size_t max);
void seentable_reset(struct seentable *table);
void seentable_free(struct seentable *table);

/* Takes a line apart, which has no LF.  False if it is none. */
bool seentable_parse(struct span line, struct seenentry *entry);

/* Writes the line of an entry with its LF.  Returns its length. */
size_t seentable_line(const struct seenentry *entry, char line[SEENTABLE_LINE]);

/* Takes note of what a line says. */
void seentable_note(struct seentable *table, const struct seenentry *entry);

/* The entry of an id, of a "once" that is done; NULL if there is none. */
const struct seenentry *seentable_find(
    const struct seentable *table, struct span id);
const struct seenentry *seentable_find_once(
    const struct seentable *table, struct span once);

/* Drops what is undone; and, beyond keep entries, the oldest if they are from
 * before that time. */
void seentable_prune(struct seentable *table, size_t keep, int64_t before);

#endif
