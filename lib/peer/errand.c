#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "peer/bounce.h"
#include "peer/envelope.h"
#include "peer/trip.h"

bool
errand_is_sealed(const struct frame *frame)
{
	return frame->recipients == 0;
}

bool
errand_is_copy(const struct frame *frame)
{
	return frame_get(frame, "from").p != NULL;
}

void
errand_tell(const struct errand *errand, const struct entry *entry,
    const struct frame *frame, const char *to, const char *verdict,
    const char *reply)
{
	char said[FRAME_REPLY_MAX + 1];
	char *p;

	/* what a peer says cannot be taken for a key of ours */
	snprintf(said, sizeof(said), "%s", reply);
	for (p = said; *p != '\0'; p++)
		if (*p == '\'')
			*p = '?';
	event("id=%.*s content=%s destination=%s to=%s verdict=%s%s%s%s",
	    SPAN_ARG(frame_get(frame, "id")), entry->id,
	    errand->destination.name, to, verdict,
	    *said != '\0' ? " reply='" : "", said, *said != '\0' ? "'" : "");
}

void
errand_tell_visit(const struct errand *errand)
{
	event("destination=%s reached=no failures=%" PRIu64 " next=%" PRId64
	      " reason='%s'",
	    errand->destination.name, errand->schedule.failures,
	    errand->schedule.next - errand->now, errand->schedule.note);
}

int
errand_note(const struct errand *errand, const struct destination *destination,
    struct schedule *schedule, const char *why)
{
	if (why == NULL)
		schedule_succeeded(schedule, errand->now);
	else
		schedule_failed(schedule, errand->now, errand->how->first,
		    errand->how->last, why);
	if (schedule_write(destination, schedule) == 0)
		return 0;
	warning("cannot write the schedule of '%s': %s", destination->name,
	    strerror(errno));
	return -1;
}

/* Puts a bounce into its queue, under a name that it has again if it is made
 * once more.  0, or -1 with errno. */
static int
put_bounce(const struct errand *errand, const struct entry *entry,
    const struct frame *bounce)
{
	char name[QUEUE_NAME_MAX + 1], id[CONTENT_ID_SIZE];
	struct destination destination;
	struct queue queue;
	int rc;

	errno = EINVAL;
	if (queue_destination(bounce, name) < 0 ||
	    queue_open(&queue, errand->how->bounces, true) < 0)
		return -1;
	content_id_of(span_of(entry->id), id);
	rc = destination_open(&queue, span_of(name), true, &destination);
	if (rc == 0) {
		rc = destination_put(&destination, id, bounce);
		destination_close(&destination);
	}
	queue_close(&queue);
	return rc;
}

/* The envelope of an entry that we are responsible for, into an empty frame.
 * 0, or -1 with errno. */
static int
take_envelope(
    const struct errand *errand, const struct frame *frame, struct frame *found)
{
	struct selfseal selfseal;
	int rc;

	if (!errand_is_sealed(frame)) {
		buf_addspan(&found->fields, buf_span(&frame->fields));
		found->recipients = frame->recipients;
		return 0;
	}
	if (selfseal_load(&selfseal, errand->how->keydir, false) < 0)
		return -1;
	rc = envelope_take(&selfseal, frame, found);
	selfseal_forget(&selfseal);
	return rc;
}

/* Makes the bounce and puts it away.  0, or -1 with errno. */
static int
report(const struct errand *errand, const struct entry *entry,
    const struct frame *frame, const char *reply)
{
	const char *host;
	struct frame envelope, bounce;
	char name[256];
	int rc;

	if (errand->nodes != NULL)
		host = nodes_host(errand->nodes);
	else {
		if (gethostname(name, sizeof(name)) < 0)
			return -1;
		name[sizeof(name) - 1] = '\0';
		host = name;
	}
	frame_init(&envelope);
	frame_init(&bounce);
	rc = take_envelope(errand, frame, &envelope);
	if (rc == 0)
		rc = bounce_make(&envelope, entry->id, host, reply,
		    errand->how->days, &bounce);
	if (rc == 0)
		rc = put_bounce(errand, entry, &bounce);
	frame_free(&envelope);
	frame_free(&bounce);
	return rc < 0 ? -1 : 0;
}

int
errand_give_up(struct errand *errand, const struct entry *entry,
    const struct frame *frame, const char *reply)
{
	bool ours = !errand_is_sealed(frame) || envelope_is_there(frame);

	if (ours && errand->how->bounces == NULL) {
		warning("'%s/%s/%s' stays: there is no -o bounces",
		    errand->queue->path, errand->destination.name, entry->id);
		return -1;
	}
	if (ours && report(errand, entry, frame, reply) < 0) {
		warning("'%s/%s/%s' stays: cannot make a bounce: %s",
		    errand->queue->path, errand->destination.name, entry->id,
		    strerror(errno));
		return -1;
	}
	if (entry_remove(&errand->destination, entry) < 0 && errno != ENOENT)
		return -1;
	errand_tell(errand, entry, frame, "nobody",
	    ours ? "bounced" : "dropped", reply != NULL ? reply : "");
	return 0;
}

