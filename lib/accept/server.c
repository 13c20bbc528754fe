#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"

#define EVENTS_MAX 64  /* in one turn */
#define ACCEPTS_MAX 32 /* in one turn */
#define SWEEP_MS 1000

void
server_watch(struct server *server, struct source *source, unsigned events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (source->known && events == source->events)
		return;
	if (epoll_ctl(server->epoll,
		source->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, source->fd,
		&event) < 0)
		fatal("epoll: %s", strerror(errno));
	source->events = events;
	source->known = true;
}

void
server_forget(struct server *server, struct source *source)
{
	if (source->known)
		epoll_ctl(server->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->known = false;
}

static void
listen_on(struct server *server, bool on)
{
	size_t i;

	if (server->listening == on)
		return;
	server->listening = on;
	for (i = 0; i < server->listener_count; i++)
		if (on)
			server_watch(server, &server->listeners[i], EPOLLIN);
		else
			server_forget(server, &server->listeners[i]);
}

/* Takes those who wait.  Without a descriptor for the next one, or with as many
 * as we want, we stop listening until the next sweep: a listening socket that
 * nobody accepts from would wake us for ever. */
static void
accept_some(struct server *server, int listener)
{
	struct sockaddr_storage peer;
	int fd, i;

	for (i = 0; i < ACCEPTS_MAX; i++) {
		if (server->conn_count >= server->accept->connections) {
			listen_on(server, false);
			return;
		}
		fd = listen_accept(listener, &peer);
		if (fd >= 0) {
			conn_begin(server, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			warning("cannot accept: %s", strerror(errno));
			listen_on(server, false);
		}
		return;
	}
}

static void
stop(struct server *server)
{
	size_t i;

	if (server->stopping)
		return;
	server->stopping = true;
	listen_on(server, false);
	for (i = 0; i < server->listener_count; i++)
		close(server->listeners[i].fd);
	server->listener_count = 0;
	conn_stop_all(server);
	crew_stop(server);
}

static void
take_signals(
    struct server *server, int fd, void (*reload)(struct accept *accept))
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(server->accept);
			crew_retire_idle(server);
			break;
		case SIGCHLD:
			crew_reap(server);
			break;
		default:
			stop(server);
		}
}

/* A descriptor for the signals that the loop wants. */
static int
open_signals(void)
{
	static const int wanted[] = {SIGHUP, SIGTERM, SIGINT, SIGCHLD};
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < nitems(wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fatal("signalfd: %s", strerror(errno));
	return fd;
}

static void
sweep(struct server *server, int64_t now)
{
	conn_sweep(server, now);
	crew_sweep(server, now);
	if (!server->stopping &&
	    server->conn_count < server->accept->connections)
		listen_on(server, true);
}

/* Whether there is anything that the next sweep could find. */
static bool
is_busy(const struct server *server)
{
	int i;

	for (i = 0; i < ROUTE_COUNT; i++)
		if (pool_is_leaving(&server->accept->pools[i]))
			return true;
	return server->conns != NULL || server->workers != NULL;
}

static void
dispatch(struct server *server, struct source *source,
    const struct accept_sources *sources)
{
	switch (source->kind) {
	case SOURCE_SIGNALS:
		take_signals(server, source->fd, sources->reload);
		break;
	case SOURCE_LISTENER:
		if (!server->stopping)
			accept_some(server, source->fd);
		break;
	case SOURCE_CONN:
		conn_event(server, (struct conn *)source);
		break;
	case SOURCE_WORKER:
		crew_event(server, (struct worker_link *)source);
		break;
	case SOURCE_GONE:
		break;
	}
}

/* When there is something to do even if nothing happens. */
static int64_t
next_task(const struct server *server, int64_t next_sweep)
{
	if (server->waiting != NULL &&
	    server->worker_count < server->accept->workers &&
	    server->next_fork < next_sweep)
		return server->next_fork;
	return is_busy(server) || !server->listening ? next_sweep : CLOCK_NEVER;
}

/* One turn: waits, acts on all events, sweeps if it is time. */
static void
turn(struct server *server, const struct accept_sources *sources,
    int64_t *next_sweep)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t now;
	int i, n;

	n = epoll_wait(server->epoll, events, EVENTS_MAX,
	    clock_left(next_task(server, *next_sweep)));
	if (n < 0 && errno != EINTR)
		fatal("epoll: %s", strerror(errno));
	for (i = 0; i < n; i++)
		dispatch(server, events[i].data.ptr, sources);
	now = clock_ms();
	if (server->waiting != NULL && now >= server->next_fork)
		crew_serve_waiting(server);
	if (now >= *next_sweep) {
		sweep(server, now);
		*next_sweep = now + SWEEP_MS;
	}
	conn_free_gone(server);
}

static void
open_server(struct server *server, const struct accept_sources *sources,
    struct source *signals)
{
	size_t i;

	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll < 0)
		fatal("epoll: %s", strerror(errno));
	server->input = malloc(ACCEPT_INPUT_SIZE);
	server->letter = malloc(CHANNEL_SIZE);
	server->listeners =
	    calloc(sources->listener_count + 1, sizeof(*server->listeners));
	if (server->input == NULL || server->letter == NULL ||
	    server->listeners == NULL)
		fatal("out of memory");
	buf_init(&server->io.out, SESSION_OUT_MAX);
	server->waiting_end = &server->waiting;
	for (i = 0; i < sources->listener_count; i++)
		server->listeners[i] = (struct source){
		    SOURCE_LISTENER, sources->listeners[i], 0, false};
	server->listener_count = sources->listener_count;
	*signals = (struct source){SOURCE_SIGNALS, open_signals(), 0, false};
	server_watch(server, signals, EPOLLIN);
	listen_on(server, true);
}

static void
begin_connection(struct server *server, int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	memset(&peer, 0, sizeof(peer));
	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		peer.ss_family = AF_UNSPEC;
	conn_begin(server, fd, &peer);
}

int
server_run(struct accept *accept, const struct accept_sources *sources)
{
	struct server server = {.accept = accept};
	int64_t next_sweep = clock_ms() + SWEEP_MS;
	struct source signals;
	int i;

	open_server(&server, sources, &signals);
	if (sources->connection >= 0)
		begin_connection(&server, sources->connection);
	else
		for (i = 0; i < ROUTE_COUNT; i++)
			if (accept->pools[i].name != NULL)
				pool_warm(&accept->pools[i]);
	while (server.conns != NULL || server.worker_count > 0 ||
	       (sources->connection < 0 && !server.stopping)) {
		turn(&server, sources, &next_sweep);
		/* a worker that waits for more has none to wait for */
		if (sources->connection >= 0 && server.conns == NULL)
			crew_retire_idle(&server);
	}
	for (i = 0; i < ROUTE_COUNT; i++)
		pool_close(&accept->pools[i]);
	while (is_busy(&server)) {
		turn(&server, sources, &next_sweep);
		crew_sweep(&server, clock_ms());
	}
	close(signals.fd);
	close(server.epoll);
	free(server.listeners);
	free(server.input);
	free(server.letter);
	buf_free(&server.io.out);
	return STATUS_OK;
}
