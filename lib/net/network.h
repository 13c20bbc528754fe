/*
 * network: a block of addresses, as "192.0.2.7", "192.0.2.0/24" or
 * "2001:db8::/32".
 */
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/span.h"

struct network {
	int family; /* AF_INET or AF_INET6 */
	unsigned bits;
	unsigned char octets[16];
};

/* 0, or -1 if the text is none. */
int network_parse(struct network *network, struct span text);

/* Takes such texts with commas or blanks between them.  Returns how many, or -1
 * if one is none or there are more than max. */
int network_parse_list(struct network *networks, size_t max, struct span text);

/* Whether an address is in it; an IPv4-mapped one counts as IPv4. */
bool network_has(
    const struct network *network, const struct sockaddr_storage *address);

#endif
