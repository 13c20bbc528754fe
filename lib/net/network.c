#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/scan.h"
#include "net/network.h"

static bool
is_no_slash(int c)
{
	return c != '/';
}

int
network_parse(struct network *network, struct span text)
{
	char host[INET6_ADDRSTRLEN];
	struct span address;
	struct scan scan;
	unsigned most;

	memset(network, 0, sizeof(*network));
	scan_init(&scan, text);
	address = scan_while(&scan, is_no_slash);
	if (address.len >= sizeof(host))
		return -1;
	memcpy(host, address.p, address.len);
	host[address.len] = '\0';
	network->family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	most = network->family == AF_INET6 ? 128 : 32;
	network->bits = most;
	if (inet_pton(network->family, host, network->octets) != 1)
		return -1;
	if (scan_maybe(&scan, '/'))
		network->bits = (unsigned)scan_number(&scan, most);
	return scan_ok(&scan) ? 0 : -1;
}

static bool
is_separator(int c)
{
	return c == ',' || c == ' ';
}

static bool
is_no_separator(int c)
{
	return !is_separator(c);
}

int
network_parse_list(struct network *networks, size_t max, struct span text)
{
	struct scan scan;
	size_t count;

	scan_init(&scan, text);
	for (count = 0;; count++) {
		scan_while(&scan, is_separator);
		if (scan_peek(&scan) < 0)
			return (int)count;
		if (count == max || network_parse(&networks[count],
					scan_while(&scan, is_no_separator)) < 0)
			return -1;
	}
}

bool
network_has(
    const struct network *network, const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const unsigned char *octets = six->sin6_addr.s6_addr;
	int family = address->ss_family;
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (family == AF_INET)
		octets = (const unsigned char *)&four->sin_addr;
	else if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		octets += 12;
		family = AF_INET;
	}
	return family == network->family &&
	       memcmp(octets, network->octets, whole) == 0 &&
	       (rest == 0 ||
		   (octets[whole] ^ network->octets[whole]) >> (8 - rest) == 0);
}
