#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/scan.h"
#include "store/letter.h"

#define CHUNK 32768
#define KEEP_MEMORY (128 << 10) /* what the next letter_open() finds */

void
letter_init(struct letter *letter)
{
	memset(letter, 0, sizeof(*letter));
	/* what filters put on top may come to the front's octets */
	buf_init(&letter->text, LETTER_FRONT + MESSAGE_TOP_MAX + 1);
	buf_init(&letter->delivered, LETTER_FRONT);
}

void
letter_free(struct letter *letter)
{
	buf_free(&letter->text);
	buf_free(&letter->delivered);
}

/* Adds octets to out with CRLF as LF.  A CR at their end waits in *cr for what
 * comes next. */
static void
convert(struct buf *out, struct span in, bool *cr)
{
	const char *hit;
	size_t n;

	while (in.len > 0) {
		if (*cr && in.p[0] != '\n')
			buf_add(out, "\r", 1);
		hit = memchr(in.p, '\r', in.len);
		*cr = hit != NULL;
		n = hit != NULL ? (size_t)(hit - in.p) : in.len;
		buf_add(out, in.p, n);
		in.p += n + *cr;
		in.len -= n + *cr;
	}
}

void
letter_count(struct letter_size *size, struct span octets)
{
	uint64_t added = 0;
	char last = size->last;
	size_t i;

	for (i = 0; i < octets.len; i++) {
		added += octets.p[i] == '\n' && last != '\r';
		last = octets.p[i];
	}
	size->octets += octets.len;
	size->wire += octets.len + added;
	size->last = last;
}

/* What is behind the front, a chunk at a time: counted if size is not NULL,
 * written if fd is not -1.  0, or -1 with errno. */
static int
stream(const struct letter *letter, struct letter_size *size, int fd)
{
	struct buf out = BUF_INIT(CHUNK + 1);
	uint64_t at = letter->rest;
	bool cr = letter->cr;
	char chunk[CHUNK];
	ssize_t n;

	while ((n = message_read(letter->message, at, chunk, CHUNK)) > 0) {
		at += (uint64_t)n;
		buf_reset(&out);
		convert(&out, (struct span){chunk, (size_t)n}, &cr);
		if (at == message_size(letter->message) && cr)
			buf_add(&out, "\r", 1);
		if (size != NULL)
			letter_count(size, buf_span(&out));
		if (fd >= 0 && io_write(fd, out.p, out.len, CLOCK_NEVER) < 0) {
			n = -1;
			break;
		}
	}
	buf_free(&out);
	return n < 0 ? -1 : 0;
}

static bool
is_inside_line(int c)
{
	return c != '\n';
}

static bool
is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One field with the lines that continue it and all line ends. */
static struct span
take_field(struct scan *scan)
{
	struct span field = {scan->p, 0};

	do {
		scan_while(scan, is_inside_line);
		scan_maybe(scan, '\n');
	} while (scan_peek(scan) >= 0 && ascii_is_blank(scan_peek(scan)));
	field.len = (size_t)(scan->p - field.p);
	return field;
}

/* Whether a field has that name; then scan is behind the colon.  Blanks before
 * the colon are the obsolete syntax of RFC 5322 4.5. */
static bool
field_is(struct scan *scan, struct span field, const char *name)
{
	scan_init(scan, field);
	if (!scan_maybe_word(scan, name))
		return false;
	scan_while(scan, ascii_is_blank);
	return scan_maybe(scan, ':');
}

/* Keeps the value of a Delivered-To field: its first line that is not empty,
 * which is all that an address of ours can have. */
static void
keep_delivered(struct letter *letter, struct scan *scan)
{
	struct span value;

	if (letter->hops++ >= LETTER_HOPS_MAX)
		return;
	scan_while(scan, is_space);
	value = scan_while(scan, is_inside_line);
	while (value.len > 0 && is_space(value.p[value.len - 1]))
		value.len--;
	buf_addspan(&letter->delivered, value);
	buf_adds(&letter->delivered, "\n");
}

/* Whether the empty line is next that ends a header. */
static bool
header_ends(const struct scan *scan)
{
	struct scan ahead = *scan;

	scan_maybe(&ahead, '\r');
	return scan_peek(&ahead) < 0 || scan_peek(&ahead) == '\n';
}

static void
take_front(struct letter *letter, struct span front, bool raw)
{
	struct scan scan, inside;
	struct span field;

	scan_init(&scan, front);
	while (!header_ends(&scan)) {
		field = take_field(&scan);
		if (field_is(&inside, field, "return-path") && !raw)
			continue;
		if (field_is(&inside, field, "delivered-to"))
			keep_delivered(letter, &inside);
		convert(&letter->text, field, &letter->cr);
	}
	convert(&letter->text, scan_rest(&scan), &letter->cr);
}

/* The front of a message that is not in memory in one piece. */
static int
read_front(const struct message *message, struct buf *front)
{
	ssize_t n;

	if (!buf_room(front, LETTER_FRONT)) {
		errno = EMSGSIZE;
		return -1;
	}
	do {
		n = message_read(message, front->len, front->p + front->len,
		    LETTER_FRONT - front->len);
		if (n > 0)
			front->len += (size_t)n;
	} while (n > 0 && front->len < LETTER_FRONT);
	return n < 0 ? -1 : 0;
}

int
letter_open(struct letter *letter, const struct message *message, bool raw)
{
	struct buf front = BUF_INIT(LETTER_FRONT);
	struct span spans[2];

	if (letter->text.cap > KEEP_MEMORY)
		buf_free(&letter->text);
	buf_reset(&letter->text);
	buf_reset(&letter->delivered);
	letter->message = message;
	letter->cr = false;
	letter->hops = 0;
	letter->size = (struct letter_size){0, 0, '\0'};
	if (!message_spans(message, spans) || spans[0].len > 0) {
		if (read_front(message, &front) < 0) {
			buf_free(&front);
			return -1;
		}
		spans[1] = buf_span(&front);
	}
	letter->rest = spans[1].len;
	take_front(letter, spans[1], raw);
	buf_free(&front);
	if (letter->cr && letter->rest == message_size(message)) {
		buf_add(&letter->text, "\r", 1);
		letter->cr = false;
	}
	letter_count(&letter->size, buf_span(&letter->text));
	return stream(letter, &letter->size, -1);
}

bool
letter_loops(const struct letter *letter, struct span address)
{
	struct scan scan;

	if (letter->hops > LETTER_HOPS_MAX)
		return true;
	scan_init(&scan, buf_span(&letter->delivered));
	while (scan_peek(&scan) >= 0)
		if (span_ieq(scan_until(&scan, '\n'), address))
			return true;
	return false;
}

int
letter_write(const struct letter *letter, struct span head, int fd)
{
	struct iovec vec[2] = {
	    {(void *)(uintptr_t)head.p, head.len},
	    {letter->text.p, letter->text.len},
	};

	if (io_writev(fd, vec, 2, CLOCK_NEVER) < 0)
		return -1;
	return stream(letter, NULL, fd);
}
