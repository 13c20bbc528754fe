#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/scan.h"
#include "node/value.h"
#include "peer/arrival.h"

/* What can be seen of a frame while it is still in the reader's buffer. */
struct head {
	size_t len; /* up to the message */
	uint64_t size;
	struct span id;
};

void
arrival_init(struct arrival *arrival)
{
	memset(arrival, 0, sizeof(*arrival));
	frame_init(&arrival->frame);
}

void
arrival_free(struct arrival *arrival)
{
	frame_free(&arrival->frame);
}

/* Waits for the empty line behind the fields.  Returns how many octets there
 * are with it, or -1 with errno. */
static ssize_t
fill_head(struct io_in *in)
{
	static const struct span end = {"\n\n", 2};
	struct span have;
	const char *hit;
	ssize_t n = 0;

	for (;;) {
		have.p = in->buf + in->pos;
		have.len = in->len - in->pos;
		if (have.len > ARRIVAL_HEAD_MAX)
			have.len = ARRIVAL_HEAD_MAX;
		hit = span_find(have, end);
		if (hit != NULL)
			return hit - have.p + 2;
		if (have.len == ARRIVAL_HEAD_MAX) {
			errno = EMSGSIZE;
			return -1;
		}
		n = io_in_fill(in, have.len + 1);
		if (n < 0)
			return -1;
		if ((size_t)n == have.len) {
			errno = EBADMSG;
			return -1;
		}
	}
}

/* Looks at the head without taking it.  0, or -1 with errno. */
static int
peek(struct io_in *in, struct head *head)
{
	struct span rest, line, name, value;
	struct scan scan;
	ssize_t len;

	len = fill_head(in);
	if (len < 0)
		return -1;
	*head = (struct head){.len = (size_t)len};
	rest = (struct span){in->buf + in->pos, head->len};
	for (line = span_line(&rest); rest.len > 0; line = span_line(&rest)) {
		scan_init(&scan, line);
		name = scan_until(&scan, ':');
		scan_char(&scan, ' ');
		value = span_trim(scan_rest(&scan));
		if (span_is(name, "size")) {
			scan_init(&scan, value);
			head->size = scan_number(&scan, MESSAGE_SIZE_MAX);
			if (scan_ok(&scan))
				continue;
			errno = EBADMSG;
			return -1;
		}
		if (span_is(name, "id"))
			head->id = value;
	}
	return 0;
}

/* Reads the octets of a message into nowhere.  0, or -1 with errno. */
static int
skip_message(struct io_in *in, uint64_t size, uint32_t *crc)
{
	ssize_t have;

	while (size > 0) {
		have = io_in_fill(in, 1);
		if (have <= 0) {
			if (have == 0)
				errno = EBADMSG;
			return -1;
		}
		if ((uint64_t)have > size)
			have = (ssize_t)size;
		*crc = (uint32_t)crc32_z(
		    *crc, (unsigned char *)in->buf + in->pos, (size_t)have);
		in->pos += (size_t)have;
		size -= (uint64_t)have;
	}
	return 0;
}

/* Reads a frame and keeps nothing of it but that it was whole.  0, or -1 with
 * errno. */
static int
skip(struct io_in *in, const struct head *head)
{
	char want[sizeof("end: 01234567")];
	uint32_t crc = 0;
	struct span line;

	if (skip_message(in, head->len + head->size, &crc) < 0)
		return -1;
	if (io_in_line(in, FRAME_LINE_MAX, &line) <= 0)
		goto bad;
	crc =
	    (uint32_t)crc32_z(crc, (const unsigned char *)line.p, line.len + 1);
	snprintf(want, sizeof(want), "end: %08" PRIx32, crc);
	if (io_in_line(in, FRAME_LINE_MAX, &line) > 0 && span_is(line, want))
		return 0;
bad:
	if (errno != ETIMEDOUT)
		errno = EBADMSG;
	return -1;
}

static void
refuse(struct arrival *arrival, enum verdict verdict, const char *reply)
{
	arrival->kind = ARRIVAL_REFUSED;
	arrival->verdict = verdict;
	arrival->reply = reply;
}

/* Copies a value that fits. */
static void
copy(char *to, size_t size, struct span value)
{
	size_t len = value.len < size ? value.len : 0;

	if (len > 0)
		memcpy(to, value.p, len);
	to[len] = '\0';
}

/* The only field of that name; false if there are more. */
static bool
take_one(const struct frame *frame, const char *name, struct span *value)
{
	struct span other;
	size_t at = 0;

	if (!frame_next(frame, name, &at, value)) {
		*value = (struct span){NULL, 0};
		return true;
	}
	return !frame_next(frame, name, &at, &other);
}

