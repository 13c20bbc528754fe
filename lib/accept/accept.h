/*
 * accept: what the loop and the workers of smtp-accept share.
 */
#ifndef ACCEPT_ACCEPT_H
#define ACCEPT_ACCEPT_H

#include <stdint.h>

#include "base/buf.h"
#include "net/listen.h"
#include "net/pool.h"
#include "net/tls.h"
#include "node/nodes.h"
#include "smtp/session.h"

#define ACCEPT_LISTENERS_MAX 16
#define ACCEPT_INPUT_SIZE 32768 /* octets taken from a client at once */
#define ACCEPT_ID_SIZE 17       /* 16 hexadecimal digits */
#define ACCEPT_LINGER_MS 1000   /* for the client to read the last reply */
#define ACCEPT_LINGER_SIZE (256 << 10) /* octets that are thrown away then */

enum accept_route { ROUTE_LOCAL, ROUTE_BACKUP, ROUTE_COUNT };

/* How it was configured; the loop's memory, inherited by every worker. */
struct accept {
	struct session_config session;
	struct nodes *nodes;
	struct tls *tls;                /* NULL: none */
	bool implicit_tls;              /* from the first octet */
	struct pool pools[ROUTE_COUNT]; /* name NULL: no such route */
	uint64_t wait;                  /* ms for a worker or a pipeline */
	uint64_t deadline;              /* ms for a verdict */
	uint64_t timeout;               /* ms for a client to say something */
	uint64_t workers;               /* at most */
	uint64_t connections;           /* at most */
};

/* One connection, wherever it is served. */
struct visit {
	struct stream stream;
	struct session session;
	struct buf in; /* octets read and not taken yet */
	char id[ACCEPT_ID_SIZE];
	char name[LISTEN_NAME_SIZE]; /* the client's address */
	unsigned port;
	int64_t since;
	/* for the log */
	const char *end; /* how it ended */
	struct buf note; /* who wrote to whom, and who was refused */
	unsigned done;
	unsigned rejected;
	unsigned deferred;
	uint64_t octets;
};

/* Life of a visit.  visit_free() does not touch the stream. */
void visit_init(struct visit *visit, const struct accept *accept);
void visit_free(struct visit *visit);

/* Notes " key=<address>" for the log, with '?' for what could be taken for
 * another key; what does not fit any more is left out. */
void visit_note(struct visit *visit, const char *key, struct span address);

/* Notes the code of a reply. */
void visit_note_reply(struct visit *visit, const char *reply);

/* The line in the log. */
void visit_log(const struct visit *visit);

/* A visit in the clear as octets, without its descriptor, and back again: 0, or
 * -1 if it is none. */
void visit_pack(const struct visit *visit, struct buf *buf);
int visit_unpack(
    struct visit *visit, const struct accept *accept, struct span packed);

/* Answers SESSION_RECIPIENT from the manifests. */
void accept_recipient(
    const struct accept *accept, struct visit *visit, struct session_io *io);

/* Messages on the channel between the loop and a worker. */
enum {
	TELL_VISIT = 'C',    /* to the worker: a packed visit, its descriptor */
	TELL_PIPELINE = 'P', /* to the worker: ends of a pipeline (in, out) */
	TELL_NO_PIPELINE = 'N', /* to the worker: none; the payload says why */
	ASK_PIPELINE = 'W', /* to the loop: one of the route in the payload */
	ASK_RELEASE = 'R',  /* to the loop: it can be used again */
	ASK_BREAK = 'B',    /* to the loop: it cannot, kill it */
	ASK_VISIT = 'I'     /* to the loop: the visit is over, next one */
};

/* Serves the visit and, if it was told so, others after it; never returns.
 * The loop's descriptors but for the channel and the visit's are closed. */
_Noreturn void worker_main(
    const struct accept *accept, int channel, struct visit *visit);

/* Where connections come from. */
struct accept_sources {
	int listeners[ACCEPT_LISTENERS_MAX];
	size_t listener_count;
	int connection; /* one that is there already; or -1 */
	/* Loads anew what the loop uses, at SIGHUP; what cannot be loaded
	 * stays as it is. */
	void (*reload)(struct accept *accept);
};

/* Takes the sockets of systemd (LISTEN_FDS), or if there are no listeners what
 * standard input is: a listening socket or one connection.  Ends the program
 * with 111 if it is neither. */
void sources_inherit(struct accept_sources *sources);

/* Serves until SIGTERM, or until the one connection is over.  Returns the exit
 * status. */
int server_run(struct accept *accept, const struct accept_sources *sources);

#endif
