/*
 * copies: mail of a node that is not there is given to others, so that it
 * outlives us.
 *
 * Only who took the mail from outside gives copies, or there would be no end of
 * them.  In each round every entry that lacks one chooses a peer by chance
 * among those that it has not tried; a peer is visited once a round.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "node/limits.h"
#include "node/mx.h"
#include "peer/chance.h"
#include "peer/errand.h"
#include "peer/trip.h"

#define COPIES_BATCH 1000 /* entries in memory at once */
#define NOBODY SIZE_MAX

/* An entry that lacks copies. */
struct wanted {
	struct entry entry;
	uint64_t missing;
	size_t choice; /* of this round: a member's number, or NOBODY */
	unsigned char tried[NODE_NODES_MAX / 8]; /* a bit a member */
};

struct copying {
	struct errand *errand;
	bool willing[NODE_NODES_MAX];
	struct wanted *wanted;
	size_t count;
};

static bool
was_tried(const struct wanted *wanted, size_t peer)
{
	return (wanted->tried[peer / 8] >> peer % 8 & 1) != 0;
}

static void
set_tried(struct wanted *wanted, size_t peer)
{
	wanted->tried[peer / 8] |= (unsigned char)(1u << peer % 8);
}

/* Whether both the owner and the peer want it, and the peer is not known to be
 * away. */
static bool
is_willing(const struct errand *errand, const struct member *peer)
{
	const struct manifest *manifest = peer->manifest;
	struct destination destination;
	struct schedule schedule;

	if (peer == errand->nodes->self || manifest->reach == NULL ||
	    !mx_may_store(errand->owner->manifest, manifest))
		return false;
	if (destination_open(errand->queue, span_of(manifest->name), false,
		&destination) < 0)
		return errno == ENOENT; /* we have never met */
	schedule_read(&destination, &schedule);
	destination_close(&destination);
	return schedule.failures == 0 ||
	       schedule_is_due(&schedule, errand->now, errand->how->last);
}

/* Notes how a visit to a peer went, as errand_note() does. */
static void
note_visit(const struct errand *errand, const char *name, const char *why)
{
	struct destination destination;
	struct schedule schedule;

	if (destination_open(errand->queue, span_of(name), true, &destination) <
	    0)
		return;
	schedule_read(&destination, &schedule);
	errand_note(errand, &destination, &schedule, why);
	destination_close(&destination);
}

/* Takes the peers that have a copy off, and counts what is missing. */
static void
take_copies(struct copying *copying, struct wanted *wanted, struct span names)
{
	const struct nodes *nodes = copying->errand->nodes;
	const struct member *peer;
	char name[NODE_NAME_MAX + 1];
	struct span line;

	while (names.len > 0) {
		line = span_trim(span_line(&names));
		if (line.len == 0 || line.len > NODE_NAME_MAX)
			continue;
		memcpy(name, line.p, line.len);
		name[line.len] = '\0';
		peer = nodes_find(nodes, name);
		if (peer == NULL)
			continue;
		set_tried(wanted, (size_t)(peer - nodes->members));
		if (wanted->missing > 0)
			wanted->missing--;
	}
}

/* Whether an entry lacks copies that we have to give; then it is added. */
static void
consider(struct copying *copying, const struct entry *entry)
{
	const struct destination *destination = &copying->errand->destination;
	struct wanted *wanted = &copying->wanted[copying->count];
	struct buf names = BUF_INIT(QUEUE_COPIES_MAX);
	struct frame frame;

	frame_init(&frame);
	memset(wanted, 0, sizeof(*wanted));
	wanted->entry = *entry;
	wanted->missing = copying->errand->how->copies;
	if (entry_fields(destination, entry, &frame) == 0 &&
	    errand_is_sealed(&frame) && !errand_is_copy(&frame) &&
	    entry_copies(destination, entry, &names) == 0) {
		take_copies(copying, wanted, buf_span(&names));
		copying->count += wanted->missing > 0;
	}
	frame_free(&frame);
	buf_free(&names);
}

