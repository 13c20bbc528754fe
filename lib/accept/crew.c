/*
 * crew: the loop's side of the workers.
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
#define FAIR_SHARE 2       /* of the free workers a network may hold */
#define QUEUE_MAX 8        /* messages that wait for each pipeline */

static void
set_idle(struct server *server, struct worker_link *worker, bool idle)
{
	server->idle_count += idle;
	server->idle_count -= worker->idle;
	worker->idle = idle;
}

void
crew_retire(struct server *server, struct worker_link *worker)
{
	lender_forget(server, worker);
	gate_leave(server->gate, &worker->guest);
	source_forget(server->epoll, &worker->source);
	close(worker->source.fd);
	worker->source.kind = SOURCE_GONE;
	worker->retired = true;
	worker->owner = 0;
	set_idle(server, worker, false);
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
	source_watch(server->epoll, &worker->source, EPOLLIN);
	gate_decide(server->gate, &conn->guest, &worker->guest);
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
send_visit(struct server *server, struct worker_link *worker, struct conn *conn)
{
	const struct visit *visit = &conn->visit;
	struct buf packed = BUF_INIT(CHANNEL_SIZE - 1);
	int rc;

	visit_pack(visit, &packed);
	rc = packed.full ? -1
			 : channel_send(worker->source.fd, TELL_VISIT,
			       buf_span(&packed), &visit->stream.fd, 1, 1);
	buf_free(&packed);
	if (rc == 0) {
		set_idle(server, worker, false);
		worker->hurried = false;
		gate_decide(server->gate, &conn->guest, &worker->guest);
	}
	return rc;
}

/* No network gets more than twice as many workers as would be left over, so
 * that there are some for others; and with many messages in front of the
 * pipelines of a route already, the next one had better not begin. */
static bool
may_begin(const struct server *server, const struct conn *conn)
{
	int route = conn->visit.session.route;
	const struct pool *pool = &server->accept->pools[route];
	size_t busy = server->worker_count - server->idle_count;

	if (busy >= server->accept->workers ||
	    gate_workers(&conn->guest) >=
		FAIR_SHARE * (server->accept->workers - busy))
		return false;
	return !pool_is_full(pool) ||
	       server->wanting[route] < QUEUE_MAX * (size_t)pool->size;
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

/* To an idle worker or a new one; false if it must wait longer. */
static bool
hand_over(struct server *server, struct conn *conn)
{
	struct worker_link *idle = idle_worker(server);

	if (!may_begin(server, conn))
		return false;
	conn->visit.patience = server->patience;
	if (idle != NULL && conn->visit.stream.ssl == NULL) {
		if (send_visit(server, idle, conn) == 0) {
			conn_release(server, conn);
			return true;
		}
		crew_retire(server, idle);
	} else if (idle != NULL &&
		   server->worker_count >= server->accept->workers)
		crew_retire(server, idle); /* makes room for a fork */
	if (!may_fork(server, conn)) {
		server->fork_wanted =
		    server->worker_count < server->accept->workers;
		return false;
	}
	server->fork_failed = !fork_worker(server, conn);
	server->next_fork =
	    clock_ms() + (server->fork_failed ? FORK_AGAIN_MS : FORK_MS);
	if (server->fork_failed) {
		server->fork_wanted = true;
		return false;
	}
	conn_release(server, conn);
	return true;
}

void
crew_take(struct server *server, struct conn *conn)
{
	conn->state = CONN_WAIT;
	conn->deadline = clock_ms() + (int64_t)server->accept->wait;
	/* nobody overtakes those who only wait for the next fork */
	if (!server->fork_wanted && hand_over(server, conn))
		return;
	source_watch(server->epoll, &conn->source, 0);
	conn->next_waiting = NULL;
	*server->waiting_end = conn;
	server->waiting_end = &conn->next_waiting;
}

void
crew_forget(struct server *server, const struct conn *conn)
{
	struct conn **link = &server->waiting;

	while (*link != NULL && *link != conn)
		link = &(*link)->next_waiting;
	if (*link == NULL)
		return;
	*link = conn->next_waiting;
	if (*link == NULL)
		server->waiting_end = link;
}

/* In the order in which they came, but for those that may not yet. */
void
crew_serve_waiting(struct server *server)
{
	struct conn **link = &server->waiting, *conn;

	server->fork_wanted = false;
	while ((conn = *link) != NULL) {
		*link = conn->next_waiting;
		if (!hand_over(server, conn)) {
			*link = conn;
			link = &conn->next_waiting;
		}
	}
	server->waiting_end = link;
}

static void
take_report(struct server *server, struct worker_link *worker, ssize_t n)
{
	struct visit_report report;

	if ((size_t)n == 1 + sizeof(report)) {
		memcpy(&report, server->letter + 1, sizeof(report));
		gate_note_good(
		    server->gate, &worker->guest, report.done, clock_ms());
		gate_note_bad(
		    server->gate, &worker->guest, report.unknown, clock_ms());
	}
	gate_leave(server->gate, &worker->guest);
}

void
crew_event(struct server *server, struct worker_link *worker)
{
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	n = channel_receive(worker->source.fd, server->letter, fds, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		crew_retire(server, worker);
		lender_serve(server);
		crew_serve_waiting(server);
		return;
	}
	switch (server->letter[0]) {
	case ASK_PIPELINE:
		lender_ask(
		    server, worker, n == 2 ? server->letter[1] - '0' : -1);
		break;
	case ASK_OWNER:
		prober_tell(server, worker,
		    (struct span){server->letter + 1, (size_t)n - 1});
		break;
	case ASK_RELEASE:
	case ASK_BREAK:
		lender_take_back(
		    server, worker, server->letter[0] == ASK_BREAK);
		break;
	case ASK_VISIT:
		lender_take_back(server, worker, true);
		take_report(server, worker, n);
		if (worker->stale || server->stopping) {
			crew_retire(server, worker);
		} else {
			set_idle(server, worker, true);
			worker->deadline = clock_ms() + IDLE_MS;
		}
		crew_serve_waiting(server);
		break;
	}
}

void
crew_reap(struct server *server)
{
	struct worker_link *worker;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == server->accept->keeper_pid) {
			server->keeper_gone = true;
			continue;
		}
		for (worker = server->workers; worker != NULL;
		     worker = worker->next)
			if (worker->pid == pid)
				break;
		if (worker == NULL)
			continue;
		if (WIFSIGNALED(status))
			warning("a worker was killed by signal %d",
			    WTERMSIG(status));
		if (!worker->retired)
			crew_retire(server, worker);
		worker->pid = 0; /* freed by the next sweep */
	}
	lender_serve(server);
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

/* With nobody free and somebody waiting, slow clients get less time. */
static void
hurry(struct server *server)
{
	struct worker_link *worker;

	if (server->waiting == NULL ||
	    server->worker_count - server->idle_count < server->accept->workers)
		return;
	for (worker = server->workers; worker != NULL; worker = worker->next) {
		if (!worker->idle && !worker->hurried && worker->pid > 0)
			kill(worker->pid, SIGUSR1);
		worker->hurried = true;
	}
}

void
crew_sweep(struct server *server, int64_t now)
{
	struct worker_link *worker;
	size_t idle = 0;

	free_reaped(server);
	hurry(server);
	lender_sweep(server, now);
	for (worker = server->workers; worker != NULL; worker = worker->next) {
		if (worker->idle &&
		    (++idle > IDLE_MAX || now >= worker->deadline))
			crew_retire(server, worker);
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
			crew_retire(server, worker);
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
			crew_retire(server, worker);
	}
}
