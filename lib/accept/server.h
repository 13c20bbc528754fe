/*
 * server: the parts of smtp-accept's loop.  One process, one epoll: the
 * connections until their first DATA (greet.c, talk.c, conn.c), what the DNS
 * lists say of them (asker.c), whether other nodes are up (prober.c), the
 * workers that take them over from there (crew.c), and the pipelines that the
 * workers borrow (lender.c).
 */
#ifndef ACCEPT_SERVER_H
#define ACCEPT_SERVER_H

#include <stdbool.h>

#include "accept/accept.h"
#include "accept/helper.h"
#include "accept/keeper.h"
#include "base/heap.h"
#include "net/gate.h"
#include "net/source.h"

#define SERVER_ASKED_MAX 1024 /* connections that wait for DNS lists */

/* Of a source. */
enum source_kind {
	SOURCE_SIGNALS,
	SOURCE_LISTENER,
	SOURCE_CONN,
	SOURCE_WORKER,
	SOURCE_KEEPER,
	SOURCE_LISTS,
	SOURCE_PROBER,
	SOURCE_GONE /* of an event that was fetched before it went */
};

enum conn_state {
	CONN_PROXY, /* for the header of a proxy */
	CONN_GREET, /* for the greeting, which comes later */
	CONN_HANDSHAKE,
	CONN_TALK,
	CONN_HELD,  /* until its timer */
	CONN_WAIT,  /* for a worker */
	CONN_LINGER /* for the client to read the last reply and close */
};

struct conn {
	struct source source;
	struct conn *next, *previous; /* of all */
	struct conn *next_waiting;
	enum conn_state state;
	enum session_event after;  /* what to do when all replies are sent */
	int64_t progress;          /* when a command was last completed */
	int64_t deadline;          /* of CONN_PROXY, CONN_WAIT, CONN_LINGER */
	struct heap_item timer;    /* of CONN_GREET and CONN_HELD */
	int64_t lists_until;       /* for so long we wait for DNS lists */
	uint64_t asked;            /* number of its question; 0: none open */
	struct address *recipient; /* that waits for the prober, or NULL, */
	size_t owner;              /* for what it says of this one, */
	int64_t owner_until;       /* for so long */
	struct gate_guest guest;
	size_t dropped; /* octets that came after the last reply */
	struct buf out; /* replies that the socket did not take yet */
	struct visit visit;
};

struct worker_link {
	struct source source; /* the channel */
	struct worker_link *next;
	struct gate_guest guest; /* whom it serves */
	pid_t pid;
	bool idle;
	bool stale;   /* it knows old manifests only */
	bool retired; /* its channel is closed; it leaves by itself */
	bool hurried; /* it was told that others wait */
	bool wants;   /* waits for a pipeline of the route */
	int route;
	int64_t deadline;    /* of that */
	size_t owner;        /* that it waits to hear of; 0: none, */
	int64_t owner_until; /* for so long */
	uint64_t turn;       /* who asked first is served first */
	struct lease *lease; /* of the pipeline lent to it */
};

struct server {
	struct accept *accept;
	int epoll;
	struct source *listeners;
	size_t listener_count;
	struct source keeper;
	struct helper lists, prober;
	bool keeper_gone; /* it has been reaped */
	bool listening;
	bool stopping;
	int status; /* to leave with */
	struct gate *gate;
	struct conn *conns, *gone_conns;
	struct conn *waiting, **waiting_end; /* for a worker, in order */
	size_t conn_count;
	struct heap timers;
	int64_t patience;     /* ms for a command, as there is room */
	int64_t next_summary; /* of what was refused */
	uint64_t questions;   /* to the DNS lists */
	struct owner *owners; /* what is known of other nodes */
	size_t owner_count, owner_cap;
	size_t probing;  /* of these, that the prober was asked about */
	uint64_t probes; /* questions to it */
	struct conn *asked[SERVER_ASKED_MAX]; /* by number of the question */
	struct worker_link *workers;
	size_t worker_count;         /* that are not retired, */
	size_t idle_count;           /* and of these, that are idle */
	size_t wanting[ROUTE_COUNT]; /* workers that wait for a pipeline */
	uint64_t turns;
	int64_t next_fork; /* when another worker may be forked */
	bool fork_failed;  /* the last time */
	bool fork_wanted;  /* as soon as it may be */
	struct session_io io;
	char *input;  /* ACCEPT_INPUT_SIZE octets */
	char *letter; /* CHANNEL_SIZE octets */
};

