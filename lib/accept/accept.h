/*
 * accept: what the loop and the workers of smtp-accept share.
 */
#ifndef ACCEPT_ACCEPT_H
#define ACCEPT_ACCEPT_H

#include <stdint.h>

#include "accept/lists.h"
#include "accept/route.h"
#include "base/buf.h"
#include "net/listen.h"
#include "net/network.h"
#include "net/pool.h"
#include "net/tls.h"
#include "node/nodes.h"
#include "smtp/session.h"

#define ACCEPT_LISTENERS_MAX 16
#define ACCEPT_PROXIES_MAX 16
#define LISTS_TEXT_MAX 400      /* octets of what DNS lists say */
#define ACCEPT_INPUT_SIZE 32768 /* octets taken from a client at once */
#define ACCEPT_ID_SIZE 17       /* 16 hexadecimal digits */
#define ACCEPT_LINGER_MS 1000   /* for the client to read the last reply */
#define ACCEPT_LINGER_SIZE (256 << 10) /* octets that are thrown away then */

struct keeper_config;

/* How it was configured; the loop's memory, inherited by every worker. */
struct accept {
	struct session_config session;
	struct nodes *nodes;
	struct tls *tls;                /* NULL: none */
	bool implicit_tls;              /* from the first octet */
	struct pool pools[ROUTE_COUNT]; /* name NULL: no such route */
	uint64_t wait;                  /* ms for a worker or a pipeline */
	uint64_t deadline;              /* ms for a verdict */
	uint64_t timeout;     /* ms for a command; 0: as there is room */
	uint64_t errors;      /* 5xx replies; 0: as there is room */
	uint64_t workers;     /* at most */
	uint64_t connections; /* at most */
	uint64_t memory;      /* octets of a message held in memory */
	uint64_t greet_delay; /* ms before the greeting, for strangers */
	bool early_pass;      /* who talks before it is only marked */
	uint64_t tarpit;      /* ms after the second unknown recipient */
	uint64_t harvest;     /* unknown recipients of a source; 0: any */
	struct network proxies[ACCEPT_PROXIES_MAX];
	size_t proxy_count;
	uint64_t free;         /* octets that must be free, */
	int room[2];           /* on these file systems; -1: none */
	bool lists;            /* there are DNS lists, */
	uint64_t lists_wait;   /* ms to wait for them at RCPT, */
	uint64_t lists_reject; /* score that is refused; 0: none */
	bool when_down;        /* backup for nodes that are down only, */
	uint64_t probe_wait;   /* ms to find out, */
	uint64_t probe_cache;  /* ms that one is believed to be up */
	int keeper;            /* channel to it */
	pid_t keeper_pid;
	const struct keeper_config *files; /* where they are */
	const char *host; /* that was configured; NULL: the own node's */
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
	int64_t patience; /* ms that a worker waits for a command */
	bool early;       /* it talked before the greeting */
	int score;        /* of the DNS lists */
	struct buf lists; /* that have it, "name=address ..." */
	unsigned unknown; /* recipients; since the gate was told */
	/* for the log */
	const char *end; /* how it ended */
	struct buf note; /* who wrote to whom, and who was refused */
	unsigned done;
	unsigned rejected;
	unsigned deferred;
	uint64_t octets;
};

/* What a worker tells of a visit that is over. */
struct visit_report {
	unsigned done;
	unsigned unknown;
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

/* What is known of the mail server of another node. */
enum owner_state { OWNER_UP, OWNER_DOWN, OWNER_UNKNOWN, OWNER_ASKED };

/* Answers SESSION_RECIPIENT from the manifests, from what the DNS lists said,
 * and with when_down from what look() says of the recipient's node.  false if
 * that is OWNER_ASKED: then it is to be called again, and nothing was
 * answered. */
bool accept_recipient(const struct accept *accept, struct visit *visit,
    struct session_io *io,
    enum owner_state (*look)(void *context, const char *node), void *context);

/* Messages on the channel between the loop and a worker. */
enum {
	TELL_VISIT = 'C',    /* to the worker: a packed visit, its descriptor */
	TELL_PIPELINE = 'P', /* to the worker: ends of a pipeline (in, out) */
	TELL_NO_PIPELINE = 'N', /* to the worker: none; the payload says why */
	TELL_OWNER = 'O',       /* to the worker: '0' + enum owner_state */
	ASK_PIPELINE = 'W', /* to the loop: one of the route in the payload */
	ASK_RELEASE = 'R',  /* to the loop: it can be used again */
	ASK_BREAK = 'B',    /* to the loop: it cannot, kill it */
	ASK_OWNER = 'O',    /* to the loop: is the node in the payload up? */
	ASK_VISIT = 'I'     /* to the loop: the visit is over, with a report;
			       next one */
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
};

/* Takes the sockets of systemd (LISTEN_FDS), or if there are no listeners what
 * standard input is: a listening socket or one connection.  Ends the program
 * with 111 if it is neither. */
void sources_inherit(struct accept_sources *sources);

/* Serves until SIGTERM, or until the one connection is over.  Returns the exit
 * status. */
int server_run(struct accept *accept, const struct accept_sources *sources);

#endif
