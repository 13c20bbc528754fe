/*
 * pgpmime: messages of PGP/MIME (RFC 3156, 4) by anybody; for
 * container_disclose().
 */
#ifndef SEAL_PGPMIME_H
#define SEAL_PGPMIME_H

#include "mail/message.h"

#define PGPMIME_HEADER_MAX (256 << 10) /* octets of a header that are read */

/* Finds what is encrypted in a message that is multipart/encrypted as a whole:
 * the octets of its second part, decoded.  0, or -1 with errno, EBADMSG if it
 * is no such message. */
int pgpmime_find(const struct message *message, struct message *payload);

#endif
