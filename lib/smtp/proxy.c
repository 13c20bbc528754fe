#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/scan.h"
#include "smtp/proxy.h"

#define V1_MAX 107    /* octets with CRLF, section 2.1 */
#define V2_COMMAND 12 /* where they are, section 2.2 */
#define V2_FAMILY 13
#define V2_LENGTH 14
#define V2_FIXED 16
#define V2_FOUR 12 /* octets of two addresses and two ports */
#define V2_SIX 36

static const char v1_start[] = "PROXY ";
static const char v2_start[] = "\r\n\r\n\0\r\nQUIT\n";

/* What a good beginning of version 1 lacks at least is an end of one of these:
 * an address of version 6 may want "::", ":", a digit, or a dotted tail. */
static const char *const v1_models[] = {"UNKNOWN\r\n",
    "TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "TCP6 :: :: 0 0\r\n",
    "TCP6 ::0.0.0.0 :: 0 0\r\n", "TCP6 :: ::0.0.0.0 0 0\r\n"};

/* Whether the octets are, as far as they go, how `start` begins. */
static bool
begins(struct span octets, const char *start, size_t len)
{
	return octets.len == 0 || memcmp(octets.p, start,
				      octets.len < len ? octets.len : len) == 0;
}

static bool
is_word(int c)
{
	return c > ' ' && c < 0x7f;
}

/* An address and a blank.  0, or -1. */
static int
take_address(struct scan *scan, int family, void *to)
{
	char text[INET6_ADDRSTRLEN];
	struct span word = scan_while(scan, is_word);

	scan_maybe(scan, ' ');
	if (word.len >= sizeof(text))
		return -1;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	return inet_pton(family, text, to) == 1 ? 0 : -1;
}

/* "TCP4 source destination port port", without the line end. */
static enum proxy_result
take_v1(struct span line, struct sockaddr_storage *peer)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)peer;
	struct sockaddr_in *four = (struct sockaddr_in *)peer;
	unsigned char destination[16];
	struct span protocol;
	struct scan scan;
	int family, rc;
	in_port_t port;

	scan_init(&scan, line);
	protocol = scan_while(&scan, is_word);
	if (span_eq(protocol, span_of("UNKNOWN"))) /* the rest is nobody's */
		return scan_ok(&scan) || scan_peek(&scan) == ' ' ? PROXY_LOCAL
								 : PROXY_BAD;
	family = span_eq(protocol, span_of("TCP4")) ? AF_INET : AF_INET6;
	if (family == AF_INET6 && !span_eq(protocol, span_of("TCP6")))
		return PROXY_BAD;
	memset(peer, 0, sizeof(*peer));
	if (!scan_maybe(&scan, ' '))
		return PROXY_BAD;
	rc = take_address(&scan, family,
	    family == AF_INET ? (void *)&four->sin_addr
			      : (void *)&six->sin6_addr);
	if (rc < 0 || take_address(&scan, family, destination) < 0)
		return PROXY_BAD;
	port = htons((in_port_t)scan_number(&scan, UINT16_MAX));
	if (!scan_maybe(&scan, ' '))
		return PROXY_BAD;
	scan_number(&scan, UINT16_MAX);
	if (!scan_ok(&scan))
		return PROXY_BAD;
	peer->ss_family = (sa_family_t)family;
	if (family == AF_INET)
		four->sin_port = port;
	else
		six->sin6_port = port;
	return PROXY_PEER;
}

/* A whole line with its end. */
static enum proxy_result
take_line(struct span line, struct sockaddr_storage *peer)
{
	size_t start = sizeof(v1_start) - 1;
	const char *cr = memchr(line.p, '\r', line.len);

	if (line.len > V1_MAX || cr == NULL || cr != line.p + line.len - 2)
		return PROXY_BAD;
	return take_v1(
	    (struct span){line.p + start, line.len - start - 2}, peer);
}

/* How many octets a line without its end lacks at least; 0 if nothing that
 * could follow makes it good.  It is tried out: that is short, and cannot be of
 * another opinion than what takes the line when it is whole. */