static bool
take_node(struct arrival *arrival)
{
	struct span node;

	if (!take_one(&arrival->frame, "node", &node))
		return false;
	copy(arrival->node, sizeof(arrival->node), node);
	if (node.len == strlen(arrival->node) && value_is_name(arrival->node))
		return true;
	arrival->node[0] = '\0';
	return false;
}

static void
take_hello(struct arrival *arrival, struct span hello)
{
	struct span serial;
	struct scan scan;

	if (!span_is(hello, "hello") ||
	    !take_one(&arrival->frame, "serial", &serial) ||
	    message_size(&arrival->frame.message) > 0) {
		refuse(arrival, VERDICT_REJECT, "554 5.6.0 Not a hello");
		return;
	}
	scan_init(&scan, serial);
	arrival->serial = scan_number(&scan, INT64_MAX);
	arrival->kind = ARRIVAL_HELLO;
	if (!scan_ok(&scan))
		refuse(arrival, VERDICT_REJECT, "554 5.6.0 No serial");
}

/* Whether there are fields that nobody asked for. */
static bool
has_others(const struct frame *frame)
{
	static const char *const ours[] = {
	    "id: ", "direction: ", "node: ", "relay: ", "serial: "};
	struct span rest = buf_span(&frame->fields), line;
	size_t i;

	while (rest.len > 0) {
		line = span_line(&rest);
		for (i = 0; i < nitems(ours); i++)
			if (span_starts(line, ours[i]))
				break;
		if (i == nitems(ours))
			return true;
	}
	return false;
}

/* Leaves the fields that mail has. */
static void
strip(struct arrival *arrival)
{
	struct frame *frame = &arrival->frame;

	buf_reset(&frame->fields);
	frame->recipients = 0;
	frame_add(frame, "id", span_of(arrival->id));
	frame_add(frame, "direction", span_of("returned"));
	frame_add(frame, "node", span_of(arrival->node));
}

/* Says what a whole frame is. */
static void
classify(struct arrival *arrival)
{
	struct frame *frame = &arrival->frame;
	struct span relay;

	copy(arrival->id, sizeof(arrival->id), frame_get(frame, "id"));
	arrival->dropped = has_others(frame);
	if (frame->verdict != VERDICT_PASS)
		refuse(arrival, VERDICT_DEFER, "451 4.5.2 Not understood here");
	else if (!take_node(arrival))
		refuse(arrival, VERDICT_REJECT, "554 5.6.0 No node");
	else if (!take_one(frame, "relay", &relay))
		refuse(arrival, VERDICT_REJECT, "554 5.6.0 Not a hello");
	else if (relay.p != NULL)
		take_hello(arrival, relay);
	else if (!span_is(frame_get(frame, "direction"), "returned"))
		refuse(arrival, VERDICT_REJECT, "554 5.7.1 Not returned mail");
	else if (message_size(&frame->message) == 0)
		refuse(arrival, VERDICT_REJECT, "554 5.6.0 Empty message");
	else
		arrival->kind = ARRIVAL_MAIL;
	strip(arrival);
}

/* Whether what comes next is within the limits; else the frame is refused. */
static bool
is_within(const struct arrivals *arrivals, struct arrival *arrival,
    const struct head *head)
{
	if (head->size > arrivals->size)
		refuse(
		    arrival, VERDICT_REJECT, "552 5.3.4 Message is too large");
	else if (arrivals->had >= arrivals->messages ||
		 arrivals->octets + head->size > arrivals->bytes)
		refuse(arrival, VERDICT_DEFER, "452 4.5.3 Enough for now");
	else
		return true;
	return false;
}

int
arrival_next(struct arrivals *arrivals, struct arrival *arrival)
{
	struct io_in *in = &arrivals->in;
	int64_t now = clock_ms();
	struct head head;
	ssize_t n;

	frame_reset(&arrival->frame);
	arrival->node[0] = '\0';
	arrival->dropped = false;
	in->deadline = now + (int64_t)arrivals->idle;
	if (in->deadline > arrivals->end)
		in->deadline = arrivals->end;
	n = io_in_fill(in, 1);
	if (n <= 0)
		return (int)n;
	in->deadline = clock_ms() + (int64_t)arrivals->frame;
	if (peek(in, &head) < 0)
		return -1;
	if (is_within(arrivals, arrival, &head)) {
		arrivals->had++;
		arrivals->octets += head.size;
		n = frame_read(&arrival->frame, in);
		if (n > 0)
			classify(arrival);
		return (int)n;
	}
	if (++arrivals->excess > ARRIVAL_EXCESS_MAX) {
		errno = EDQUOT;
		return -1;
	}
	errno = EBADMSG;
	if (frame_add(&arrival->frame, "id", head.id) < 0)
		return -1;
	copy(arrival->id, sizeof(arrival->id), head.id);
	return skip(in, &head) < 0 ? -1 : 1;
}
