#include <errno.h>

#include "seal/armor.h"

#define NO_DIGIT 0xff

static int
bad(void)
{
	errno = EBADMSG;
	return -1;
}

void
armor_read_init(struct armor_reader *reader, const struct message *message)
{
	size_t i;

	memset(reader, 0, sizeof(*reader));
	reader->message = message;
	memset(reader->values, NO_DIGIT, sizeof(reader->values));
	for (i = 0; i < sizeof(ARMOR_DIGITS) - 1; i++)
		reader->values[(unsigned char)ARMOR_DIGITS[i]] =
		    (unsigned char)i;
}

static int
fill(struct armor_reader *reader)
{
	ssize_t n;

	reader->len -= reader->pos;
	memmove(reader->text, reader->text + reader->pos, reader->len);
	reader->pos = 0;
	while (reader->len < sizeof(reader->text)) {
		n = message_read(reader->message, reader->offset,
		    reader->text + reader->len,
		    sizeof(reader->text) - reader->len);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		reader->len += n;
		reader->offset += n;
	}
	return 0;
}

/* 1, or 0 at the end; -1 with errno. */
static int
next_line(struct armor_reader *reader, struct span *line)
{
	struct span rest;

	if (reader->len - reader->pos < ARMOR_LINE_MAX && fill(reader) < 0)
		return -1;
	rest = (struct span){
	    reader->text + reader->pos, reader->len - reader->pos};
	if (rest.len == 0)
		return 0;
	*line = span_line(&rest);
	if (line->len > ARMOR_LINE_MAX)
		return bad();
	reader->pos += line->len;
	*line = span_trim(*line);
	return 1;
}

/* Takes characters of base64.  0, or -1 if they are none. */
static int
decode(struct armor_reader *reader, struct span text)
{
	unsigned bits = reader->bits, held = reader->held;
	size_t i, n = 0;
	unsigned value;

	for (i = 0; i < text.len && text.p[i] != '='; i++) {
		value = reader->values[(unsigned char)text.p[i]];
		if (value == NO_DIGIT)
			return bad();
		bits = (bits << 6 | value) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			reader->octets[n++] = (char)(bits >> held);
		}
	}
	if (i > 0 && reader->padding > 0)
		return bad();
	for (; i < text.len; i++)
		if (text.p[i] != '=' || ++reader->padding > 2)
			return bad();
	reader->bits = bits;
	reader->held = held;
	reader->given = 0;
	reader->ready = n;
	return 0;
}

/* The first line and the headers, to the empty line behind them. */
static int
start(struct armor_reader *reader)
{
	struct span line;
	unsigned n;
	int got;

	do
		if ((got = next_line(reader, &line)) <= 0)
			return got < 0 ? -1 : bad();
	while (line.len == 0);
	if (!span_is(line, ARMOR_BEGIN))
		return bad();
	for (n = 0; n <= ARMOR_HEADERS_MAX; n++) {
		if ((got = next_line(reader, &line)) <= 0)
			return got < 0 ? -1 : bad();
		if (line.len == 0) {
			reader->begun = true;
			return 0;
		}
	}
	return bad();
}

/* Nothing but empty lines may come behind the last one. */
static int
finish(struct armor_reader *reader, struct span line)
{
	int got;

	if (!span_is(line, ARMOR_END))
		return bad();
	while ((got = next_line(reader, &line)) > 0)
		if (line.len > 0)
			return bad();
	reader->ended = true;
	return got;
}

/* Decodes one line, or finds the end. */
static int
advance(struct armor_reader *reader)
{
	struct span line;
	int got = next_line(reader, &line);

	if (got > 0 && span_starts(line, "=") && line.len == 5)
		got = next_line(reader, &line); /* a checksum */
	else if (got > 0 && line.len > 0 && !span_starts(line, "-"))
		return decode(reader, line);
	if (got <= 0)
		return got < 0 ? -1 : bad();
	return finish(reader, line);
}

ssize_t
armor_read(struct armor_reader *reader, void *p, size_t len)
{
	char *to = p;
	size_t n, done = 0;

	if (!reader->begun && start(reader) < 0)
		return -1;
	while (done < len) {
		if (reader->given == reader->ready) {
			if (reader->ended)
				break;
			if (advance(reader) < 0)
				return -1;
			continue;
		}
		n = reader->ready - reader->given;
		n = n < len - done ? n : len - done;
		memcpy(to + done, reader->octets + reader->given, n);
		reader->given += n;
		done += n;
	}
	return (ssize_t)done;
}
