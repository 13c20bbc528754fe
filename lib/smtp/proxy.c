#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/scan.h"
#include "smtp/proxy.h"

#define V1_MAX 107 /* octets with CRLF, section 2.1 */
#define V2_FIXED 16
#define V2_FOUR 12 /* octets of two addresses and two ports */
#define V2_SIX 36

static const char v1_start[] = "PROXY ";
static const char v2_start[] = "\r\n\r\n\0\r\nQUIT\n";

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
	struct scan scan;
	int family, rc;
	in_port_t port;

	scan_init(&scan, line);
	if (scan_maybe_word(&scan, "UNKNOWN")) /* what follows is nobody's */
		return scan_ok(&scan) || scan_peek(&scan) == ' ' ? PROXY_LOCAL
								 : PROXY_BAD;
	family = scan_maybe_word(&scan, "TCP4") ? AF_INET : AF_INET6;
	if (family == AF_INET6 && !scan_maybe_word(&scan, "TCP6"))
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

static enum proxy_result
parse_v1(struct span octets, struct sockaddr_storage *peer, size_t *len)
{
	const char *lf = memchr(octets.p, '\n', octets.len);
	size_t start = sizeof(v1_start) - 1;

	if (lf == NULL) {
		/* a line end of two octets is still to come */
		*len =
		    octets.len > 0 && octets.p[octets.len - 1] == '\r' ? 1 : 2;
		return octets.len + *len <= V1_MAX ? PROXY_MORE : PROXY_BAD;
	}
	*len = (size_t)(lf - octets.p) + 1;
	if (*len > V1_MAX || *len < start + 2 || lf[-1] != '\r' ||
	    memchr(octets.p, '\r', *len) != lf - 1)
		return PROXY_BAD;
	return take_v1((struct span){octets.p + start, *len - start - 2}, peer);
}

/* The addresses of version 2, section 2.2; what follows them is left alone. */
static enum proxy_result
take_v2(const unsigned char *p, size_t rest, struct sockaddr_storage *peer)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)peer;
	struct sockaddr_in *four = (struct sockaddr_in *)peer;
	const unsigned char *addresses = p + V2_FIXED;

	if (p[12] == 0x20) /* LOCAL, whatever the addresses are */
		return PROXY_LOCAL;
	if (p[12] != 0x21)
		return PROXY_BAD;
	memset(peer, 0, sizeof(*peer));
	switch (p[13]) {
	case 0x00: /* UNSPEC: not known, or no address can say it */
		return PROXY_LOCAL;
	case 0x11: /* TCP over IPv4 */
		if (rest < V2_FOUR)
			return PROXY_BAD;
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, addresses, 4);
		memcpy(&four->sin_port, addresses + 8, 2);
		return PROXY_PEER;
	case 0x21: /* TCP over IPv6 */
		if (rest < V2_SIX)
			return PROXY_BAD;
		six->sin6_family = AF_INET6;
		memcpy(&six->sin6_addr, addresses, 16);
		memcpy(&six->sin6_port, addresses + 32, 2);
		return PROXY_PEER;
	default: /* nobody sends mail so */
		return PROXY_BAD;
	}
}

static enum proxy_result
parse_v2(struct span octets, struct sockaddr_storage *peer, size_t *len)
{
	const unsigned char *p = (const unsigned char *)octets.p;
	size_t rest;

	if (octets.len < V2_FIXED) {
		*len = V2_FIXED - octets.len;
		return PROXY_MORE;
	}
	rest = (size_t)p[14] << 8 | p[15];
	if (V2_FIXED + rest > PROXY_HEADER_MAX)
		return PROXY_BAD;
	*len = V2_FIXED + rest;
	if (octets.len >= *len)
		return take_v2(p, rest, peer);
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
