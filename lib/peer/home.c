/*
 * home: the mail of a node is brought to it, or that of a domain to where the
 * pipeline leads.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "peer/chance.h"
#include "peer/trip.h"

#define LATER_MAX 50 /* "later" in a row, then the rest is not tried */

/* What came of a trip home. */
struct home {
	unsigned later; /* in a row */
	bool refused;   /* there was one */
	char reply[FRAME_REPLY_MAX + 1];
};

/* Removes an entry that has arrived.  0, or -1, which was told. */
static int
remove_entry(const struct errand *errand, const struct entry *entry)
{
	if (entry_remove(&errand->destination, entry) == 0 || errno == ENOENT)
		return 0;
	warning("cannot remove '%s/%s/%s': %s", errand->queue->path,
	    errand->destination.name, entry->id, strerror(errno));
	return -1;
}

static void
answered_home(
    struct trip *trip, const struct trip_item *item, const struct frame *answer)
{
	struct errand *errand = trip->errand;
	struct home *home = trip->arg;
	const char *verdict = frame_verdict_name(answer->verdict);
	int rc = -1;

	errand_tell(errand, &item->entry, &item->frame, trip->name, verdict,
	    answer->reply);
	if (answer->verdict == VERDICT_DONE)
		rc = remove_entry(errand, &item->entry);
	else if (answer->verdict == VERDICT_REJECT)
		rc = errand_give_up(
		    errand, &item->entry, &item->frame, answer->reply);
	home->later = rc == 0 ? 0 : home->later + 1;
	if (rc == 0)
		return;
	home->refused = true;
	snprintf(home->reply, sizeof(home->reply), "%s",
	    answer->reply[0] != '\0' ? answer->reply : verdict);
}

static size_t
count_entries(const struct destination *destination)
{
	struct queue_walk walk;
	struct entry entry;
	size_t count = 0;

	if (destination_walk(&walk, destination) < 0)
		return 0;
	while (destination_walk_next(&walk, &entry))
		count++;
	queue_walk_end(&walk);
	return count;
}

/* Gives it the entries from number `from` on, as a walk has them, and below
 * number `to`. */
static int
give_some(struct trip *trip, const struct home *home, size_t from, size_t to)
{
	struct queue_walk walk;
	struct entry entry;
	size_t number = 0;
	int rc = 0;

	if (destination_walk(&walk, &trip->errand->destination) < 0)
		return -1;
	while (rc == 0 && home->later < LATER_MAX && number < to &&
	       destination_walk_next(&walk, &entry))
		if (number++ >= from && !entry.held)
			rc = trip_give(trip, &entry);
	queue_walk_end(&walk);
	return rc;
}

/* Gives it all entries.  Those at which it says "later" may be many, and a walk
 * always begins with the same: so it begins anywhere. */
static int
give_all(struct trip *trip, const struct home *home)
{
	size_t count = count_entries(&trip->errand->destination);
	size_t from = count > LATER_MAX ? chance(count) : 0;

	if (give_some(trip, home, from, SIZE_MAX) < 0 ||
	    (from > 0 && give_some(trip, home, 0, from) < 0))
		return -1;
	return trip_settle(trip);
}

int
errand_home(struct errand *errand, bool *all)
{
	struct home home = {0};
	struct trip trip;
	int rc, written;

	*all = false;
	rc = trip_begin(&trip, errand, errand->destination.name, errand->owner);
	trip.answered = answered_home;
	trip.arg = &home;
	if (rc == 0)
		rc = give_all(&trip, &home);
	errand->now = time(NULL);
	if (rc == 0 && trip.skipped && !home.refused)
		snprintf(home.reply, sizeof(home.reply),
		    "some entries cannot be read");
	*all = rc == 0 && !home.refused && !trip.skipped;
	written = errand_note(errand, &errand->destination, &errand->schedule,
	    *all     ? NULL
	    : rc < 0 ? trip.why
		     : home.reply);
	if (rc < 0)
		errand_tell_visit(errand);
	trip_end(&trip);
	return written;
}
