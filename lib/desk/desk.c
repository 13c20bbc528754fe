#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "desk/deskpart.h"
#include "net/listen.h"

#define EVENTS_MAX 64  /* in one turn */
#define ACCEPTS_MAX 16 /* in one turn */
#define ACCEPT_AGAIN_MS 1000
#define STOP_MS 10000 /* for what is being scanned when we are to end */

/* A listening socket that nobody accepts from would wake us for ever. */
static void
listen_on(struct desk *desk, bool on)
{
	if (desk->listener.fd < 0 || desk->listening == on)
		return;
	desk->listening = on;
	if (on)
		source_watch(desk->epoll, &desk->listener, EPOLLIN);
	else
		source_forget(desk->epoll, &desk->listener);
}

static bool
has_room(const struct desk *desk)
{
	return desk->client_count < desk->settings->connections ||
	       clients_may_make_room(desk);
}

static void
accept_some(struct desk *desk)
{
	struct sockaddr_storage peer;
	int i, fd;

	for (i = 0; i < ACCEPTS_MAX; i++) {
		if (!has_room(desk)) {
			listen_on(desk, false);
			return;
		}
		fd = listen_accept(desk->listener.fd, &peer);
		if (fd < 0)
			break;
		if (desk->client_count >= desk->settings->connections)
			clients_make_room(desk);
		clients_begin(desk, fd, false);
	}
	if (i < ACCEPTS_MAX && errno != EAGAIN && errno != EINTR &&
	    errno != ECONNABORTED) {
		warning("cannot accept: %s", strerror(errno));
		desk->next_accept = clock_ms() + ACCEPT_AGAIN_MS;
		listen_on(desk, false);
	}
}

static void
stop(struct desk *desk)
{
	if (desk->stopping)
		return;
	desk->stopping = true;
	desk->stop_by = clock_ms() + STOP_MS;
	listen_on(desk, false);
	if (desk->listener.fd >= 0)
		close(desk->listener.fd);
	desk->listener.fd = -1;
}

static void
take_signals(struct desk *desk)
{
	struct signalfd_siginfo info;

	while (read(desk->signals.fd, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGHUP)
			databases_reload(desk, true);
		else
			stop(desk);
}

static int
open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fatal("signalfd: %s", strerror(errno));
	return fd;
}

static void
dispatch(struct desk *desk, struct source *source, unsigned events)
{
	switch (source->kind) {
	case SOURCE_SIGNALS:
		take_signals(desk);
		break;
	case SOURCE_LISTENER:
		if (!desk->stopping)
			accept_some(desk);
		break;
	case SOURCE_CLIENT:
		clients_event(desk, (struct client *)source, events);
		break;
	case SOURCE_NURSERY:
		database_event(desk, (struct database *)source);
		break;
	case SOURCE_SCANNER:
		scanner_event(desk, (struct scanner *)source);
		break;
	case SOURCE_GONE:
		break;
	}
}

/* Gives jobs to scanners as far as there are both. */
static void
work(struct desk *desk)
{
	struct scanner *scanner;
	struct job *job;

	while (desk->queue != NULL && (scanner = scanner_idle(desk)) != NULL) {
		job = job_take(desk);
		if (!scanner_begin(desk, scanner, job))
			job_give_back(desk, job);
	}
	scanners_fill(desk);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Does what is due, and says when there is more.  What has an answer for a
 * client wants another turn at once. */
static int64_t
sweep(struct desk *desk, int64_t now)
{
	int64_t next = databases_sweep(desk, now);

	next = earlier(next, clients_sweep(desk, now));
	work(desk);
	next = earlier(next, scanners_sweep(desk, now));
	next = earlier(next, jobs_sweep(desk, now));
	if (desk->stopping) {
		clients_stop(desk);
		return earlier(next, desk->stop_by);
	}
	if (!desk->listening && now < desk->next_accept)
		return earlier(next, desk->next_accept);
	listen_on(desk, has_room(desk));
	return next;
}

static void
turn(struct desk *desk)
{
	struct epoll_event events[EVENTS_MAX];
	int i, n;

	n = epoll_wait(
	    desk->epoll, events, EVENTS_MAX, clock_left(desk->next_turn));
	if (n < 0 && errno != EINTR)
		fatal("epoll: %s", strerror(errno));
	for (i = 0; i < n; i++)
		dispatch(desk, events[i].data.ptr, events[i].events);
	desk->next_turn = sweep(desk, clock_ms());
	clients_free_gone(desk);
}

static bool
goes_on(const struct desk *desk)
{
	if (desk->settings->listener < 0 && desk->clients == NULL)
		return false;
	if (!desk->stopping)
		return true;
	return desk->clients != NULL && clock_ms() < desk->stop_by;
}

static void
open_desk(struct desk *desk)
{
	desk->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (desk->epoll < 0)
		fatal("epoll: %s", strerror(errno));
	desk->input = malloc(DESK_INPUT_SIZE);
	if (desk->input == NULL)
		fatal("out of memory");
	desk->queue_end = &desk->queue;
	report_init(&desk->report);
	scanners_init(desk);
	desk->signals =
	    (struct source){SOURCE_SIGNALS, open_signals(), 0, false};
	source_watch(desk->epoll, &desk->signals, EPOLLIN);
	desk->listener = (struct source){
	    SOURCE_LISTENER, desk->settings->listener, 0, false};
}

static void
close_desk(struct desk *desk)
{
	close(desk->epoll);
	close(desk->signals.fd);
	free(desk->input);
	free(desk->scanners);
	report_free(&desk->report);
}

int
desk_run(const struct desk_settings *settings)
{
	static struct desk desk;

	desk.settings = settings;
	open_desk(&desk);
	databases_start(&desk);
	if (settings->connection >= 0)
		clients_begin(&desk, settings->connection, true);
	listen_on(&desk, true);
	while (goes_on(&desk))
		turn(&desk);
	clients_end(&desk);
	databases_stop(&desk);
	scanners_wait(&desk);
	if (temp_remove(settings->nursery.temp) < 0)
		warning("cannot remove '%s': %s", settings->nursery.temp,
		    strerror(errno));
	close_desk(&desk);
	return STATUS_OK;
}
