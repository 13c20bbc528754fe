#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "peer/hello.h"
#include "peer/transport.h"
#include "peer/trip.h"

/* What each node is told of an entry. */
static const char *const told[] = {"id", "direction", "node"};

/* Notes why it failed.  -1. */
static int
fail(struct trip *trip, const char *what, int error)
{
	const char *reason;

	switch (error) {
	case EPIPE:
		reason = "the connection ended";
		break;
	case EBADMSG:
		reason = "no proper frame came back";
		break;
	case ENODATA:
		reason = "no manifest says how to reach it";
		break;
	case EREMOTE:
		reason = "another node is there";
		break;
	case ETIMEDOUT:
		reason = "no answer in time";
		break;
	default:
		reason = strerror(error);
	}
	snprintf(trip->why, sizeof(trip->why), "%s: %s", what, reason);
	return -1;
}

/* Starts the pipeline. */
static int
set_out(struct trip *trip, const struct member *peer)
{
	const struct manifest *manifest = peer != NULL ? peer->manifest : NULL;

	if (transport_line(
		trip->errand->how->line, trip->name, manifest, &trip->text) < 0)
		return fail(trip, "cannot make the command",
		    errno == ENOENT ? ENODATA : errno);
	if (proc_line_parse(&trip->line, buf_str(&trip->text)) < 0)
		return fail(trip, "cannot make the command", EINVAL);
	if (courier_start(&trip->courier, &trip->line, trip->name, -1) < 0)
		return fail(trip, "cannot start", errno);
	return 0;
}

/* A large message may need long on its way. */
static int64_t
deadline_of(const struct trip *trip)
{
	int64_t deadline = clock_ms() + (int64_t)trip->errand->how->timeout +
			   (int64_t)(trip->octets / TRIP_SLOW);

	return deadline < trip->end ? deadline : trip->end;
}

int
trip_begin(struct trip *trip, struct errand *errand, const char *name,
    const struct member *peer)
{
	size_t i;

	memset(trip, 0, sizeof(*trip));
	trip->errand = errand;
	trip->name = name;
	trip->courier.in = -1;
	trip->end = CLOCK_NEVER;
	buf_init(&trip->text, TRIP_LINE_MAX);
	for (i = 0; i < COURIER_WINDOW; i++)
		frame_init(&trip->items[i].frame);
	if (set_out(trip, peer) < 0)
		return -1;
	if (peer != NULL && errand->how->hello > 0 &&
	    hello_say(&trip->courier, errand->how, name, deadline_of(trip)) < 0)
		return fail(trip, "cannot reach it", errno);
	return 0;
}

void
trip_hurry(struct trip *trip)
{
	trip->end = clock_ms() + (int64_t)trip->errand->how->timeout;
}

/* What an entry adds to the time for all. */
static void
extend(struct trip *trip, const struct trip_item *item)
{
	if (trip->end != CLOCK_NEVER)
		trip->end += (int64_t)(trip->errand->how->timeout / TRIP_SHARE +
				       item->octets / TRIP_SLOW);
}

/* Takes the next answer. */
static int
take_answer(struct trip *trip)
{
	struct trip_item *item = &trip->items[trip->first];
	struct frame answer;
	int rc;

	frame_init(&answer);
	rc = courier_receive(&trip->courier, frame_get(&item->frame, "id"),
	    &answer, deadline_of(trip));
	if (rc < 0)
		rc = fail(trip, "connection broke", errno);
	else {
		trip->first = (trip->first + 1) % COURIER_WINDOW;
		trip->count--;
		trip->answers -= item->answer;
		trip->octets -= item->octets;
		trip->answered(trip, item, &answer);
	}
	frame_free(&answer);
	return rc;
}

/* What may leave this node of a frame that is sealed. */
static int
strip(struct frame *frame)
{
	struct frame stripped;
	struct span value;
	size_t i;
	int rc = 0;

	frame_init(&stripped);
	for (i = 0; i < nitems(told) && rc == 0; i++) {
		value = frame_get(frame, told[i]);
		rc = value.p == NULL ? 0 : frame_add(&stripped, told[i], value);
	}
	frame_move_fields(frame, &stripped);
	frame_free(&stripped);
	return rc;
}

/* Reads the frame of an item, and keeps its fields.  0, or -1 with errno. */
static int
read_item(const struct trip *trip, struct trip_item *item, struct frame *frame)
{
	if (entry_read(&trip->errand->destination, &item->entry, frame) < 0)
		return -1;
	frame_reset(&item->frame);
	buf_addspan(&item->frame.fields, buf_span(&frame->fields));
	item->frame.recipients = frame->recipients;
	if (errand_is_sealed(frame) && strip(frame) < 0)
		return -1;
	item->answer = frame->fields.len + FRAME_REPLY_MAX + 100;
	item->octets = message_size(&frame->message);
	return 0;
}

/* An entry that cannot be read: the others can still go. */
static int
skip(struct trip *trip, struct entry *entry)
{
	const struct destination *destination = &trip->errand->destination;
	const char *where = trip->errand->queue->path;
	int error = errno;
	struct stat st;

	if (entry_stat(destination, entry, &st) < 0 && errno == ENOENT)
		return 0; /* somebody has taken it away */
	if (error == EBADMSG && entry_hold(destination, entry) == 0) {
		warning("'%s/%s/%s' is damaged, and held", where,
		    destination->name, entry->id);
		return 0;
	}
	warning("cannot read '%s/%s/%s': %s", where, destination->name,
	    entry->id, strerror(error));
	trip->skipped = true;
	return 0;
}

/* Waits until there is room for one more answer. */
static int
make_room(struct trip *trip, size_t answer)
{
	while (trip->count == COURIER_WINDOW ||
	       (trip->count > 0 && trip->answers + answer > COURIER_OCTETS))
		if (take_answer(trip) < 0)
			return -1;
	return 0;
}

int
trip_give(struct trip *trip, const struct entry *entry)
{
	struct trip_item *item;
	struct frame frame;
	int rc;

	if (make_room(trip, 0) < 0)
		return -1;
	item = &trip->items[(trip->first + trip->count) % COURIER_WINDOW];
	item->entry = *entry;
	frame_init(&frame);
	if (read_item(trip, item, &frame) < 0)
		rc = skip(trip, &item->entry);
	else if (make_room(trip, item->answer) < 0)
		rc = -1;
	else {
		trip->count++;
		trip->answers += item->answer;
		trip->octets += item->octets;
		extend(trip, item);
		rc = courier_send(&trip->courier, &frame, deadline_of(trip));
		if (rc < 0)
			fail(trip, "connection broke", errno);
	}
	frame_free(&frame);
	return rc;
}

int
trip_settle(struct trip *trip)
{
	while (trip->count > 0)
		if (take_answer(trip) < 0)
			return -1;
	return 0;
}

void
trip_end(struct trip *trip)
{
	size_t i;

	courier_end(&trip->courier, trip->why[0] != '\0');
	for (i = 0; i < COURIER_WINDOW; i++)
		frame_free(&trip->items[i].frame);
	proc_line_free(&trip->line);
	buf_free(&trip->text);
}
