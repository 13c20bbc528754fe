#include "relay/relayip.h"

#include <arpa/inet.h>

#include "base/ascii.h"
#include "relay/relay.h"

bool
relay_ip_octets(struct span text, unsigned char octets[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	char copy[INET6_ADDRSTRLEN + 1];
	bool prefix = span_istarts(text, "IPv6:");

	if (prefix)
		text = span_from(text, 5);
	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.p, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	if (memchr(text.p, ':', text.len) != NULL)
		return inet_pton(AF_INET6, copy, octets) == 1;
	memcpy(octets, mapped, sizeof(mapped));
	return !prefix && inet_pton(AF_INET, copy, octets + 12) == 1;
}

bool
relay_is_ip(struct span text)
{
	unsigned char octets[16];

	return relay_ip_octets(text, octets);
}

bool
relay_is_ip4(struct span text)
{
	return relay_is_ip(text) && memchr(text.p, ':', text.len) == NULL;
}

static bool
is_mapped(const unsigned char octets[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(octets, mapped, sizeof(mapped)) == 0;
}

bool
relay_is_localhost(struct span text)
{
	static const unsigned char loopback[16] = {[15] = 1};
	static const unsigned char four[4] = {127, 0, 0, 1};
	unsigned char octets[16];

	if (span_iis(text, "localhost") ||
	    span_iis(text, "localhost.localdomain"))
		return true;
	if (!relay_ip_octets(text, octets))
		return false;
	return memcmp(octets, loopback, 16) == 0 ||
	       (is_mapped(octets) && memcmp(octets + 12, four, 4) == 0);
}

/* RFC 1918, 1122, 3927, 6598; octets of IPv4. */
static bool
is_private4(const unsigned char *o)
{
	return o[0] == 10 || o[0] == 127 || (o[0] == 169 && o[1] == 254) ||
	       (o[0] == 172 && (o[1] & 0xf0) == 16) ||
	       (o[0] == 192 && o[1] == 168) ||
	       (o[0] == 100 && (o[1] & 0xc0) == 64);
}

bool
relay_is_private(struct span ip)
{
	static const unsigned char loopback[16] = {[15] = 1};
	unsigned char octets[16];

	if (!relay_ip_octets(ip, octets))
		return false;
	if (is_mapped(octets))
		return is_private4(octets + 12);
	return (octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80) ||
	       memcmp(octets, loopback, 16) == 0;
}

/* What looks like an address from that octet on, with its "IPv6:". */
static struct span
row_at(struct span text, size_t at)
{
	struct span row = span_from(text, at);
	size_t len = span_istarts(row, "IPv6:") ? 5 : 0;

	while (len < row.len && (ascii_is_hex(row.p[len]) ||
				    row.p[len] == ':' || row.p[len] == '.'))
		len++;
	row.len = len;
	return row;
}

struct span
relay_find_ip(struct span text)
{
	struct span none = {NULL, 0}, row;
	const char *port;
	size_t i, len;
	char before;

	for (i = 0; i<text.len; i += len> 0 ? len : 1) {
		row = row_at(text, i);
		len = row.len;
		before = i > 0 ? text.p[i - 1] : ' ';
		if (len == 0 || !ascii_is_word(row.p[0]) || before == '.' ||
		    ascii_is_word(before))
			continue;
		if (ascii_is_word(row.p[len - 1]) &&
		    (i + len == text.len || !ascii_is_word(row.p[len])) &&
		    relay_is_ip(row))
			return row;
		port = memchr(row.p, ':', len);
		if (port == NULL || before == ':')
			continue;
		row.len = (size_t)(port - row.p);
		if (relay_is_ip4(row))
			return row;
	}
	return none;
}
