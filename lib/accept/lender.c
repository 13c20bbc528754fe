/*
 * lender: the pipelines that workers borrow, for a frame at a time.  Who has
 * waited longest for one of a route is served first; the keeper starts and
 * stops them as a route's pool wants it.
 */
#include <errno.h>

#include "accept/server.h"
#include "base/clock.h"
#include "net/channel.h"

static struct pool *
pool_of(struct server *server, const struct worker_link *worker)
{
	return &server->accept->pools[worker->route];
}

static void
start_pipeline(void *context, struct pool *pool)
{
	struct server *server = context;
	struct keeper_note note = {
	    .route = (uint32_t)(pool - server->accept->pools)};

	if (keeper_tell(server->keeper.fd, KEEPER_START, &note) < 0)
		pool_failed(pool, errno);
}

static void
stop_pipeline(void *context, uint32_t number, bool kill)
{
	struct server *server = context;
	struct keeper_note note = {.number = number};

	keeper_tell(
	    server->keeper.fd, kill ? KEEPER_KILL : KEEPER_RETIRE, &note);
}

void
lender_init(struct server *server)
{
	struct pool *pool;
	int i;

	for (i = 0; i < ROUTE_COUNT; i++) {
		pool = &server->accept->pools[i];
		pool->start = start_pipeline;
		pool->stop = stop_pipeline;
		pool->keeper = server;
	}
}

/* Whether it waits for a pipeline. */
static void
set_wants(struct server *server, struct worker_link *worker, bool wants)
{
	server->wanting[worker->route] += wants;
	server->wanting[worker->route] -= worker->wants;
	worker->wants = wants;
}

static void
refuse(struct server *server, struct worker_link *worker, const char *reply)
{
	set_wants(server, worker, false);
	channel_send(
	    worker->source.fd, TELL_NO_PIPELINE, span_of(reply), NULL, 0, 1);
}

/* Lends a pipeline to the worker that has waited longest for one of the route.
 * false if there is nobody or nothing left. */
static bool
lend(struct server *server, int route)
{
	struct worker_link *worker, *first = NULL;
	int fds[2];

	for (worker = server->workers; worker != NULL; worker = worker->next)
		if (worker->wants && worker->route == route &&
		    (first == NULL || worker->turn < first->turn))
			first = worker;
	if (first == NULL)
		return false;
	first->lease = pool_take(pool_of(server, first));
	if (first->lease == NULL) {
		if (errno != EAGAIN)
			refuse(server, first, "451 4.3.0 Try again later");
		return errno != EAGAIN;
	}
	set_wants(server, first, false);
	fds[0] = first->lease->in;
	fds[1] = first->lease->out;
	if (channel_send(first->source.fd, TELL_PIPELINE,
		(struct span){NULL, 0}, fds, 2, 1) < 0)
		crew_retire(server, first);
	return true;
}

static void
lend_all(struct server *server, int route)
{
	while (lend(server, route))
		continue;
}

void
lender_ask(struct server *server, struct worker_link *worker, int route)
{
	if (route < 0 || route >= ROUTE_COUNT ||
	    server->accept->pools[route].name == NULL) {
		refuse(server, worker, "451 4.3.0 Try again later");
		return;
	}
	set_wants(server, worker, false);
	worker->route = route;
	set_wants(server, worker, true);
	worker->turn = server->turns++;
	worker->deadline = clock_ms() + (int64_t)server->accept->wait;
	lend_all(server, route);
}

void
lender_take_back(struct server *server, struct worker_link *worker, bool broken)
{
	if (worker->lease == NULL)
		return;
	pool_give(pool_of(server, worker), worker->lease, broken);
	worker->lease = NULL;
	lend_all(server, worker->route);
}

void
lender_forget(struct server *server, struct worker_link *worker)
{
	if (worker->lease != NULL)
		pool_give(pool_of(server, worker), worker->lease, true);
	worker->lease = NULL;
	set_wants(server, worker, false);
}

void
lender_noted(struct server *server, char kind, const struct keeper_note *note,
    int in, int out)
{
	struct pool *pool;

	if (note->route >= ROUTE_COUNT)
		return;
	pool = &server->accept->pools[note->route];
	if (kind == KEEPER_STARTED && in >= 0 && out >= 0)
		pool_started(pool, note->number, in, out);
	else if (kind == KEEPER_STARTED) { /* no descriptors for its ends */
		stop_pipeline(server, note->number, true);
		pool_failed(pool, EMFILE);
	} else if (kind == KEEPER_FAILED)
		pool_failed(pool, note->failure);
	else
		pool_died(pool, note->number);
	lend_all(server, (int)note->route);
}

void
lender_serve(struct server *server)
{
	int route;

	for (route = 0; route < ROUTE_COUNT; route++)
		lend_all(server, route);
}

void
lender_sweep(struct server *server, int64_t now)
{
	struct worker_link *worker;

	lender_serve(server);
	for (worker = server->workers; worker != NULL; worker = worker->next)
		if (worker->wants && now >= worker->deadline)
			refuse(server, worker, "451 4.3.2 Too busy");
}
