/*
 * accepter: what becomes of the frames of a peer.
 *
 * Mail for ourselves goes through a pipeline of its own, once, however many
 * bring it; mail for others only as the manifests have it, ours and theirs.  In
 * doubt the answer is "later": then the peer keeps what it has.
 */
#ifndef PEER_ACCEPTER_H
#define PEER_ACCEPTER_H

#include "node/set.h"
#include "peer/arrival.h"
#include "peer/outlet.h"
#include "peer/seen.h"

struct accepter {
	const char *dir; /* of manifests */
	struct nodes *nodes;
	const char *peer; /* whose frames these are */
	const char *self;
	struct seen *seen;
	struct outlet own;
	struct outlet other;  /* none: nothing is kept for others */
	uint64_t answer_wait; /* ms: for a pipeline, and for the peer to read */
	uint64_t lock_wait;   /* ms: for another peer's delivery */
	int out;              /* for the answers; does not block */
	bool told;            /* of fields that were dropped; at first false */
};

/* Answers each, until the end of the stream or what is as bad.  Returns the
 * exit status: the worst answer, STATUS_DEFER if it did not end well. */
int accepter_serve(struct accepter *accepter, struct arrivals *arrivals);

#endif
