/*
 * canonical: the name of a host behind all its aliases.
 *
 * A record that names a host must name it so: RFC 2181, section 10.3; RFC 5321,
 * section 5.1.
 */
#ifndef NET_CANONICAL_H
#define NET_CANONICAL_H

#include <stdbool.h>

#include "net/dns.h"

#define CANONICAL_ALIASES_MAX 8 /* one behind the other */

struct canonical {
	char name[DNS_NAME_MAX + 1]; /* in lower case, without a dot at the end;
					what was asked for if it is no alias */
	bool has_address;
	char reason[DNS_REASON_SIZE]; /* why it failed */
};

/* Asks, and waits for the answers.  0; -1 if nobody knows, or the aliases lead
 * to no name of a host: then the name is what was asked for, and reason is
 * set. */
int canonical_find(
    struct dns *dns, const char *host, struct canonical *canonical);

#endif
