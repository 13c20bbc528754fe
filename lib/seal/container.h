/*
 * container: how a message with its envelope is wrapped; see agamid(7).
 *
 * Inside, what is encrypted: a MIME entity, multipart/mixed, with the fields
 * of the frame as text and the message as message/rfc822, octet for octet,
 * padded behind its end (Padme: Nikitin and others, "Reducing Metadata Leakage
 * from Encrypted Files and Communication with PURBs", 2019).  Outside, what
 * everybody sees: a message of PGP/MIME (RFC 3156, 4) that names the owner's
 * node and nothing else.
 *
 * Reading takes only what writing makes, octet for octet: it is no MIME parser.
 */
#ifndef SEAL_CONTAINER_H
#define SEAL_CONTAINER_H

#include <time.h>

#include "mail/frame.h"

/* Octets of a message that can be wrapped: armored it still fits into one. */
#define CONTAINER_MESSAGE_MAX (640ULL << 20)

/* Octets that len is padded to. */
uint64_t container_padded(uint64_t len);

/* Makes what is to be encrypted of frame's fields and its message, which it
 * takes away.  A raw message has no fields.  0, or -1 with errno (EFBIG: too
 * long). */
int container_wrap(struct frame *frame, struct message *plain);

/* Takes that apart into fields and message of an empty frame.  The fields are
 * as good as those of a frame that was read: one id, or no field at all.  0, or
 * -1 with errno: ENODATA if it is cut, which is not its writer's fault if it
 * was signed, EBADMSG if it is anything else. */
int container_unwrap(const struct message *plain, struct frame *frame);

/* Puts the outer message around armored text, in its place.  owner: what it is
 * for, a node's name (or a fingerprint); host: of the addresses in it; date:
 * when, or 0, the beginning of 1970, to tell nobody.  0, or -1 with errno. */
int container_enclose(
    struct message *message, const char *owner, const char *host, time_t date);

/* The armored text of such a message.  strict: only if it is exactly what
 * container_enclose() writes without a date, and the text is nothing but armor,
 * and *owner, if not NULL, is for whom; else any PGP/MIME message will do.  0,
 * or -1 with errno, EBADMSG if it is none. */
int container_disclose(const struct message *sealed, bool strict,
    struct buf *owner, struct message *armored);

#endif
