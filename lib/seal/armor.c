#include "seal/armor.h"

#include <errno.h>

#define BEGIN "-----BEGIN PGP MESSAGE-----"
#define END "-----END PGP MESSAGE-----"
#define NO_DIGIT 0xff
#define LINE_CHARS (ARMOR_LINE_OCTETS / 3 * 4 + 1) /* with its LF */

/* RFC 4880, 6.1, moved to the left by 8. */
#define CRC_INIT 0xb704ce00
#define CRC_POLYNOMIAL 0x864cfb00
#define CRC_STEP 4 /* octets at a time */

enum packet {
	PACKET_SESSION_KEY = 1, /* to a public key */
	PACKET_PASSPHRASE_KEY = 3,
	PACKET_MARKER = 10,
	PACKET_ENCRYPTED = 18, /* with an integrity check */
	PACKET_AEAD = 20       /* of GnuPG, before RFC 9580 */
};

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
	for (i = 0; i < sizeof(digits) - 1; i++)
		reader->values[(unsigned char)digits[i]] = (unsigned char)i;
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
	if (!span_is(line, BEGIN))
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

	if (!span_is(line, END))
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

/* 1 to 3 octets as 4 characters. */
static void
encode(const unsigned char *from, size_t len, char *to)
{
	unsigned bits = (unsigned)from[0] << 16;

	if (len > 1)
		bits |= (unsigned)from[1] << 8;
	if (len > 2)
		bits |= from[2];
	to[0] = digits[bits >> 18];
	to[1] = digits[bits >> 12 & 63];
	to[2] = len > 1 ? digits[bits >> 6 & 63] : '=';
	to[3] = len > 2 ? digits[bits & 63] : '=';
}

/* What the CRC of an octet becomes with i zeros behind it. */
static uint32_t crc_table[CRC_STEP][256];

static void
make_crc_table(void)
{
	unsigned i, n, bit;
	uint32_t crc;

	for (n = 0; n < 256; n++) {
		crc = (uint32_t)n << 24;
		for (bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? CRC_POLYNOMIAL : 0);
		crc_table[0][n] = crc;
	}
	for (i = 1; i < CRC_STEP; i++)
		for (n = 0; n < 256; n++) {
			crc = crc_table[i - 1][n];
			crc_table[i][n] = crc << 8 ^ crc_table[0][crc >> 24];
		}
}

