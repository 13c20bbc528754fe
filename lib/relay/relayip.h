/*
 * relayip: addresses of the internet as they stand in header fields.
 */
#ifndef RELAY_RELAYIP_H
#define RELAY_RELAYIP_H

#include <stdbool.h>

#include "base/span.h"

/* Octets of an address, of either family: an IPv4 one is mapped into IPv6
 * (RFC 4291, 2.5.5.2).  False if the text is none, whole and without brackets;
 * "IPv6:" in front is allowed. */
bool relay_ip_octets(struct span text, unsigned char octets[16]);

bool relay_is_ip(struct span text);
bool relay_is_ip4(struct span text);

/* An address of the host itself: "localhost", 127.0.0.1, ::1. */
bool relay_is_localhost(struct span text);

/* The first address in a text that stands by itself, with its "IPv6:"; p NULL
 * if there is none.  It is no part of a longer row of numbers and dots, and
 * neither begins nor ends with a colon. */
struct span relay_find_ip(struct span text);

#endif
