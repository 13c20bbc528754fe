#include <errno.h>

#include "seal/armor.h"

enum packet {
	PACKET_SESSION_KEY = 1, /* to a public key */
	PACKET_PASSPHRASE_KEY = 3,
	PACKET_MARKER = 10,
	PACKET_ENCRYPTED = 18, /* with an integrity check */
	PACKET_AEAD = 20       /* of GnuPG, before RFC 9580 */
};

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
	errno = EBADMSG;
	return -1;
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
