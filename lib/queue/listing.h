/*
 * listing: the entries of a destination that somebody asks for, the oldest
 * first.
 */
#ifndef QUEUE_LISTING_H
#define QUEUE_LISTING_H

#include "base/arena.h"
#include "queue/queue.h"

#define LISTING_ID_MIN 8 /* digits that may stand for an id */

/* What is asked for; all zero is everything.  All of it must hold. */
struct selection {
	char *const *ids; /* any of these or what begins so, up to NULL */
	const char *node;
	const char *sender; /* without brackets; of what is not sealed */
	const char *peer;   /* who brought it; "-" for nobody */
	bool by_age;
	int64_t before; /* by_age: came before that second */
};

struct listed {
	struct entry entry;
	uint64_t octets;
	int64_t time;     /* when it came */
	const char *from; /* the peer; "" if it is our own, "?" if it cannot be
			     read */
};

struct listing {
	struct buf items; /* of struct listed */
	struct arena arena;
	struct frame frame; /* of the one that is looked at */
	size_t count;
};

/* Whether anything is left out. */
bool selection_is_some(const struct selection *selection);

/* Whether a text may be one of the ids: so many digits or more. */
bool selection_is_id(const char *text);

void listing_init(struct listing *listing);
void listing_free(struct listing *listing);

/* Reads anew.  What somebody takes away in the meantime is left out.  0, or -1
 * with errno. */
int listing_read(struct listing *listing, const struct destination *destination,
    const struct selection *selection);

/* The i-th. */
struct listed *listing_at(const struct listing *listing, size_t i);

#endif
