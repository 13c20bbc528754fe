/*
 * Any octets as what a peer sends: what is called mail has three fields in
 * forms that lead nowhere, a message within the limits, and was whole; and a
 * frame that was read and passed is not read differently when the limits make
 * it one to be skipped.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "node/value.h"
#include "peer/arrival.h"
#include "queue/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_HERE 3000
#define FRAMES_MAX 64

static void
open_stream(struct arrivals *arrivals, const uint8_t *data, size_t size)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], data, size) != (ssize_t)size)
		abort();
	close(ends[1]);
	*arrivals = (struct arrivals){.size = SIZE_MAX_HERE,
	    .messages = FRAMES_MAX,
	    .bytes = 1 << 20,
	    .idle = 1000,
	    .frame = 1000,
	    .end = CLOCK_NEVER};
	io_in_init(&arrivals->in, ends[0]);
}

static void
close_stream(struct arrivals *arrivals)
{
	close(arrivals->in.fd);
	io_in_free(&arrivals->in);
}

static void
check_mail(const struct arrival *arrival)
{
	struct span rest = buf_span(&arrival->frame.fields);
	char content[CONTENT_ID_SIZE];
	size_t lines;

	if (!value_is_name(arrival->node) ||
	    !span_is(frame_get(&arrival->frame, "id"), arrival->id) ||
	    !span_is(frame_get(&arrival->frame, "node"), arrival->node) ||
	    !span_is(frame_get(&arrival->frame, "direction"), "returned"))
		abort();
	for (lines = 0; rest.len > 0; lines++)
		span_line(&rest);
	if (lines != 3 || arrival->frame.recipients != 0 ||
	    arrival->frame.verdict != VERDICT_PASS ||
	    message_size(&arrival->frame.message) == 0 ||
	    message_size(&arrival->frame.message) > SIZE_MAX_HERE)
		abort();
	if (content_id(
		&arrival->frame.message, (struct span){NULL, 0}, content) < 0 ||
	    !content_is_id(span_of(content)))
		abort();
}

/* Reads all; how many frames were whole.  skip: none is within the limits. */
static unsigned
run(const uint8_t *data, size_t size, bool skip)
{
	struct arrivals arrivals;
	struct arrival arrival;
	unsigned count = 0;

	open_stream(&arrivals, data, size);
	if (skip)
		arrivals.messages = 0;
	arrival_init(&arrival);
	while (arrival_next(&arrivals, &arrival) > 0) {
		if (arrival.id[0] == '\0' || strlen(arrival.id) > FRAME_ID_MAX)
			abort();
		if (arrival.kind == ARRIVAL_MAIL)
			check_mail(&arrival);
		else if (arrival.kind == ARRIVAL_REFUSED &&
			 (arrival.reply == NULL ||
			     arrival.verdict < VERDICT_REJECT))
			abort();
		if (skip && arrival.kind != ARRIVAL_REFUSED)
			abort();
		count++;
	}
	arrival_free(&arrival);
	close_stream(&arrivals);
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned read, skipped;

	if (size > 60000)
		return 0;
	read = run(data, size, false);
	skipped = run(data, size, true);
	/* what is skipped is looked at less closely, and never more than a few
	 * are */
	if (skipped < read && skipped < ARRIVAL_EXCESS_MAX)
		abort();
	return 0;
}
