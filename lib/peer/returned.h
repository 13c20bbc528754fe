/*
 * returned: the frame of mail that came home, see agamid(7), 6.8.
 */
#ifndef PEER_RETURNED_H
#define PEER_RETURNED_H

#include "mail/frame.h"
#include "node/nodes.h"
#include "seal/openpgp.h"

#define RETURNED_ONCE_SIZE 33

/* What is the same however often a message comes, and in whatever wrapping:
 * made of who signed it and of the id inside. */
void returned_once(
    const char *signer, struct span id, char once[RETURNED_ONCE_SIZE]);

enum returned_result {
	RETURNED_OK,
	RETURNED_FOREIGN, /* it was not sealed for us */
	RETURNED_REFUSED, /* we have none of its recipients; reply is set */
	RETURNED_UNSURE,  /* we cannot know now whether we have them; dito */
	RETURNED_FAILED   /* errno */
};

/* Makes the fields of an empty frame: those of inner, which was sealed and
 * signed by the node with that name and key, with the id of outer and without
 * what is not that node's to say.  The mailboxes of the recipients are looked
 * up in what nodes has now, and those that are refused are left out.  reply
 * lives as long as nodes. */
enum returned_result returned_make(const struct frame *inner,
    const struct frame *outer, const struct nodes *nodes, const char *name,
    const char *key, struct frame *frame, const char **reply);

#endif
