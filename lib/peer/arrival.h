/*
 * arrival: what comes from a peer, frame by frame; see agamid(7), 7.
 *
 * A frame is read to its last octet before anything is done with it, and what
 * is taken out of it are three names in forms that can lead nowhere.  Of a
 * frame that is too much, or too many, nothing is kept, but it is read, so that
 * there can be an answer to it.
 */
#ifndef PEER_ARRIVAL_H
#define PEER_ARRIVAL_H

#include "mail/frame.h"

#define ARRIVAL_HEAD_MAX 4096 /* octets up to the message */
#define ARRIVAL_NODE_MAX 64   /* octets of a node's name */
#define ARRIVAL_EXCESS_MAX 16 /* frames beyond a limit that are answered */

enum arrival_kind {
	ARRIVAL_MAIL,
	ARRIVAL_HELLO, /* asks for our manifest */
	ARRIVAL_REFUSED
};

/* Of mail the frame has the fields id, direction and node, and no others. */
struct arrival {
	struct frame frame;
	enum arrival_kind kind;
	char id[FRAME_ID_MAX + 1];
	char node[ARRIVAL_NODE_MAX + 1]; /* value_is_name(); or "" */
	uint64_t serial;                 /* of hello */
	bool dropped;                    /* fields that nobody asked for */
	enum verdict verdict;            /* if it is refused */
	const char *reply;
};

/* A connection. */
struct arrivals {
	struct io_in in;
	uint64_t size;     /* octets of a message at most */
	uint64_t messages; /* in all */
	uint64_t bytes;    /* octets in all */
	uint64_t idle;     /* ms between two frames */
	uint64_t frame;    /* ms for one */
	int64_t end;       /* no frame begins later: a point of clock_ms() */
	uint64_t had;      /* messages */
	uint64_t octets;
	unsigned excess; /* frames beyond a limit */
};

void arrival_init(struct arrival *arrival);
void arrival_free(struct arrival *arrival);

/* Reads the next frame.  1; 0 at the end; -1 with errno: EBADMSG (cut, changed,
 * no frame), EMSGSIZE (its head), ETIMEDOUT, EDQUOT (too many beyond a limit),
 * or the read's or the temporary file's.  After -1 nothing can be read. */
int arrival_next(struct arrivals *arrivals, struct arrival *arrival);

#endif
