/*
 * errand: what is done for one destination of a queue, by a process of its own:
 * its mail is brought to it; if it is not there, peers get copies; what is too
 * old goes.
 *
 * The lock of the destination is held all the time, so several runners are
 * safe.  However many entries there are, few are in memory.
 */
#ifndef PEER_ERRAND_H
#define PEER_ERRAND_H

#include "node/set.h"
#include "queue/schedule.h"

#define ERRAND_DAYS_MAX 366 /* nobody keeps mail longer; see agamid(7) */
#define ERRAND_DAYS 30      /* that a copy is kept, if we do not say */

/* How the runner was started. */
struct errand_settings {
	const char *line;     /* the pipeline, see transport.h */
	const char *nodes;    /* directory of manifests; NULL: no network */
	const char *keydir;   /* our keys */
	const char *bounces;  /* a queue; NULL: nobody gets any */
	const char *imported; /* command to run after a new manifest; or NULL */
	uint64_t copies;      /* for peers */
	uint64_t days;        /* until we bounce what we are responsible for */
	uint64_t first;       /* seconds until the first retry */
	uint64_t last;        /* and between two of them at most */
	uint64_t timeout;     /* ms for an answer */
	uint64_t hello;       /* seconds without mail until a node is visited */
};

/* One, under way. */
struct errand {
	const struct errand_settings *how;
	const struct queue *queue;
	struct destination destination;
	struct nodes *nodes;        /* NULL: no network */
	const struct member *owner; /* NULL: no node that we know */
	struct schedule schedule;
	int64_t now;      /* seconds since 1970 */
	int64_t believed; /* the same when it could be believed; 0: it cannot */
};

/* What the process exits with. */
enum errand_status {
	ERRAND_EMPTY, /* nothing is left, but for what is held */
	ERRAND_LEFT,  /* there are entries left */
	ERRAND_BUSY,  /* another runner has the lock */
	ERRAND_FAILED /* it could not be done; why was told */
};

/* Runs one.  probe: the destination itself may be tried; believed: what the
 * clock has said when it could be believed (it may jump meanwhile), 0 if it
 * cannot. */
enum errand_status errand_run(const struct errand_settings *how,
    const struct queue *queue, const char *name, bool probe, int64_t believed);

/* Visits the nodes that have not answered for as long as how->hello says, for
 * their manifests. */
enum errand_status errand_hello(
    const struct errand_settings *how, const struct queue *queue);

/* The parts of errand_run().  Brings all entries to the destination; *all:
 * whether it was there and had no "later" for any of them.  0, or -1 if the
 * schedule could not be written, which was told. */
int errand_home(struct errand *errand, bool *all);

/* Gives copies to peers. */
void errand_copy(struct errand *errand);

/* Removes what was too old when the clock was believed. */
void errand_expire(struct errand *errand);

/* Takes an entry away after reply ("550 ..."), or after all the days if that
 * is NULL; if we are responsible for it there is a bounce then.  0, or -1 if it
 * has to stay, which was told. */
int errand_give_up(struct errand *errand, const struct entry *entry,
    const struct frame *frame, const char *reply);

/* Whether an entry of these fields is sealed mail that another node gave us. */
bool errand_is_copy(const struct frame *frame);
bool errand_is_sealed(const struct frame *frame);

/* A line of the log about an entry. */
void errand_tell(const struct errand *errand, const struct entry *entry,
    const struct frame *frame, const char *to, const char *verdict,
    const char *reply);

/* Notes in the schedule of a destination, which was read, how a visit went: why
 * is NULL if it went well.  0, or -1 if it cannot be written, which was told.
 */
int errand_note(const struct errand *errand,
    const struct destination *destination, struct schedule *schedule,
    const char *why);

/* A line of the log about a visit that failed, when its schedule has it. */
void errand_tell_visit(const struct errand *errand);

#endif
