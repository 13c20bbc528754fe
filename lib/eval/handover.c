#include "eval/handover.h"

#include "base/scan.h"
#include "relay/relayip.h"

#define BITS 128     /* of an address */
#define BITS_FOUR 96 /* in front of an IPv4 one that is mapped */

void
handover_believed(
    const struct relays *relays, const struct relay **first, size_t *count)
{
	*first = relays->list;
	*count = relays->count;
	if (relays->trusted < relays->count) {
		*first = &relays->list[relays->trusted];
		*count = 1;
	}
}

/* Takes "/24" off the front, if there is one. */
static bool
take_bits(struct span text, uint64_t most, uint64_t *bits)
{
	struct scan scan;

	*bits = most;
	if (text.len == 0)
		return true;
	scan_init(&scan, text);
	scan_char(&scan, '/');
	*bits = scan_number(&scan, most);
	return scan_ok(&scan);
}

static bool
is_in_network(struct span ip, struct span network, struct span length)
{
	const bool is_four = memchr(network.p, ':', network.len) == NULL;
	unsigned char a[16], b[16];
	uint64_t bits;
	unsigned whole, rest;

	if (!relay_ip_octets(network, a) || !relay_ip_octets(ip, b) ||
	    !take_bits(length, is_four ? BITS - BITS_FOUR : BITS, &bits))
		return false;
	bits += is_four ? BITS_FOUR : 0;
	whole = (unsigned)bits / 8;
	rest = (unsigned)bits % 8;
	return memcmp(a, b, whole) == 0 &&
	       (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* "192.0.2" or "10." */
static bool
is_beginning(struct span text)
{
	size_t i, dots = 0;

	for (i = 0; i < text.len; i++)
		if (text.p[i] == '.')
			dots++;
		else if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return dots < 3 || span_ends(text, ".");
}

/* An address in brackets, a length in them or behind them. */
static bool
is_address_of(struct span ip, struct span pattern)
{
	const char *close = memchr(pattern.p, ']', pattern.len), *slash;
	struct span inner, length;

	if (close == NULL || ip.len == 0)
		return false;
	inner = (struct span){pattern.p + 1, (size_t)(close - pattern.p) - 1};
	length = span_from(pattern, (size_t)(close - pattern.p) + 1);
	slash = inner.len > 0 ? memchr(inner.p, '/', inner.len) : NULL;
	if (slash != NULL && length.len == 0) {
		length = span_from(inner, (size_t)(slash - inner.p));
		inner.len = (size_t)(slash - inner.p);
	}
	if (inner.len == 0)
		return false;
	if (length.len > 0 || !is_beginning(inner))
		return is_in_network(ip, inner, length);
	while (span_ends(inner, "."))
		inner.len--;
	return ip.len > inner.len && ip.p[inner.len] == '.' &&
	       memcmp(ip.p, inner.p, inner.len) == 0;
}

bool
handover_is(const struct relay *relay, struct span pattern)
{
	struct span name = relay->rdns, tail;

	if (span_starts(pattern, "["))
		return is_address_of(relay->ip, pattern);
	if (name.len < pattern.len)
		return false;
	tail = span_from(name, name.len - pattern.len);
	return span_ieq(tail, pattern) &&
	       (tail.len == name.len || tail.p[-1] == '.');
}
