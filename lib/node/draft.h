/*
 * draft: the manifest that a new node begins with, a text for a person who
 * edits it.  So it explains itself, and what most will want to say stands in it
 * as a comment.
 */
#ifndef NODE_DRAFT_H
#define NODE_DRAFT_H

#include "base/buf.h"

struct draft {
	const char *name;
	const char *host;
	const char *domain; /* this and the host as domain_normal() has them */
	const char *key;    /* a fingerprint */
};

/* Adds it.  0, or -1 if these make no manifest, which was told. */
int draft_write(const struct draft *draft, struct buf *text);

#endif
