/*
 * content: the name of what is stored, which is its SHA-256, so that nobody
 * can choose it, and the same octets have the same name on every node.
 */
#ifndef QUEUE_CONTENT_H
#define QUEUE_CONTENT_H

#include <stdbool.h>

#include "mail/message.h"

#define CONTENT_ID_LEN 64 /* hexadecimal digits, lower case */
#define CONTENT_ID_SIZE (CONTENT_ID_LEN + 1)

/* The id of a message's octets, with head in front of them (len 0: nothing).
 * 0, or -1 with errno (of the message's file). */
int content_id(
    const struct message *message, struct span head, char id[CONTENT_ID_SIZE]);

/* The id of a text, to make a name of it. */
void content_id_of(struct span text, char id[CONTENT_ID_SIZE]);

/* Whether a text is one. */
bool content_is_id(struct span text);

#endif
