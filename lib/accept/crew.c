/*
 * crew: the loop's side of the workers, and of the pipelines they borrow.
 *
 * - A connection in the clear is handed to an idle worker with its state; one
 *   under TLS needs a fresh fork, since its keys are in our memory only.
 * - Most messages take a few milliseconds, so in a burst it is better to wait
 * for a worker than to fork one for everybody: then all would be served at
 * once, and all be late.  So beyond a few, one is forked every 10 ms while
 * somebody waits; slow clients soon have as many as they need.
 * - A worker that dies while it holds a pipeline takes the pipeline with it:
 *   nobody knows how much of a frame is in there.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"

#define IDLE_MAX 16        /* idle workers that are kept */
#define FORK_FREELY 4      /* workers that are forked as they are wanted */
#define FORK_MS 10         /* between two more of them */
#define FORK_AGAIN_MS 1000 /* after a fork that failed */
#define IDLE_MS 30000      /* for so long */

static struct pool *
pool_of(struct server *server, const struct worker_link *worker)
{
	return &server->accept->pools[worker->route];
}

/* Closes the channel: an idle worker leaves at once, another one when its visit
 * is over. */
static void
retire(struct server *server, struct worker_link *worker)
{
	if (worker->pipeline != NULL) {
		pool_give(pool_of(server, worker), worker->pipeline, true);
		worker->pipeline = NULL;
	}
	server_forget(server, &worker->source);
	close(worker->source.fd);
	worker->source.kind = SOURCE_GONE;
	worker->retired = true;
	worker->wants = false;
	worker->idle = false;
	server->worker_count--;
}

/* In the child; the parent's epoll must not see what happens to our copies of
 * its descriptors, so nothing is taken out of it here. */
_Noreturn static void
become_worker(struct server *server, struct conn *conn, int channel)
{
	close(server->epoll);
	worker_main(server->accept, channel, &conn->visit);
}

static bool
fork_worker(struct server *server, struct conn *conn)
{
	struct worker_link *worker;
	int ends[2];

	worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		fatal("out of memory");
	if (channel_open(ends) < 0) {
		warning("cannot make a channel: %s", strerror(errno));
		free(worker);
		return false;
	}
	worker->pid = fork();
	if (worker->pid == 0)
		become_worker(server, conn, ends[1]);
	close(ends[1]);
	if (worker->pid < 0) {
		warning("cannot fork: %s", strerror(errno));
		close(ends[0]);
		free(worker);
		return false;
	}
	worker->source = (struct source){SOURCE_WORKER, ends[0], 0, false};
	worker->next = server->workers;
	server->workers = worker;
	server->worker_count++;
	server_watch(server, &worker->source, EPOLLIN);
	return true;
}

static struct worker_link *
idle_worker(struct server *server)
{
	struct worker_link *worker;

	for (worker = server->workers; worker != NULL; worker = worker->next)
		if (worker->idle)
			return worker;
	return NULL;
}

/* 0, or -1 if the worker cannot take it. */
static int
send_visit(struct worker_link *worker, const struct visit *visit)
{
	struct buf packed = BUF_INIT(CHANNEL_SIZE - 1);
	int rc;

	visit_pack(visit, &packed);
	rc = packed.full ? -1
			 : channel_send(worker->source.fd, TELL_VISIT,
			       buf_span(&packed), &visit->stream.fd, 1, 1);
	buf_free(&packed);
	if (rc == 0)
		worker->idle = false;
	return rc;
}

static bool
may_fork(const struct server *server, const struct conn *conn)
{
	if (server->worker_count >= server->accept->workers)
		return false;
	if (clock_ms() >= server->next_fork)
		return true;
	return !server->fork_failed && (conn->visit.stream.ssl != NULL ||
					   server->worker_count < FORK_FREELY);
}

bool
crew_hand_over(struct server *server, struct conn *conn)
{
	struct worker_link *idle = idle_worker(server);

	if (idle != NULL && conn->visit.stream.ssl == NULL) {
		if (send_visit(idle, &conn->visit) == 0) {
			conn_release(server, conn);
			return true;
		}
		retire(server, idle);
	} else if (idle != NULL &&
		   server->worker_count >= server->accept->workers)
		retire(server, idle); /* makes room for a fork */
	if (!may_fork(server, conn))
		return false;
	server->fork_failed = !fork_worker(server, conn);
	server->next_fork =
	    clock_ms() + (server->fork_failed ? FORK_AGAIN_MS : FORK_MS);
	if (server->fork_failed)
		return false;
	conn_release(server, conn);
	return true;
}

void
crew_serve_waiting(struct server *server)
{
	struct conn *conn;

	while ((conn = server->waiting) != NULL) {
		server->waiting = conn->next_waiting;
		if (server->waiting == NULL)
			server->waiting_end = &server->waiting;
		if (!crew_hand_over(server, conn)) {
			conn->next_waiting = server->waiting;
			if (server->waiting == NULL)
				server->waiting_end = &conn->next_waiting;
			server->waiting = conn;
			return;
		}
	}
}

