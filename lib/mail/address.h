/*
 * address: mailboxes and paths as RFC 5321 4.1.2 writes them, with the UTF-8
 * of RFC 6531 3.3.
 *
 * An address is kept by its meaning: quotes and backslashes of the local part
 * undone, a source route dropped, the domain's ASCII letters in lower case.
 * Both parts are free of control characters, so they may stand in C strings.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/scan.h"

#define ADDRESS_LOCAL_MAX 64   /* octets, RFC 5321 4.5.3.1.1 */
#define ADDRESS_DOMAIN_MAX 255 /* 4.5.3.1.2 */
#define ADDRESS_PATH_MAX 256   /* with the brackets, 4.5.3.1.3 */

struct address {
	char local[ADDRESS_LOCAL_MAX + 1];   /* "" in the null reverse-path */
	char domain[ADDRESS_DOMAIN_MAX + 1]; /* "[192.0.2.1]" if a literal; ""
						if there is none */
	bool literal;
	bool eightbit; /* has octets that need SMTPUTF8 */
};

/* Takes "<...>" from scan: a mailbox, a source route before it, "<>" and
 * "<postmaster>" too (domain ""; what they mean is the caller's to say).
 * 0, or -1 with errno EINVAL (no path) or ENAMETOOLONG. */
int address_take_path(struct address *address, struct scan *scan);

/* Parses a whole text as local-part@domain, or "postmaster" alone.  0, or -1
 * with errno as above. */
int address_parse(struct address *address, struct span text);

/* Appends local-part@domain, quoted where it must be; "" for the null
 * reverse-path. */
void address_format(const struct address *address, struct buf *buf);

/* Whether text is a domain or an address literal, as EHLO wants it. */
bool address_is_domain(struct span text);

#endif