/* server.c */
/* Refuses new ones, ends idle ones, and leaves when the rest is done. */
void server_stop(struct server *server);

/* greet.c */
/* A connection that was just accepted, up to its greeting. */
void greet_begin(
    struct server *server, int fd, const struct sockaddr_storage *peer);
/* In CONN_PROXY or CONN_GREET: the client says something, or goes. */
void greet_event(struct server *server, struct conn *conn);
/* In CONN_GREET: it has waited long enough. */
void greet_now(struct server *server, struct conn *conn);

/* conn.c */
struct conn *conn_new(struct server *server, int fd);
void conn_begin_handshake(struct server *server, struct conn *conn);
/* Closes at once, and says why in the log. */
void conn_drop(struct server *server, struct conn *conn, const char *why);
void conn_event(struct server *server, struct conn *conn);
void conn_timers(struct server *server, int64_t now);
void conn_sweep(struct server *server, int64_t now);
/* Sends somebody away if there are too many. */
void conn_make_room(struct server *server);
void conn_stop_all(struct server *server);
void conn_free_gone(struct server *server);
/* Forgets and closes it without a word: somebody else goes on with it. */
void conn_release(struct server *server, struct conn *conn);

/* talk.c */
/* Runs the session on the input at hand and sends what it says; then waits for
 * the client, or does what comes next. */
void talk_on(struct server *server, struct conn *conn);
/* In CONN_TALK: the client says something, or reads on. */
void talk_event(struct server *server, struct conn *conn);
/* Goes on with what was kept in visit.in, if anything. */
void talk_resume(struct server *server, struct conn *conn);
/* No worker in time: says so, and takes up what the client said after it. */
void talk_refuse(struct server *server, struct conn *conn);
/* Sends io.out and closes. */
void talk_end(struct server *server, struct conn *conn, const char *why);

/* asker.c */
/* Asks the DNS lists about a connection, if there are any. */
void asker_ask(struct server *server, struct conn *conn,
    const struct sockaddr_storage *peer);
/* It does not want to know any more. */
void asker_cancel(struct server *server, struct conn *conn);
/* Their process has answered, or is gone. */
void asker_event(struct server *server);
void asker_sweep(struct server *server, int64_t now);
void asker_stop(struct server *server);

/* prober.c */
/* Answers SESSION_RECIPIENT.  false if it has to wait for what the prober says:
 * then it is to be held until prober_patience(), and to come again. */
bool prober_recipient(struct server *server, struct conn *conn);
int64_t prober_patience(const struct server *server, const struct conn *conn);
/* Tells a worker of a node, at once or when it is known. */
void prober_tell(
    struct server *server, struct worker_link *worker, struct span node);
/* The prober has answered, or is gone. */
void prober_event(struct server *server);
void prober_sweep(struct server *server, int64_t now);
void prober_stop(struct server *server);

/* crew.c */
/* A message is about to come: to a worker, or into the queue for one. */
void crew_take(struct server *server, struct conn *conn);
/* It does not wait for one any more. */
void crew_forget(struct server *server, const struct conn *conn);
/* Hands over those that wait, as far as there are workers. */
void crew_serve_waiting(struct server *server);
void crew_event(struct server *server, struct worker_link *worker);
void crew_reap(struct server *server);
/* Closes the channel: an idle worker leaves at once, another one when its visit
 * is over. */
void crew_retire(struct server *server, struct worker_link *worker);
void crew_sweep(struct server *server, int64_t now);
void crew_retire_idle(struct server *server);
void crew_stop(struct server *server);

/* lender.c */
/* Makes the pools ask the keeper. */
void lender_init(struct server *server);
/* Lends a worker a pipeline of that route, at once or when it is its turn. */
void lender_ask(struct server *server, struct worker_link *worker, int route);
/* It gives back what it has, if anything. */
void lender_take_back(
    struct server *server, struct worker_link *worker, bool broken);
/* It is gone: a pipeline that it holds goes with it. */
void lender_forget(struct server *server, struct worker_link *worker);
/* Acts on a note of the keeper about a pipeline. */
void lender_noted(struct server *server, char kind,
    const struct keeper_note *note, int in, int out);
/* Lends what there is to those who wait. */
void lender_serve(struct server *server);
void lender_sweep(struct server *server, int64_t now);

#endif