/* How old an entry may get, in days. */
static uint64_t
days_of(const struct errand *errand, const struct frame *frame)
{
	uint64_t days = errand->how->days;

	if (errand_is_copy(frame)) {
		days = ERRAND_DAYS;
		if (errand->nodes != NULL &&
		    errand->nodes->self->manifest->stores_days > 0)
			days = errand->nodes->self->manifest->stores_days;
	}
	return days < ERRAND_DAYS_MAX ? days : ERRAND_DAYS_MAX;
}

void
errand_expire(struct errand *errand)
{
	struct queue_walk walk;
	struct entry entry;
	struct frame frame;
	struct stat st;
	int64_t age;

	if (destination_walk(&walk, &errand->destination) < 0)
		return;
	frame_init(&frame);
	while (destination_walk_next(&walk, &entry)) {
		if (entry.held ||
		    entry_stat(&errand->destination, &entry, &st) < 0 ||
		    entry_fields(&errand->destination, &entry, &frame) < 0)
			continue;
		age = errand->believed - (int64_t)st.st_mtime;
		if (age >= (int64_t)days_of(errand, &frame) * 86400)
			errand_give_up(errand, &entry, &frame, NULL);
	}
	frame_free(&frame);
	queue_walk_end(&walk);
}

/* 0, or -1 if the schedule could not be written: then it is in the runner's
 * hands that this is not tried again at once. */
static int
run_locked(struct errand *errand, bool probe)
{
	bool home = false;
	int rc = 0;

	destination_clean(&errand->destination);
	schedule_read(&errand->destination, &errand->schedule);
	if (!destination_has_entries(&errand->destination))
		return 0;
	if (probe)
		rc = errand_home(errand, &home);
	if (!home && errand->owner != NULL &&
	    destination_has_entries(&errand->destination))
		errand_copy(errand);
	if (!home && errand->believed != 0)
		errand_expire(errand);
	return rc;
}

/* Loads the manifests, which may have changed since the last time. */
static int
load_nodes(struct errand *errand)
{
	if (errand->how->nodes == NULL)
		return 0;
	errand->nodes = nodes_load(errand->how->nodes, NULL, NULL);
	if (errand->nodes == NULL)
		return -1;
	errand->owner = nodes_find(errand->nodes, errand->destination.name);
	return 0;
}

enum errand_status
errand_run(const struct errand_settings *how, const struct queue *queue,
    const char *name, bool probe, int64_t believed)
{
	struct errand errand = {.how = how,
	    .queue = queue,
	    .now = time(NULL),
	    .believed = believed};
	enum errand_status status;
	int lock;

	if (destination_open(queue, span_of(name), false, &errand.destination) <
	    0)
		return errno == ENOENT ? ERRAND_EMPTY : ERRAND_FAILED;
	lock = destination_lock(&errand.destination);
	if (lock < 0 && errno == EWOULDBLOCK)
		status = ERRAND_BUSY;
	else if (lock < 0 || load_nodes(&errand) < 0) {
		warning("cannot work on '%s/%s': %s", queue->path, name,
		    lock < 0 ? strerror(errno) : "no manifests");
		status = ERRAND_FAILED;
	} else if (run_locked(&errand, probe) < 0)
		status = ERRAND_FAILED;
	else
		status = destination_has_entries(&errand.destination)
			     ? ERRAND_LEFT
			     : ERRAND_EMPTY;
	if (errand.nodes != NULL)
		nodes_free(errand.nodes);
	if (lock >= 0)
		close(lock);
	destination_close(&errand.destination);
	return status;
}

/* Visits one node. */
static void
greet(struct errand *errand, const struct member *peer)
{
	struct trip trip;
	int rc;

	rc = trip_begin(&trip, errand, peer->manifest->name, peer);
	errand->now = time(NULL);
	errand_note(errand, &errand->destination, &errand->schedule,
	    rc == 0 ? NULL : trip.why);
	if (rc < 0)
		errand_tell_visit(errand);
	trip_end(&trip);
}

/* Whether the last visit was, or is still to come by a clock that was ahead. */
static bool
is_long_ago(const struct errand *errand)
{
	int64_t ago = errand->now - errand->schedule.succeeded;

	return ago < 0 || ago >= (int64_t)errand->how->hello;
}

enum errand_status
errand_hello(const struct errand_settings *how, const struct queue *queue)
{
	struct errand errand = {.how = how, .queue = queue, .now = time(NULL)};
	const struct member *peer;
	size_t i;

	errand.nodes = nodes_load(how->nodes, NULL, NULL);
	if (errand.nodes == NULL)
		return ERRAND_FAILED;
	for (i = 0; i < errand.nodes->count; i++) {
		peer = &errand.nodes->members[i];
		if (peer == errand.nodes->self ||
		    peer->manifest->reach == NULL ||
		    destination_open(queue, span_of(peer->manifest->name), true,
			&errand.destination) < 0)
			continue;
		schedule_read(&errand.destination, &errand.schedule);
		/* where there is mail an errand goes anyway */
		if (is_long_ago(&errand) &&
		    schedule_is_due(&errand.schedule, errand.now, how->last) &&
		    !destination_has_entries(&errand.destination))
			greet(&errand, peer);
		destination_close(&errand.destination);
	}
	nodes_free(errand.nodes);
	return ERRAND_EMPTY;
}
