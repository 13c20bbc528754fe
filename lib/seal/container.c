#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/scan.h"
#include "mail/line.h"
#include "seal/container.h"

#define CHUNK 32768
#define SEAM_MAX 256 /* octets of each text below */
#define HEAD_MAX (FRAME_FIELDS_MAX + 2 * SEAM_MAX + 64)
#define PAD_LINE \
	64 /* blanks with a LF behind, so that any program can show it */

/* RFC 2046, 5.1.1: "=_" cannot be in a text that is encoded. */
#define MARK "=_"
#define TYPE "Content-Type: multipart/mixed; boundary=\"" MARK
#define BINARY "Content-Transfer-Encoding: binary\n"

/* What stands around the fields and around the message. */
struct seams {
	char first[SEAM_MAX];
	char second[SEAM_MAX];
	char last[SEAM_MAX];
};

static void
make_seams(struct seams *seams, const char *id)
{
	snprintf(seams->first, SEAM_MAX,
	    TYPE "%s\"\n" BINARY "\n--" MARK "%s\n"
		 "Content-Type: text/plain; charset=utf-8\n" BINARY
		 "\n" FRAME_MAGIC "\n",
	    id, id);
	snprintf(seams->second, SEAM_MAX,
	    "\n--" MARK "%s\nContent-Type: message/rfc822\n" BINARY "\n", id);
	snprintf(seams->last, SEAM_MAX, "\n--" MARK "%s--\n", id);
}

static unsigned
highest_bit(uint64_t n)
{
	unsigned bit = 0;

	while (n >>= 1)
		bit++;
	return bit;
}

uint64_t
container_padded(uint64_t len)
{
	unsigned e = highest_bit(len), kept = highest_bit(e) + 1;
	uint64_t mask = e > kept ? ((uint64_t)1 << (e - kept)) - 1 : 0;

	return (len + mask) & ~mask;
}

static int
fail(int error)
{
	errno = error;
	return -1;
}

/* Whether a text is somewhere in a message: 1 or 0; -1 with errno. */
static int
occurs(const struct message *message, struct span text)
{
	char chunk[CHUNK];
	size_t have = 0, keep;
	uint64_t at = 0;
	ssize_t n;

	while ((n = message_read(
		    message, at, chunk + have, sizeof(chunk) - have)) > 0) {
		at += (uint64_t)n;
		have += (size_t)n;
		if (span_find((struct span){chunk, have}, text) != NULL)
			return 1;
		keep = have < text.len ? have : text.len - 1;
		memmove(chunk, chunk + have - keep, keep);
		have = keep;
	}
	return (int)n;
}

/* Chooses a boundary that is not in the message.  By chance that is so at once;
 * it is looked at since a sender must not be able to end the message. */
static int
choose_seams(struct seams *seams, const struct message *message)
{
	char id[FRAME_ID_SIZE], delimiter[sizeof(MARK) + FRAME_ID_SIZE + 2];
	int found;

	do {
		frame_new_id(id);
		snprintf(delimiter, sizeof(delimiter), "--" MARK "%s", id);
		found = occurs(message, span_of(delimiter));
	} while (found > 0);
	make_seams(seams, id);
	return found;
}

static int
add_message(struct message *to, const struct message *from)
{
	char chunk[CHUNK];
	uint64_t at = 0;
	ssize_t n;

	while ((n = message_read(from, at, chunk, sizeof(chunk))) > 0) {
		if (message_add(to, chunk, (size_t)n) < 0)
			return -1;
		at += (uint64_t)n;
	}
	return (int)n;
}

/* Makes the padding between two sizes. */
static void
fill(char chunk[CHUNK], uint64_t len)
{
	uint64_t i;

	for (i = 0; i < len && i < CHUNK; i++)
		chunk[i] = i % PAD_LINE == PAD_LINE - 1 ? '\n' : ' ';
}

static int
add_padding(struct message *plain)
{
	uint64_t left = container_padded(message_size(plain));
	char chunk[CHUNK];
	size_t n;

	left -= message_size(plain);
	fill(chunk, left);
	for (; left > 0; left -= n) {
		n = left < CHUNK ? (size_t)left : CHUNK;
		if (message_add(plain, chunk, n) < 0)
			return -1;
	}
	return 0;
}

/* Puts a head on top of the message, which stays where it is; a longer head
 * than there may be on top, of very many recipients, has it copied. */
static int
put_on_top(struct span head, struct message *message, struct message *plain)
{
	if (head.len > MESSAGE_TOP_MAX - message->top.len)
		return message_add(plain, head.p, head.len) < 0
			   ? -1
			   : add_message(plain, message);
	message_free(plain);
	*plain = *message;
	message_init(message);
	return message_prepend(plain, head);
}

int
container_wrap(struct frame *frame, struct message *plain)
{
	uint64_t size = message_size(&frame->message);
	struct buf head = BUF_INIT(HEAD_MAX);
	struct seams seams;
	int rc;

	if (size > CONTAINER_MESSAGE_MAX)
		return fail(EFBIG);
	if (choose_seams(&seams, &frame->message) < 0)
		return -1;
	buf_adds(&head, seams.first);
	buf_addspan(&head, buf_span(&frame->fields));
	buf_addf(&head, "size: %" PRIu64 "\n%s", size, seams.second);
	rc = put_on_top(buf_span(&head), &frame->message, plain);
	buf_free(&head);
	if (rc == 0)
		rc = message_add(plain, seams.last, strlen(seams.last));
	return rc == 0 ? add_padding(plain) : -1;
}

