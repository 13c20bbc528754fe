/*
 * proxy: the header of the PROXY protocol, versions 1 and 2, in which a proxy
 * that is trusted says who the client is; as HAProxy's specification
 * (proxy-protocol.txt, section 2) has it.  Pure: octets in, an address out.
 */
#ifndef SMTP_PROXY_H
#define SMTP_PROXY_H

#include <sys/socket.h>

#include "base/span.h"

#define PROXY_HEADER_MAX 4096 /* octets, TLVs included; more is refused */

enum proxy_result {
	PROXY_MORE,  /* good so far; more is needed */
	PROXY_PEER,  /* the whole header; *peer is set */
	PROXY_LOCAL, /* the whole header; it is the proxy itself that speaks, or
			the proxy does not know (LOCAL, UNKNOWN, UNSPEC) */
	PROXY_BAD
};

/* Looks at the octets that came so far.  *len becomes the length of the header
 * when it is whole; and with PROXY_MORE, which is said only if something that
 * may follow makes it whole, how many octets may be read without touching what
 * comes behind it, which is at least 1.  Nothing else is kept: the caller gives
 * all octets again, the new ones with them. */
enum proxy_result proxy_parse(
    struct span octets, struct sockaddr_storage *peer, size_t *len);

#endif
