#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "accept/confine.h"
#include "accept/files.h"
#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"

#define EVENTS_MAX 64  /* in one turn */
#define ACCEPTS_MAX 32 /* in one turn */
#define SWEEP_MS 1000
#define SUMMARY_MS (60 * 60 * 1000)

/* What there is time for with room for everybody, and with hardly any; RFC 5321
 * 4.5.3.2 wants 5 minutes. */
#define PATIENCE_MOST_MS 300000
#define PATIENCE_LEAST_MS 10000
#define ERRORS_MOST 20
#define ERRORS_LEAST 3

static void
listen_on(struct server *server, bool on)
{
	size_t i;

	if (server->listening == on)
		return;
	server->listening = on;
	for (i = 0; i < server->listener_count; i++)
		if (on)
			source_watch(
			    server->epoll, &server->listeners[i], EPOLLIN);
		else
			source_forget(server->epoll, &server->listeners[i]);
}

/* Takes those who wait.  With as many as there may be somebody else has to go.
 * Without a descriptor for the next one we stop listening until the next sweep:
 * a listening socket that nobody accepts from would wake us for ever. */
static void
accept_some(struct server *server, int listener)
{
	struct sockaddr_storage peer;
	int fd, i;

	for (i = 0; i < ACCEPTS_MAX; i++) {
		fd = listen_accept(listener, &peer);
		if (fd >= 0) {
			greet_begin(server, fd, &peer);
			if (server->conn_count > server->accept->connections)
				conn_make_room(server);
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

void
server_stop(struct server *server)
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
	asker_stop(server);
	prober_stop(server);
}

/* Without it no pipeline can be started. */
static void
keeper_died(struct server *server)
{
	warning("the keeper died");
	server->status = STATUS_DEFER;
	server_stop(server);
}

static void
take_signals(struct server *server, int fd)
{
	static const struct keeper_note none;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		switch (info.ssi_signo) {
		case SIGHUP:
			if (keeper_tell(server->keeper.fd, KEEPER_LOAD, &none) <
			    0)
				warning(
				    "cannot load anew: %s", strerror(errno));
			break;
		case SIGCHLD:
			crew_reap(server);
			if (server->keeper_gone && !server->stopping)
				keeper_died(server);
			break;
		default:
			server_stop(server);
		}
}

static void
take_note(struct server *server)
{
	int fds[CHANNEL_FDS_MAX];
	struct keeper_note note;
	ssize_t n;

	n = channel_receive(server->keeper.fd, server->letter, fds, 1);
	if (n == 0) /* SIGCHLD says the rest */
		source_forget(server->epoll, &server->keeper);
	if ((size_t)n != 1 + sizeof(note))
		return;
	memcpy(&note, server->letter + 1, sizeof(note));
	if (server->letter[0] == KEEPER_LOADED) {
		files_reload(server->accept, fds[0]);
		crew_retire_idle(server);
	} else if (server->letter[0] == KEEPER_ASKER)
		helper_started(
		    &server->lists, server->epoll, fds[0], server->stopping);
	else if (server->letter[0] == KEEPER_PROBER)
		helper_started(
		    &server->prober, server->epoll, fds[0], server->stopping);
	else
		lender_noted(server, server->letter[0], &note, fds[0], fds[1]);
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
	/* a worker that was just forked has no handler yet */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return fd;
}

/* `most` while there is room, `least` when there is hardly any, and between
 * half full and nine tenths what lies between. */
static uint64_t
by_room(const struct server *server, uint64_t most, uint64_t least)
{
	uint64_t max = server->accept->connections * 10;
	uint64_t now = (uint64_t)server->conn_count * 10;
	uint64_t from = max / 2, to = max - max / 10;

	if (now <= from)
		return most;
	if (now >= to)
		return least;
	return most - (most - least) * (now - from) / (to - from);
}

static bool
is_full(const int room[2], uint64_t wanted)
{
	struct statvfs status;
	int i;

	for (i = 0; i < 2; i++)
		if (room[i] >= 0 && fstatvfs(room[i], &status) == 0 &&
		    (uint64_t)status.f_bavail * status.f_frsize < wanted)
			return true;
	return false;
}

/* What depends on how much room there is. */
static void
adapt(struct server *server)
{
	struct accept *accept = server->accept;
	bool full = is_full(accept->room, accept->free);

	server->patience =
	    (int64_t)(accept->timeout != 0 ? accept->timeout
					   : by_room(server, PATIENCE_MOST_MS,
						 PATIENCE_LEAST_MS));
	accept->session.errors_max =
	    (unsigned)(accept->errors != 0
			   ? accept->errors
			   : by_room(server, ERRORS_MOST, ERRORS_LEAST));
	if (full != accept->session.full)
		warning("disk %s",
		    full ? "full: no mail is taken" : "has room again");
	accept->session.full = full;
}

static void
summarize(struct server *server, int64_t now)
{
	struct buf text = BUF_INIT(ERR_LINE_MAX);

	if (now < server->next_summary)
		return;
	server->next_summary = now + SUMMARY_MS;
	gate_summary(server->gate, &text);
	if (text.len > 0)
		event("%s", buf_str(&text));
	buf_free(&text);
}

static void
sweep(struct server *server, int64_t now)
{
	adapt(server);
	conn_sweep(server, now);
	crew_sweep(server, now);
	asker_sweep(server, now);
	prober_sweep(server, now);
	summarize(server, now);
	if (!server->stopping)
		listen_on(server, true);
}

/* Whether there is anything that the next sweep could find. */
static bool
is_busy(const struct server *server)
{
	return server->conns != NULL || server->workers != NULL ||
	       server->accept->session.full || server->probing > 0 ||
	       (!server->stopping &&
		   ((server->accept->lists && server->lists.source.fd < 0) ||
		       (server->accept->when_down &&
			   server->prober.source.fd < 0)));
}

static void
dispatch(struct server *server, struct source *source)
{
	switch (source->kind) {
	case SOURCE_SIGNALS:
		take_signals(server, source->fd);
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
	case SOURCE_KEEPER:
		take_note(server);
		break;
	case SOURCE_LISTS:
		asker_event(server);
		break;
	case SOURCE_PROBER:
		prober_event(server);
		break;
	case SOURCE_GONE:
		break;
	}
}

/* When there is something to do even if nothing happens. */
static int64_t
next_task(const struct server *server, int64_t next_sweep)
{
	const struct heap_item *first = heap_first(&server->timers);
	int64_t next =
	    is_busy(server) || !server->listening ? next_sweep : CLOCK_NEVER;

	if (server->fork_wanted && server->next_fork < next)
		next = server->next_fork;
	if (first != NULL && first->when < next)
		next = first->when;
	return next;
}

/* One turn: waits, acts on all events, sweeps if it is time. */
static void
turn(struct server *server, int64_t *next_sweep)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t now;
	int i, n;

	n = epoll_wait(server->epoll, events, EVENTS_MAX,
	    clock_left(next_task(server, *next_sweep)));
	if (n < 0 && errno != EINTR)
		fatal("epoll: %s", strerror(errno));
	for (i = 0; i < n; i++)
		dispatch(server, events[i].data.ptr);
	now = clock_ms();
	conn_timers(server, now);
	if (server->fork_wanted && now >= server->next_fork)
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
	source_watch(server->epoll, signals, EPOLLIN);
	server->keeper =
	    (struct source){SOURCE_KEEPER, server->accept->keeper, 0, false};
	source_watch(server->epoll, &server->keeper, EPOLLIN);
	lender_init(server);
	helper_init(&server->lists, SOURCE_LISTS);
	helper_init(&server->prober, SOURCE_PROBER);
	server->gate = gate_new(
	    server->accept->connections, (unsigned)server->accept->harvest);
	server->next_summary = clock_ms() + SUMMARY_MS;
	adapt(server);
	asker_sweep(server, clock_ms());
	prober_sweep(server, clock_ms());
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
	greet_begin(server, fd, &peer);
}

int
server_run(struct accept *accept, const struct accept_sources *sources)
{
	struct server server = {.accept = accept};
	int64_t next_sweep = clock_ms() + SWEEP_MS;
	struct source signals;
	int i;

	open_server(&server, sources, &signals);
	confine_loop();
	if (sources->connection >= 0)
		begin_connection(&server, sources->connection);
	else
		for (i = 0; i < ROUTE_COUNT; i++)
			if (accept->pools[i].name != NULL)
				pool_warm(&accept->pools[i]);
	while (server.conns != NULL || server.worker_count > 0 ||
	       (sources->connection < 0 && !server.stopping)) {
		turn(&server, &next_sweep);
		/* a worker that waits for more has none to wait for */
		if (sources->connection >= 0 && server.conns == NULL)
			crew_retire_idle(&server);
	}
	for (i = 0; i < ROUTE_COUNT; i++)
		pool_close(&accept->pools[i]);
	server.stopping = true;
	/* it leaves when the stages have, and they when all is done */
	source_forget(server.epoll, &server.keeper);
	close(server.keeper.fd);
	server.keeper.fd = -1;
	while (server.workers != NULL || !server.keeper_gone) {
		turn(&server, &next_sweep);
		crew_sweep(&server, clock_ms());
	}
	server.next_summary = 0;
	summarize(&server, clock_ms());
	gate_free(server.gate);
	heap_free(&server.timers);
	close(signals.fd);
	close(server.epoll);
	free(server.listeners);
	free(server.owners);
	free(server.input);
	free(server.letter);
	buf_free(&server.io.out);
	return server.status;
}
