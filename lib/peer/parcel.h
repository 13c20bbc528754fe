/*
 * parcel: a manifest with its signature and its key, as one text, the way it
 * travels between nodes; see agamid(7).
 *
 *	pimail-manifest 1
 *	manifest: N
 *	signature: N
 *	key: N
 *	(an empty line, then so many octets of each)
 */
#ifndef PEER_PARCEL_H
#define PEER_PARCEL_H

#include "base/buf.h"

struct parcel {
	struct span manifest;
	struct span signature;
	struct span key;
};

#define PARCEL_MAX (600 << 10) /* octets of all */

bool parcel_write(const struct parcel *parcel, struct buf *text);

/* Takes one apart; the spans point into text.  0, or -1 with errno EBADMSG. */
int parcel_read(struct parcel *parcel, struct span text);

/* Reads NAME.yaml, NAME.yaml.sig and NAME.asc of a directory.  0, or -1 with
 * errno.  text holds what the spans point to. */
int parcel_load(
    struct parcel *parcel, const char *dir, const char *name, struct buf *text);

#endif
