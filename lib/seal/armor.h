/*
 * armor: OpenPGP messages as text (RFC 4880, 6.2), and to whom they are (5.1).
 *
 * gpg reads them; this is for the questions that need no key: whether the text
 * came through whole, and for whom it is.
 */
#ifndef SEAL_ARMOR_H
#define SEAL_ARMOR_H

#include "mail/message.h"

#define ARMOR_LINE_MAX 1024 /* octets; they are 64 long */
#define ARMOR_HEADERS_MAX 32
#define ARMOR_HEAD (16 << 10) /* octets of packets that are looked at */
#define ARMOR_KEYS 16         /* keys that one message is encrypted to */

#define ARMOR_SIGNATURE_END "-----END PGP SIGNATURE-----\n"

/* Whether it ends as a message does. */
bool armor_has_end(const struct message *message);

/* 0 if it is one message from its first line to its last and its checksum is
 * right or missing; else -1 with errno EBADMSG. */
int armor_check(const struct message *message);

/* The ids of the keys (0: hidden) that it is encrypted to, with an integrity
 * check.  Returns how many there are; -1 with errno EBADMSG if it is no such
 * message. */
int armor_keys(const struct message *message, uint64_t ids[ARMOR_KEYS]);

#endif