static size_t
missing_of_v1(struct span octets)
{
	struct sockaddr_storage peer;
	char line[V1_MAX];
	size_t add, i, len;

	if (octets.len >= V1_MAX)
		return 0;
	memcpy(line, octets.p, octets.len);
	for (add = 1; add <= V1_MAX - octets.len; add++)
		for (i = 0; i < nitems(v1_models); i++) {
			len = strlen(v1_models[i]);
			if (add > len)
				continue;
			memcpy(
			    line + octets.len, v1_models[i] + len - add, add);
			if (take_line((struct span){line, octets.len + add},
				&peer) != PROXY_BAD)
				return add;
		}
	return 0;
}

static enum proxy_result
parse_v1(struct span octets, struct sockaddr_storage *peer, size_t *len)
{
	const char *lf = memchr(octets.p, '\n', octets.len);

	if (lf == NULL) {
		*len = missing_of_v1(octets);
		return *len > 0 ? PROXY_MORE : PROXY_BAD;
	}
	*len = (size_t)(lf - octets.p) + 1;
	return take_line((struct span){octets.p, *len}, peer);
}

/* Octets of the addresses of a family; -1 if nobody sends mail over it. */
static int
v2_addresses(unsigned char family)
{
	switch (family) {
	case 0x00: /* UNSPEC: not known, or no address can say it */
		return 0;
	case 0x11:
		return V2_FOUR;
	case 0x21:
		return V2_SIX;
	default:
		return -1;
	}
}

/* The addresses of version 2, section 2.2; what follows them is left alone. */
static enum proxy_result
take_v2(const unsigned char *p, int addresses, struct sockaddr_storage *peer)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)peer;
	struct sockaddr_in *four = (struct sockaddr_in *)peer;

	if (addresses == 0)
		return PROXY_LOCAL;
	memset(peer, 0, sizeof(*peer));
	if (addresses == V2_FOUR) {
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, p + V2_FIXED, 4);
		memcpy(&four->sin_port, p + V2_FIXED + 8, 2);
	} else {
		six->sin6_family = AF_INET6;
		memcpy(&six->sin6_addr, p + V2_FIXED, 16);
		memcpy(&six->sin6_port, p + V2_FIXED + 32, 2);
	}
	return PROXY_PEER;
}

static enum proxy_result
parse_v2(struct span octets, struct sockaddr_storage *peer, size_t *len)
{
	const unsigned char *p = (const unsigned char *)octets.p;
	int addresses = 0;
	size_t rest = 0;

	/* after LOCAL it does not matter what the addresses are */
	if (octets.len > V2_COMMAND && p[V2_COMMAND] != 0x20 &&
	    p[V2_COMMAND] != 0x21)
		return PROXY_BAD;
	if (octets.len > V2_FAMILY && p[V2_COMMAND] == 0x21)
		addresses = v2_addresses(p[V2_FAMILY]);
	if (octets.len > V2_LENGTH)
		rest = (size_t)p[V2_LENGTH] << 8;
	if (octets.len >= V2_FIXED)
		rest |= p[V2_LENGTH + 1];
	if (addresses < 0 || V2_FIXED + rest > PROXY_HEADER_MAX ||
	    (octets.len >= V2_FIXED && rest < (size_t)addresses))
		return PROXY_BAD;
	*len = V2_FIXED + rest;
	if (octets.len >= *len)
		return take_v2(p, addresses, peer);
	*len -= octets.len;
	return PROXY_MORE;
}

enum proxy_result
proxy_parse(struct span octets, struct sockaddr_storage *peer, size_t *len)
{
	*len = sizeof(v1_start) - 1;
	if (octets.len == 0)
		return PROXY_MORE;
	if (begins(octets, v2_start, sizeof(v2_start) - 1))
		return parse_v2(octets, peer, len);
	if (!begins(octets, v1_start, sizeof(v1_start) - 1))
		return PROXY_BAD;
	if (octets.len >= sizeof(v1_start) - 1)
		return parse_v1(octets, peer, len);
	*len = sizeof(v1_start) - 1 - octets.len;
	return PROXY_MORE;
}