static uint32_t
add_crc(uint32_t crc, const unsigned char *p, size_t len)
{
	for (; len >= CRC_STEP; p += CRC_STEP, len -= CRC_STEP) {
		crc ^= (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
		crc = crc_table[3][crc >> 24] ^ crc_table[2][crc >> 16 & 255] ^
		      crc_table[1][crc >> 8 & 255] ^ crc_table[0][crc & 255];
	}
	for (; len > 0; p++, len--)
		crc = crc << 8 ^ crc_table[0][crc >> 24 ^ *p];
	return crc;
}

static int
flush(struct armor_writer *writer)
{
	size_t len = writer->filled;

	writer->filled = 0;
	return message_add(writer->message, writer->text, len);
}

static int
write_line(struct armor_writer *writer, const unsigned char *from, size_t len)
{
	char *to;
	size_t i;

	if (sizeof(writer->text) - writer->filled < LINE_CHARS &&
	    flush(writer) < 0)
		return -1;
	writer->crc = add_crc(writer->crc, from, len);
	to = writer->text + writer->filled;
	for (i = 0; i < len; i += 3, to += 4)
		encode(from + i, len - i, to);
	*to++ = '\n';
	writer->filled = (size_t)(to - writer->text);
	return 0;
}

int
armor_write_init(struct armor_writer *writer, struct message *message)
{
	if (crc_table[0][1] == 0)
		make_crc_table();
	writer->message = message;
	writer->crc = CRC_INIT;
	writer->held = 0;
	writer->filled = 0;
	return message_add(message, BEGIN "\n\n", strlen(BEGIN "\n\n"));
}

int
armor_write(struct armor_writer *writer, const void *p, size_t len)
{
	const unsigned char *from = p;
	size_t n;

	if (len == 0)
		return 0;
	if (writer->held > 0) {
		n = sizeof(writer->rest) - writer->held;
		n = n < len ? n : len;
		memcpy(writer->rest + writer->held, from, n);
		writer->held += n;
		from += n;
		len -= n;
		if (writer->held < sizeof(writer->rest))
			return 0;
		if (write_line(writer, writer->rest, writer->held) < 0)
			return -1;
		writer->held = 0;
	}
	for (; len >= ARMOR_LINE_OCTETS; len -= ARMOR_LINE_OCTETS) {
		if (write_line(writer, from, ARMOR_LINE_OCTETS) < 0)
			return -1;
		from += ARMOR_LINE_OCTETS;
	}
	memcpy(writer->rest, from, len);
	writer->held = len;
	return 0;
}

int
armor_write_end(struct armor_writer *writer)
{
	unsigned char crc[3];
	char line[] = "=0000\n" END "\n";

	if (writer->held > 0 &&
	    write_line(writer, writer->rest, writer->held) < 0)
		return -1;
	writer->held = 0;
	if (flush(writer) < 0)
		return -1;
	crc[0] = (unsigned char)(writer->crc >> 24);
	crc[1] = (unsigned char)(writer->crc >> 16);
	crc[2] = (unsigned char)(writer->crc >> 8);
	encode(crc, sizeof(crc), line + 1);
	return message_add(writer->message, line, strlen(line));
}

static bool
take(struct span *rest, size_t len, uint64_t *value)
{
	size_t i;

	if (rest->len < len)
		return false;
	*value = 0;
	for (i = 0; i < len; i++)
		*value = *value << 8 | (unsigned char)rest->p[i];
	*rest = span_from(*rest, len);
	return true;
}

/* Tag and length of a packet (RFC 4880, 4.2); of one whose length is not known
 * at first, UINT32_MAX. */
static bool
take_header(struct span *rest, unsigned *tag, uint64_t *len)
{
	uint64_t first, more;

	if (!take(rest, 1, &first) || !(first & 0x80))
		return false;
	if (!(first & 0x40)) {
		*tag = first >> 2 & 0xf;
		*len = UINT32_MAX;
		return (first & 3) == 3 ||
		       take(rest, (size_t)1 << (first & 3), len);
	}
	*tag = first & 0x3f;
	if (!take(rest, 1, len))
		return false;
	if (*len == 255)
		return take(rest, 4, len);
	if (*len >= 224) {
		*len = UINT32_MAX;
	} else if (*len >= 192) {
		if (!take(rest, 1, &more))
			return false;
		*len = (*len - 192) * 256 + more + 192;
	}
	return true;
}

static int
find_keys(struct span rest, uint64_t ids[ARMOR_KEYS])
{
	uint64_t len, version, id;
	unsigned tag;
	int n = 0;

	while (take_header(&rest, &tag, &len)) {
		struct span body = rest;

		if (tag == PACKET_ENCRYPTED || tag == PACKET_AEAD)
			return n;
		if (len > rest.len)
			break;
		rest = span_from(rest, len);
		if (tag == PACKET_PASSPHRASE_KEY || tag == PACKET_MARKER)
			continue;
		body.len = len;
		if (tag != PACKET_SESSION_KEY || n == ARMOR_KEYS ||
		    !take(&body, 1, &version) || version != 3 ||
		    !take(&body, 8, &id))
			break;
		ids[n++] = id;
	}
	return bad();
}

int
armor_keys(const struct message *message, uint64_t ids[ARMOR_KEYS])
{
	struct armor_reader reader;
	char head[ARMOR_HEAD];
	size_t len = 0;
	ssize_t n = 1;

	armor_read_init(&reader, message);
	/* a line at a time: what comes behind the head is not asked for */
	while (n > 0 && len < sizeof(head)) {
		n = armor_read(&reader, head + len,
		    sizeof(head) - len < ARMOR_LINE_OCTETS ? sizeof(head) - len
							   : ARMOR_LINE_OCTETS);
		if (n < 0)
			return -1;
		len += (size_t)n;
	}
	return find_keys((struct span){head, len}, ids);
}
