/*
 * senders: who a message says that it is from.
 */
#ifndef SPAM_SENDERS_H
#define SPAM_SENDERS_H

#include "net/network.h"
#include "text/mail.h"

/* A copy in lower case. */
struct span senders_lower(struct arena *arena, struct span text);

/* The addresses of all From fields in lower case, in the arena of mail: how
 * many, at most max. */
size_t senders_from(struct mail *mail, struct span *addresses, size_t max);

/* The envelope's sender in lower case; p NULL if it is not known or <>. */
struct span senders_envelope(struct mail *mail);

/* What stands behind the last '@'; p NULL if there is none. */
struct span senders_domain(struct span address);

/* The client as a network of one address, an IPv4-mapped one as IPv4; false if
 * it is not known. */
bool senders_client(const struct mail *mail, struct network *client);

#endif
