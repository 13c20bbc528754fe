#include "seal/armor.h"

#define LINE_CHARS (ARMOR_LINE_OCTETS / 3 * 4 + 1) /* with its LF */

/* RFC 4880, 6.1, moved to the left by 8. */
#define CRC_INIT 0xb704ce00
#define CRC_POLYNOMIAL 0x864cfb00
#define CRC_STEP 4 /* octets at a time */

static const char digits[] = ARMOR_DIGITS;

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
	return message_add(
	    message, ARMOR_BEGIN "\n\n", strlen(ARMOR_BEGIN "\n\n"));
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
	char line[] = "=0000\n" ARMOR_END "\n";

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