/* A peer for the entry that it has not tried, or NOBODY. */
static size_t
choose_peer(const struct copying *copying, const struct wanted *wanted)
{
	size_t i, left = 0, peers = copying->errand->nodes->count;

	for (i = 0; i < peers; i++)
		left += copying->willing[i] && !was_tried(wanted, i);
	if (left == 0 || wanted->missing == 0)
		return NOBODY;
	left = chance(left);
	for (i = 0; i < peers; i++)
		if (copying->willing[i] && !was_tried(wanted, i) && left-- == 0)
			return i;
	return NOBODY;
}

static void
answered_copy(
    struct trip *trip, const struct trip_item *item, const struct frame *answer)
{
	struct copying *copying = trip->arg;
	struct errand *errand = copying->errand;
	size_t i;

	for (i = 0; i < copying->count; i++)
		if (strcmp(copying->wanted[i].entry.id, item->entry.id) == 0)
			break;
	if (answer->verdict == VERDICT_DONE && i < copying->count) {
		copying->wanted[i].missing--;
		if (entry_copied(
			&errand->destination, &item->entry, trip->name) < 0)
			warning("cannot note a copy of '%s'", item->entry.id);
	}
	errand_tell(errand, &item->entry, &item->frame, trip->name,
	    frame_verdict_name(answer->verdict), answer->reply);
}

/* Brings a peer what has chosen it. */
static void
visit_peer(struct copying *copying, size_t number)
{
	struct errand *errand = copying->errand;
	const struct member *peer = &errand->nodes->members[number];
	struct wanted *wanted;
	struct trip trip;
	size_t i;
	int rc;

	rc = trip_begin(&trip, errand, peer->manifest->name, peer);
	trip.answered = answered_copy;
	trip.arg = copying;
	/* its own mail may wait for it, but that of others may not */
	trip_hurry(&trip);
	for (i = 0; i < copying->count && rc == 0; i++) {
		wanted = &copying->wanted[i];
		if (wanted->choice != number)
			continue;
		set_tried(wanted, number);
		rc = trip_give(&trip, &wanted->entry);
	}
	if (rc == 0)
		rc = trip_settle(&trip);
	copying->willing[number] = rc == 0;
	note_visit(errand, peer->manifest->name, rc == 0 ? NULL : trip.why);
	trip_end(&trip);
}

/* One round.  Whether there was anything to be done. */
static bool
go_round(struct copying *copying)
{
	bool chosen[NODE_NODES_MAX] = {false}, any = false;
	struct wanted *wanted;
	size_t i;

	for (i = 0; i < copying->count; i++) {
		wanted = &copying->wanted[i];
		wanted->choice = choose_peer(copying, wanted);
		if (wanted->choice == NOBODY)
			continue;
		chosen[wanted->choice] = true;
		any = true;
	}
	for (i = 0; i < copying->errand->nodes->count; i++)
		if (chosen[i])
			visit_peer(copying, i);
	return any;
}

static void
copy_all(struct copying *copying, struct queue_walk *walk)
{
	struct entry entry;
	bool more = true;

	while (more) {
		copying->count = 0;
		while (copying->count < COPIES_BATCH &&
		       (more = destination_walk_next(walk, &entry)))
			if (!entry.held)
				consider(copying, &entry);
		while (go_round(copying))
			;
	}
}

void
errand_copy(struct errand *errand)
{
	struct copying copying = {.errand = errand};
	struct queue_walk walk;
	size_t i;

	if (errand->how->copies == 0 ||
	    destination_walk(&walk, &errand->destination) < 0)
		return;
	for (i = 0; i < errand->nodes->count; i++)
		copying.willing[i] =
		    is_willing(errand, &errand->nodes->members[i]);
	copying.wanted = calloc(COPIES_BATCH, sizeof(*copying.wanted));
	if (copying.wanted == NULL)
		fatal("out of memory");
	copy_all(&copying, &walk);
	free(copying.wanted);
	queue_walk_end(&walk);
}
