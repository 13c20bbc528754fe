/*
 * server: the parts of smtp-accept's loop.  One process, one epoll: the
 * connections until their first DATA (conn.c), the workers that take them over
 * from there, and the pipelines that the workers borrow (crew.c).
 */
#ifndef ACCEPT_SERVER_H
#define ACCEPT_SERVER_H

#include <stdbool.h>

#include "accept/accept.h"

enum source_kind {
	SOURCE_SIGNALS,
	SOURCE_LISTENER,
	SOURCE_CONN,
	SOURCE_WORKER,
	SOURCE_GONE /* of an event that was fetched before it went */
};

/* What epoll gives back; the first member of whatever waits for events. */
struct source {
	enum source_kind kind;
	int fd;
	unsigned events; /* that it waits for; epoll's */
	bool known;      /* to epoll */
};

enum conn_state {
	CONN_HANDSHAKE,
	CONN_TALK,
	CONN_WAIT,  /* for a worker */
	CONN_LINGER /* for the client to read the last reply and close */
};

struct conn {
	struct source source;
	struct conn *next, *previous; /* of all */
	struct conn *next_waiting;
	enum conn_state state;
	enum session_event after; /* what to do when all replies are sent */
	int64_t deadline;
	size_t dropped; /* octets that came after the last reply */
	struct buf out; /* replies that the socket did not take yet */
	struct visit visit;
};

struct worker_link {
	struct source source; /* the channel */
	struct worker_link *next;
	pid_t pid;
	bool idle;
	bool stale;   /* it knows old manifests only */
	bool retired; /* its channel is closed; it leaves by itself */
	bool wants;   /* waits for a pipeline of the route */
	int route;
	int64_t deadline;          /* of that */
	uint64_t turn;             /* who asked first is served first */
	struct pipeline *pipeline; /* lent to it */
};

struct server {
	struct accept *accept;
	int epoll;
	struct source *listeners;
	size_t listener_count;
	bool listening;
	bool stopping;
	struct conn *conns, *gone_conns;
	struct conn *waiting, **waiting_end; /* for a worker, in order */
	size_t conn_count;
	struct worker_link *workers;
	size_t worker_count; /* that are not retired */
	uint64_t turns;
	int64_t next_fork; /* when another worker may be forked */
	bool fork_failed;  /* the last time */
	struct session_io io;
	char *input;  /* ACCEPT_INPUT_SIZE octets */
	char *letter; /* CHANNEL_SIZE octets */
};

/* Waits for these events from now on. */
void server_watch(
    struct server *server, struct source *source, unsigned events);
/* Waits for nothing; closes nothing. */
void server_forget(struct server *server, struct source *source);

/* conn.c */
void conn_begin(
    struct server *server, int fd, const struct sockaddr_storage *peer);
void conn_event(struct server *server, struct conn *conn);
void conn_sweep(struct server *server, int64_t now);
void conn_stop_all(struct server *server);
void conn_free_gone(struct server *server);
/* Forgets and closes it without a word: somebody else goes on with it. */
void conn_release(struct server *server, struct conn *conn);

/* crew.c */
/* Hands a waiting connection to a worker; false if it must wait longer. */
bool crew_hand_over(struct server *server, struct conn *conn);
/* Hands over those that wait, as far as there are workers. */
void crew_serve_waiting(struct server *server);
void crew_event(struct server *server, struct worker_link *worker);
void crew_reap(struct server *server);
void crew_sweep(struct server *server, int64_t now);
void crew_retire_idle(struct server *server);
void crew_stop(struct server *server);

#endif