static void
refuse(struct worker_link *worker, const char *reply)
{
	worker->wants = false;
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
	first->pipeline = pool_take(pool_of(server, first));
	if (first->pipeline == NULL) {
		if (errno != EAGAIN)
			refuse(first, "451 4.3.0 Try again later");
		return errno != EAGAIN;
	}
	first->wants = false;
	fds[0] = first->pipeline->in;
	fds[1] = first->pipeline->out;
	if (channel_send(first->source.fd, TELL_PIPELINE,
		(struct span){NULL, 0}, fds, 2, 1) < 0)
		retire(server, first);
	return true;
}

static void
lend_all(struct server *server, int route)
{
	while (lend(server, route))
		continue;
}

static void
take_back(struct server *server, struct worker_link *worker, bool broken)
{
	/* those that died by themselves come first, for the log */
	if (broken && worker->pipeline != NULL)
		crew_reap(server);
	if (worker->pipeline == NULL)
		return;
	pool_give(pool_of(server, worker), worker->pipeline, broken);
	worker->pipeline = NULL;
	lend_all(server, worker->route);
}

void
crew_event(struct server *server, struct worker_link *worker)
{
	int route, fds[CHANNEL_FDS_MAX];
	ssize_t n;

	n = channel_receive(worker->source.fd, server->letter, fds, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		route = worker->route;
		retire(server, worker);
		lend_all(server, route);
		crew_serve_waiting(server);
		return;
	}
	switch (server->letter[0]) {
	case ASK_PIPELINE:
		route = n == 2 ? server->letter[1] - '0' : -1;
		if (route < 0 || route >= ROUTE_COUNT ||
		    server->accept->pools[route].name == NULL) {
			refuse(worker, "451 4.3.0 Try again later");
			break;
		}
		worker->wants = true;
		worker->route = route;
		worker->turn = server->turns++;
		worker->deadline = clock_ms() + (int64_t)server->accept->wait;
		lend_all(server, route);
		break;
	case ASK_RELEASE:
	case ASK_BREAK:
		take_back(server, worker, server->letter[0] == ASK_BREAK);
		break;
	case ASK_VISIT:
		take_back(server, worker, true);
		if (worker->stale || server->stopping) {
			retire(server, worker);
		} else {
			worker->idle = true;
			worker->deadline = clock_ms() + IDLE_MS;
		}
		crew_serve_waiting(server);
		break;
	}
}

void
crew_reap(struct server *server)
{
	struct worker_link **link, *worker;
	int i, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (link = &server->workers; (worker = *link) != NULL;
		     link = &worker->next)
			if (worker->pid == pid)
				break;
		if (worker != NULL) {
			if (WIFSIGNALED(status))
				warning("a worker was killed by signal %d",
				    WTERMSIG(status));
			if (!worker->retired)
				retire(server, worker);
			worker->pid = 0; /* freed by the next sweep */
			continue;
		}
		for (i = 0; i < ROUTE_COUNT; i++)
			if (pool_reaped(&server->accept->pools[i], pid, status))
				break;
	}
	for (i = 0; i < ROUTE_COUNT; i++)
		lend_all(server, i);
	crew_serve_waiting(server);
}

static void
free_reaped(struct server *server)
{
	struct worker_link **link = &server->workers, *worker;

	while ((worker = *link) != NULL)
		if (worker->pid == 0) {
			*link = worker->next;
			free(worker);
		} else
			link = &worker->next;
}

void
crew_sweep(struct server *server, int64_t now)
{
	struct worker_link *worker;
	size_t idle = 0;
	int i;

	free_reaped(server);
	for (i = 0; i < ROUTE_COUNT; i++) {
		pool_sweep(&server->accept->pools[i]);
		lend_all(server, i);
	}
	for (worker = server->workers; worker != NULL; worker = worker->next) {
		if (worker->wants && now >= worker->deadline)
			refuse(worker, "451 4.3.2 Too busy");
		if (worker->idle &&
		    (++idle > IDLE_MAX || now >= worker->deadline))
			retire(server, worker);
	}
	crew_serve_waiting(server);
}

void
crew_retire_idle(struct server *server)
{
	struct worker_link *worker;

	for (worker = server->workers; worker != NULL; worker = worker->next) {
		worker->stale = true;
		if (worker->idle)
			retire(server, worker);
	}
}

void
crew_stop(struct server *server)
{
	struct worker_link *worker;

	for (worker = server->workers; worker != NULL; worker = worker->next) {
		if (worker->pid > 0)
			kill(worker->pid, SIGTERM);
		if (worker->idle)
			retire(server, worker);
	}
}
