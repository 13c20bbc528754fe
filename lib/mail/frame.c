#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <zlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/scan.h"
#include "mail/frame.h"
#include "mail/line.h"

#define DAMAGE_MAX 2 /* wrong octets of a magic that is still known */

static const char *const verdict_names[] = {"pass", "done", "reject", "defer"};

void
frame_init(struct frame *frame)
{
	buf_init(&frame->fields, FRAME_FIELDS_MAX);
	message_init(&frame->message);
	frame->recipients = 0;
	frame->verdict = VERDICT_PASS;
	frame->reply[0] = '\0';
}

void
frame_reset(struct frame *frame)
{
	buf_reset(&frame->fields);
	message_reset(&frame->message);
	frame->recipients = 0;
	frame->verdict = VERDICT_PASS;
	frame->reply[0] = '\0';
}

void
frame_free(struct frame *frame)
{
	buf_free(&frame->fields);
	message_free(&frame->message);
}

void
frame_move_fields(struct frame *frame, struct frame *other)
{
	buf_free(&frame->fields);
	frame->fields = other->fields;
	frame->recipients = other->recipients;
	buf_init(&other->fields, FRAME_FIELDS_MAX);
	other->recipients = 0;
}

void
frame_new_id(char id[FRAME_ID_SIZE])
{
	unsigned char octets[(FRAME_ID_SIZE - 1) / 2];

	if (getrandom(octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
		fatal("cannot get random octets: %s", strerror(errno));
	id[hex_put(id, octets, sizeof(octets))] = '\0';
}

/* Adds a checked line. */
static int
add_line(struct frame *frame, struct span name, struct span value)
{
	if (frame->fields.len + name.len + value.len + 3 > FRAME_FIELDS_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	buf_addspan(&frame->fields, name);
	buf_adds(&frame->fields, ": ");
	buf_addspan(&frame->fields, value);
	buf_adds(&frame->fields, "\n");
	return 0;
}

int
frame_add(struct frame *frame, const char *name, struct span value)
{
	struct span span = span_of(name);

	errno = EINVAL;
	if (span.len == 0 || !line_all(span, line_is_name) ||
	    !line_all(value, line_is_value) || !line_field_ok(span, value))
		return -1;
	if (span.len + 2 + value.len > FRAME_LINE_MAX ||
	    (span_eq(span, span_of("recipient")) &&
		++frame->recipients > FRAME_RECIPIENTS_MAX)) {
		errno = EMSGSIZE;
		return -1;
	}
	return add_line(frame, span, value);
}

bool
frame_next(
    const struct frame *frame, const char *name, size_t *at, struct span *value)
{
	struct span line, want = span_of(name);
	struct scan scan;

	if (frame->fields.len == 0)
		return false;
	scan_init(&scan, buf_span(&frame->fields));
	scan.p += *at;
	while (scan_peek(&scan) >= 0) {
		line = scan_until(&scan, '\n');
		if (line.len >= want.len + 2 && line.p[want.len] == ':' &&
		    memcmp(line.p, want.p, want.len) == 0) {
			value->p = line.p + want.len + 2;
			value->len = line.len - want.len - 2;
			*at = (size_t)(scan.p - frame->fields.p);
			return true;
		}
	}
	return false;
}

struct span
frame_get(const struct frame *frame, const char *name)
{
	struct span value;
	size_t at = 0;

	if (frame_next(frame, name, &at, &value))
		return value;
	return (struct span){NULL, 0};
}

bool
frame_next_recipient(
    const struct frame *frame, size_t *at, struct frame_recipient *recipient)
{
	struct span value;

	return frame_next(frame, "recipient", at, &value) &&
	       line_recipient(value, recipient);
}

void
frame_verdict(struct frame *frame, enum verdict verdict, const char *reply)
{
	size_t i;

	frame->verdict = verdict;
	frame->reply[0] = '\0';
	if (verdict != VERDICT_PASS)
		message_reset(&frame->message);
	if (verdict != VERDICT_REJECT && verdict != VERDICT_DEFER)
		return;
	if (reply != NULL) {
		snprintf(frame->reply, sizeof(frame->reply), "%s", reply);
		for (i = 0; frame->reply[i] != '\0'; i++)
			if (frame->reply[i] < 0x20 || frame->reply[i] > 0x7e)
				frame->reply[i] = '?';
		if (line_reply_ok(span_of(frame->reply),
			verdict == VERDICT_REJECT ? '5' : '4'))
			return;
	}
	snprintf(frame->reply, sizeof(frame->reply), "%s",
	    verdict == VERDICT_REJECT ? "554 5.7.1 Message refused"
				      : "451 4.3.0 Try again later");
}

int
frame_status(const struct frame *frame)
{
	switch (frame->verdict) {
	case VERDICT_PASS:
	case VERDICT_DONE:
		return STATUS_OK;
	case VERDICT_REJECT:
		return STATUS_REJECT;
	default:
		return STATUS_DEFER;
	}
}

const char *
frame_verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

int
frame_is_next(struct io_in *in)
{
	static const char magic[] = FRAME_MAGIC "\n";
	ssize_t have, i;
	int wrong = 0;

	have = io_in_fill(in, sizeof(magic) - 1);
	if (have <= 0) {
		if (have == 0)
			errno = 0;
		return -1;
	}
	if (have > (ssize_t)sizeof(magic) - 1)
		have = sizeof(magic) - 1;
	for (i = 0; i < have; i++)
		wrong += in->buf[in->pos + (size_t)i] != magic[i];
	return have == sizeof(magic) - 1 ? wrong <= DAMAGE_MAX : wrong == 0;
}

static uint32_t
crc_add(uint32_t crc, const void *p, size_t len)
{
	/* to zlib a NULL means "start again" */
	return len > 0 ? (uint32_t)crc32_z(crc, p, len) : crc;
}

/* One line, added to the CRC.  0, or -1 with errno: a cut is EBADMSG. */
static int
read_line(struct io_in *in, uint32_t *crc, struct span *line)
{
	int n;

	n = io_in_line(in, FRAME_LINE_MAX, line);
	if (n <= 0) {
		if (n == 0 || errno == EPIPE)
			errno = EBADMSG;
		return -1;
	}
	*crc = crc_add(*crc, line->p, line->len + 1);
	return 0;
}

/* The field lines up to and with the empty one.  *strange is set if one must
 * be understood and is not. */
static int
read_fields(struct frame *frame, struct io_in *in, uint32_t *crc,
    uint64_t *size, bool *strange)
{
	unsigned ids = 0, sizes = 0, directions = 0, senders = 0;
	struct span line, name, value;
	struct scan scan;

	for (;;) {
		if (read_line(in, crc, &line) < 0)
			return -1;
		if (line.len == 0)
			break;
		errno = EBADMSG;
		scan_init(&scan, line);
		if (scan_maybe(&scan, '!'))
			*strange = true;
		name = scan_while(&scan, line_is_name);
		scan_text(&scan, ": ");
		value = scan_rest(&scan);
		if (scan.bad || name.len == 0 ||
		    !line_all(value, line_is_value))
			return -1;
		if (span_eq(name, span_of("size"))) {
			sizes++;
			scan_init(&scan, value);
			*size = scan_number(&scan, MESSAGE_SIZE_MAX);
			if (!scan_ok(&scan))
				return -1;
			continue;
		}
		if (!line_field_ok(name, value))
			return -1;
		ids += span_eq(name, span_of("id"));
		directions += span_eq(name, span_of("direction"));
		senders += span_eq(name, span_of("sender"));
		frame->recipients += span_eq(name, span_of("recipient"));
		name.len += (size_t)(name.p - line.p); /* with its '!' */
		name.p = line.p;
		if (add_line(frame, name, value) < 0)
			return -1;
	}
	if (frame->recipients > FRAME_RECIPIENTS_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	errno = EBADMSG;
	return ids == 1 && sizes == 1 && directions <= 1 && senders <= 1 ? 0
									 : -1;
}

static int
read_message(
    struct frame *frame, struct io_in *in, uint32_t *crc, uint64_t size)
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
		*crc = crc_add(*crc, in->buf + in->pos, (size_t)have);
		if (message_add(
			&frame->message, in->buf + in->pos, (size_t)have) < 0)
			return -1;
		in->pos += (size_t)have;
		size -= (uint64_t)have;
	}
	return 0;
}

static int
read_verdict(struct frame *frame, struct io_in *in, uint32_t *crc)
{
	struct span line, name, reply;
	struct scan scan;
	size_t i;

	if (read_line(in, crc, &line) < 0)
		return -1;
	errno = EBADMSG;
	scan_init(&scan, line);
	scan_text(&scan, "verdict: ");
	name = scan_while(&scan, line_is_name);
	for (i = 0; i < nitems(verdict_names); i++)
		if (span_eq(name, span_of(verdict_names[i])))
			break;
	if (scan.bad || i == nitems(verdict_names))
		return -1;
	frame->verdict = (enum verdict)i;
	if (frame->verdict == VERDICT_PASS || frame->verdict == VERDICT_DONE)
		return scan_ok(&scan) ? 0 : -1;
	scan_char(&scan, ' ');
	reply = scan_rest(&scan);
	if (scan.bad ||
	    !line_reply_ok(reply, frame->verdict == VERDICT_REJECT ? '5' : '4'))
		return -1;
	memcpy(frame->reply, reply.p, reply.len);
	frame->reply[reply.len] = '\0';
	return 0;
}

/* The magic and the fields.  1; 0 at end of file; -1 with errno. */
static int
read_head(struct frame *frame, struct io_in *in, uint32_t *crc, uint64_t *size,
    bool *strange)
{
	struct span line;
	ssize_t have;

	frame_reset(frame);
	have = io_in_fill(in, 1);
	if (have <= 0)
		return (int)have;
	if (read_line(in, crc, &line) < 0)
		return -1;
	errno = EBADMSG;
	if (!span_eq(line, span_of(FRAME_MAGIC)))
		return -1;
	return read_fields(frame, in, crc, size, strange) < 0 ? -1 : 1;
}

int
frame_read_fields(struct frame *frame, struct io_in *in)
{
	bool strange = false;
	uint32_t crc = 0;
	uint64_t size;

	return read_head(frame, in, &crc, &size, &strange);
}

int
frame_read(struct frame *frame, struct io_in *in)
{
	char end[sizeof("end: 01234567")];
	uint32_t crc = 0, ignored = 0;
	bool strange = false;
	struct span line;
	uint64_t size = 0;
	int n;

	n = read_head(frame, in, &crc, &size, &strange);
	if (n <= 0)
		return n;
	if (read_message(frame, in, &crc, size) < 0 ||
	    read_verdict(frame, in, &crc) < 0)
		return -1;
	snprintf(end, sizeof(end), "end: %08" PRIx32, crc);
	if (read_line(in, &ignored, &line) < 0)
		return -1;
	errno = EBADMSG;
	if (!span_eq(line, span_of(end)))
		return -1;
	if (frame->verdict != VERDICT_PASS && size > 0)
		return -1;
	if (strange && frame->verdict == VERDICT_PASS)
		frame_verdict(frame, VERDICT_DEFER,
		    "451 4.3.0 Frame has a field that is not understood here");
	return 1;
}

/* The message from its file, through the CRC. */
static int
write_file(const struct frame *frame, int fd, uint32_t *crc, int64_t deadline)
{
	uint64_t at = frame->message.top.len;
	char chunk[32768];
	ssize_t n;

	while (
	    (n = message_read(&frame->message, at, chunk, sizeof(chunk))) > 0) {
		*crc = crc_add(*crc, chunk, (size_t)n);
		if (io_write(fd, chunk, (size_t)n, deadline) < 0)
			return -1;
		at += (uint64_t)n;
	}
	return n < 0 ? -1 : 0;
}

static struct iovec
vec_of(struct span span)
{
	return (struct iovec){(void *)(uintptr_t)span.p, span.len};
}

int
frame_write(const struct frame *frame, int fd, int64_t deadline)
{
	char size[48], tail[FRAME_REPLY_MAX + 64];
	struct span spans[2];
	struct iovec vec[6];
	uint32_t crc = 0;
	bool in_memory;
	int i, n;

	in_memory = message_spans(&frame->message, spans);
	snprintf(size, sizeof(size), "size: %" PRIu64 "\n\n",
	    message_size(&frame->message));
	vec[0] = vec_of(span_of(FRAME_MAGIC "\n"));
	vec[1] = vec_of(buf_span(&frame->fields));
	vec[2] = vec_of(span_of(size));
	vec[3] = vec_of(spans[0]);
	vec[4] = vec_of(spans[1]);
	for (i = 0; i < 5; i++)
		crc = crc_add(crc, vec[i].iov_base, vec[i].iov_len);
	if (!in_memory && (io_writev(fd, vec, 5, deadline) < 0 ||
			      write_file(frame, fd, &crc, deadline) < 0))
		return -1;
	n = snprintf(tail, sizeof(tail), "verdict: %s%s%s\n",
	    verdict_names[frame->verdict], frame->reply[0] != '\0' ? " " : "",
	    frame->reply);
	crc = crc_add(crc, tail, (size_t)n);
	n += snprintf(
	    tail + n, sizeof(tail) - (size_t)n, "end: %08" PRIx32 "\n", crc);
	vec[5] = vec_of((struct span){tail, (size_t)n});
	return in_memory ? io_writev(fd, vec, 6, deadline)
			 : io_writev(fd, vec + 5, 1, deadline);
}
