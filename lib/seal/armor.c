#include "seal/armor.h"

#include <errno.h>

#include "base/ascii.h"

#define BEGIN "-----BEGIN PGP MESSAGE-----"
#define END "-----END PGP MESSAGE-----"
#define CRC_START 0xb704ceU /* RFC 4880, 6.1 */
#define CRC_POLYNOM 0x864cfbU

enum packet {
	PACKET_SESSION_KEY = 1, /* to a public key */
	PACKET_PASSPHRASE_KEY = 3,
	PACKET_MARKER = 10,
	PACKET_ENCRYPTED = 18, /* with an integrity check */
	PACKET_AEAD = 20       /* of GnuPG before RFC 9580 */
};

struct armor {
	const struct message *message;
	uint64_t offset; /* of what is read next */
	size_t pos, len;
	char text[4 * ARMOR_LINE_MAX];
	unsigned bits, held; /* of base64: what is not an octet yet */
	unsigned padding;
	uint32_t crc;
	struct buf *head; /* where the first octets go; NULL: nowhere */
};

static int
bad(void)
{
	errno = EBADMSG;
	return -1;
}

/* 1, or 0 at the end; -1 with errno. */
static int
next_line(struct armor *armor, struct span *line)
{
	struct span rest;
	ssize_t n;

	if (armor->len - armor->pos < ARMOR_LINE_MAX) {
		armor->len -= armor->pos;
		memmove(armor->text, armor->text + armor->pos, armor->len);
		armor->pos = 0;
		while (armor->len < sizeof(armor->text)) {
			n = message_read(armor->message, armor->offset,
			    armor->text + armor->len,
			    sizeof(armor->text) - armor->len);
			if (n < 0)
				return -1;
			if (n == 0)
				break;
			armor->len += n;
			armor->offset += n;
		}
	}
	rest = (struct span){armor->text + armor->pos, armor->len - armor->pos};
	if (rest.len == 0)
		return 0;
	*line = span_line(&rest);
	if (line->len > ARMOR_LINE_MAX)
		return bad();
	armor->pos += line->len;
	*line = span_trim(*line);
	return 1;
}

static int
base64_value(int c)
{
	if (ascii_is_upper(c))
		return c - 'A';
	if (ascii_is_lower(c))
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void
add_octet(struct armor *armor, unsigned octet)
{
	char c = (char)octet;
	int i;

	armor->crc ^= octet << 16;
	for (i = 0; i < 8; i++) {
		armor->crc <<= 1;
		if (armor->crc & 0x1000000)
			armor->crc ^= 0x1000000 | CRC_POLYNOM;
	}
	if (armor->head != NULL)
		buf_add(armor->head, &c, 1);
}

/* Takes characters of base64; false if they are none. */
static bool
decode(struct armor *armor, struct span text)
{
	size_t i;
	int value;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '=') {
			armor->padding++;
			continue;
		}
		value = base64_value((unsigned char)text.p[i]);
		if (value < 0 || armor->padding > 0)
			return false;
		armor->bits = (armor->bits << 6 | (unsigned)value) & 0xffff;
		armor->held += 6;
		if (armor->held < 8)
			continue;
		armor->held -= 8;
		add_octet(armor, armor->bits >> armor->held & 0xff);
	}
	return armor->padding <= 2;
}

static bool
is_checksum(struct armor *armor, struct span text)
{
	struct armor sum = {.crc = 0};
	char octets[4];
	struct buf buf = BUF_INIT(sizeof(octets));
	bool same;

	sum.head = &buf;
	same = text.len == 4 && decode(&sum, text) && buf.len == 3;
	if (same) {
		memcpy(octets, buf.p, 3);
		same = (unsigned char)octets[0] == (armor->crc >> 16 & 0xff) &&
		       (unsigned char)octets[1] == (armor->crc >> 8 & 0xff) &&
		       (unsigned char)octets[2] == (armor->crc & 0xff);
	}
	buf_free(&buf);
	return same;
}

/* The first line and the headers, to the empty line behind them. */
static int
start(struct armor *armor, const struct message *message, struct buf *head)
{
	struct span line;
	unsigned n;

	memset(armor, 0, sizeof(*armor));
	armor->message = message;
	armor->head = head;
	armor->crc = CRC_START;
	do {
		if (next_line(armor, &line) <= 0)
			return bad();
	} while (line.len == 0);
	if (!span_is(line, BEGIN))
		return bad();
	for (n = 0; n <= ARMOR_HEADERS_MAX; n++) {
		if (next_line(armor, &line) <= 0)
			return bad();
		if (line.len == 0)
			return 0;
	}
	return bad();
}

/* The last line was it: nothing may come but the end and empty lines. */
static int
finish(struct armor *armor, struct span line)
{
	if (!span_is(line, END))
		return bad();
	while (next_line(armor, &line) > 0)
		if (line.len > 0)
			return bad();
	return 0;
}

int
armor_check(const struct message *message)
{
	struct armor armor;
	struct span line;

	if (start(&armor, message, NULL) < 0)
		return -1;
	while (next_line(&armor, &line) > 0) {
		if (span_starts(line, "-----"))
			return finish(&armor, line);
		if (span_starts(line, "=") && line.len == 5) {
			if (!is_checksum(&armor, span_from(line, 1)) ||
			    next_line(&armor, &line) <= 0)
				return bad();
			return finish(&armor, line);
		}
		if (line.len == 0 || !decode(&armor, line))
			return bad();
	}
	return bad();
}

bool
armor_has_end(const struct message *message)
{
	const uint64_t size = message_size(message);
	char end[sizeof(END)]; /* with a line's end and no NUL */

	if (size < sizeof(end) || message_read(message, size - sizeof(end), end,
				      sizeof(end)) != (ssize_t)sizeof(end))
		return false;
	return span_is((struct span){end, sizeof(end)}, END "\n");
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
	struct buf head = BUF_INIT(ARMOR_HEAD);
	struct armor armor;
	struct span line;
	int n = -1;

	if (start(&armor, message, &head) == 0) {
		while (!head.full && next_line(&armor, &line) > 0)
			if (line.len == 0 || !decode(&armor, line))
				break;
		n = find_keys(buf_span(&head), ids);
	}
	buf_free(&head);
	return n < 0 ? bad() : n;
}