/* The seams that a text begins with; false if it begins with none. */
static bool
read_seams(struct span text, struct seams *seams)
{
	char id[FRAME_ID_SIZE];

	if (!span_starts(text, TYPE))
		return false;
	text = span_from(text, sizeof(TYPE) - 1);
	if (text.len < sizeof(id) ||
	    !hex_is((struct span){text.p, sizeof(id) - 1}, sizeof(id) - 1))
		return false;
	memcpy(id, text.p, sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	make_seams(seams, id);
	return true;
}

static unsigned
count(const struct frame *frame, const char *name)
{
	struct span value;
	size_t at = 0;
	unsigned n = 0;

	while (frame_next(frame, name, &at, &value))
		n++;
	return n;
}

static int
take_field(struct frame *frame, struct span name, struct span value)
{
	char text[FRAME_LINE_MAX + 1];

	if (name.len == 0 || name.len > FRAME_LINE_MAX)
		return fail(EBADMSG);
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	return frame_add(frame, text, value) < 0 ? fail(EBADMSG) : 0;
}

/* The fields up to and with the size, which is the last. */
static int
take_fields(struct scan *scan, struct frame *frame, uint64_t *size)
{
	struct span name, value;
	struct scan number;

	for (;;) {
		name = scan_while(scan, line_is_name);
		scan_text(scan, ": ");
		value = scan_until(scan, '\n');
		if (scan->bad)
			return fail(EBADMSG);
		if (span_is(name, "size"))
			break;
		if (take_field(frame, name, value) < 0)
			return -1;
	}
	scan_init(&number, value);
	*size = scan_number(&number, CONTAINER_MESSAGE_MAX);
	if (!scan_ok(&number) ||
	    count(frame, "id") != (frame->fields.len > 0 ? 1 : 0) ||
	    count(frame, "direction") > 1 || count(frame, "sender") > 1)
		return fail(EBADMSG);
	return 0;
}

/* Reads octets from there on, as many as there are. */
static int
read_into(const struct message *message, uint64_t at, char *p, size_t len,
    size_t *got)
{
	ssize_t n;

	*got = 0;
	while (*got < len && (n = message_read(message, at + *got, p + *got,
				  len - *got)) != 0) {
		if (n < 0)
			return -1;
		*got += (size_t)n;
	}
	return 0;
}

/* Whether what stands there is that text: 0, or -1 with errno. */
static int
expect(const struct message *message, uint64_t at, struct span text)
{
	char have[CHUNK];
	size_t got;

	if (read_into(message, at, have, text.len, &got) < 0)
		return -1;
	return span_eq((struct span){have, got}, text) ? 0 : fail(EBADMSG);
}

static int
expect_padding(const struct message *plain, uint64_t at)
{
	uint64_t left = container_padded(at);
	char chunk[CHUNK];
	size_t n;

	if (left != message_size(plain))
		return fail(EBADMSG);
	left -= at;
	fill(chunk, left);
	for (; left > 0; left -= n, at += n) {
		n = left < CHUNK ? (size_t)left : CHUNK;
		if (expect(plain, at, (struct span){chunk, n}) < 0)
			return -1;
	}
	return 0;
}

static int
take_message(const struct message *plain, uint64_t at, uint64_t size,
    struct message *message)
{
	char chunk[CHUNK];
	ssize_t n;

	while (size > 0) {
		n = message_read(
		    plain, at, chunk, size < CHUNK ? (size_t)size : CHUNK);
		if (n <= 0)
			return n < 0 ? -1 : fail(EBADMSG);
		if (message_add(message, chunk, (size_t)n) < 0)
			return -1;
		at += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}

/* What stands before the message; *at is where that begins. */
static int
take_head(struct span head, struct frame *frame, struct seams *seams,
    uint64_t *at, uint64_t *size)
{
	struct scan scan;

	if (!read_seams(head, seams))
		return fail(EBADMSG);
	scan_init(&scan, head);
	scan_text(&scan, seams->first);
	if (take_fields(&scan, frame, size) < 0)
		return -1;
	scan_text(&scan, seams->second);
	*at = (uint64_t)(scan.p - head.p);
	return scan.bad ? fail(EBADMSG) : 0;
}

/* Whether it begins as one, and has no size that one has. */
static bool
is_cut(struct span head, const struct message *plain)
{
	return span_starts(head, TYPE) &&
	       container_padded(message_size(plain)) != message_size(plain);
}

int
container_unwrap(const struct message *plain, struct frame *frame)
{
	struct buf head = BUF_INIT(HEAD_MAX);
	struct span last;
	struct seams seams;
	uint64_t at, size;
	int rc;

	if (message_size(plain) == 0)
		return fail(ENODATA);
	buf_room(&head, HEAD_MAX);
	rc = read_into(plain, 0, head.p, HEAD_MAX, &head.len);
	if (rc == 0)
		rc = take_head(buf_span(&head), frame, &seams, &at, &size);
	if (rc != 0 && errno == EBADMSG && is_cut(buf_span(&head), plain))
		errno = ENODATA;
	buf_free(&head);
	if (rc != 0)
		return -1;
	last = span_of(seams.last);
	if (message_size(plain) < container_padded(at + size + last.len))
		return fail(ENODATA);
	if (expect(plain, at + size, last) < 0 ||
	    expect_padding(plain, at + size + last.len) < 0)
		return -1;
	return take_message(plain, at, size, &frame->message);
}
