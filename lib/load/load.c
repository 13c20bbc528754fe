/*
 * Design notes.
 *
 * - Sockets are registered once, edge-triggered for both ways: no call to
 *   epoll_ctl a message.  A short read is taken for an empty socket unless the
 *   event said that the peer has closed.
 * - The texts are shared; a message costs a head of 100 octets and one
 *   writev(2).
 * - A connection slot is taken until the server has answered QUIT: it is the
 *   server that closes first and keeps the TIME_WAIT, or a long run would use
 *   up our ports.
 * - The clock of a message starts before connect(2), or with MAIL on a
 *   connection that is used again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"
#include "load/load.h"
#include "load/loadbook.h"
#include "load/loadidle.h"

#define EVENTS 256
#define GONE (EPOLLRDHUP | EPOLLHUP | EPOLLERR)
#define WATCH UINT64_MAX /* the number of the inotify descriptor */
#define TICK_US 100000

struct slot {
	struct loadconn conn;
	bool busy;    /* has a message that is not decided */
	bool greeted; /* and that has been taken down */
	uint64_t serial;
	uint64_t served; /* messages on this connection */
	struct client_envelope envelope;
	struct client_recipient recipient;
	char invalid[320]; /* the recipient, if it is to be refused */
	struct slot *next; /* in load.free or load.parked */
};

struct load {
	const struct load_plan *plan;
	const struct loadmail *mail;
	struct loadwatch *watch;
	struct loadstat *stat;
	int epoll;
	struct slot *slot;
	struct slot *free;   /* without a connection */
	struct slot *parked; /* greeted, wait for the next message */
	uint64_t active;     /* not free */
	struct loadidle idle;
	struct loadbook book;
	uint64_t begin; /* when the run began */
	uint64_t tick;  /* when the next one is due */
	struct loadconn_reader reader;
};

/* No message is begun any more. */
static bool
is_over(const struct load *load, uint64_t now)
{
	const struct load_plan *plan = load->plan;

	return *plan->stop || load->book.failures >= LOAD_FAILURES_MAX ||
	       (plan->messages > 0 && load->stat->messages == plan->messages) ||
	       (plan->time > 0 && load->book.start > 0 &&
		   now >= load->book.start + plan->time * 1000) ||
	       load->stat->messages == LOAD_MESSAGES_MAX;
}

static bool
is_due(const struct load *load, uint64_t now)
{
	const struct load_plan *plan = load->plan;

	return load->book.start > 0 && plan->messages > 0 &&
	       !is_over(load, now) &&
	       now >= load->book.start +
			  load->stat->messages * plan->interval * 1000;
}

/* What became of a slot's message: the reply's code, or 0 without one. */
static void
decide(struct load *load, struct slot *slot, int code)
{
	slot->busy = false;
	loadbook_decide(&load->book, slot->serial, code, slot->recipient.code,
	    slot->conn.client.text);
}

static void
found(void *arg, uint64_t serial)
{
	struct load *load = arg;

	loadbook_found(&load->book, serial);
}

/* Gives a slot the next message; its client begins when it can. */
static void
take_message(struct load *load, struct slot *slot)
{
	const struct load_plan *plan = load->plan;
	uint64_t serial = loadbook_begin(&load->book);
	size_t text = serial % load->mail->texts;

	slot->busy = true;
	slot->serial = serial;
	slot->recipient = (struct client_recipient){.address = plan->recipient};
	if (loadbook_is_invalid(&load->book, serial)) {
		snprintf(slot->invalid, sizeof(slot->invalid),
		    "nobody%" PRIu64 "%s", serial, plan->domain);
		slot->recipient.address = slot->invalid;
	}
	slot->envelope = (struct client_envelope){.sender = plan->sender,
	    .recipient = &slot->recipient,
	    .recipients = 1,
	    .size = load->mail->text[text].size,
	    .eightbit = load->mail->text[text].eightbit,
	    .pipelining = plan->pipelining};
	loadconn_message(&slot->conn, load->mail, serial);
}

static void
close_slot(struct load *load, struct slot *slot)
{
	loadconn_close(&slot->conn);
	slot->next = load->free;
	load->free = slot;
	load->active--;
}

/* Connects a slot that has a message. */
static void
open_slot(struct load *load, struct slot *slot)
{
	int fd;

	slot->greeted = false;
	fd = loadconn_socket(&load->plan->server, &load->plan->source);
	loadconn_open(&slot->conn, fd);
	if (fd >= 0) {
		loadconn_watch(load->epoll, fd, (uint64_t)(slot - load->slot));
		return;
	}
	snprintf(slot->conn.client.text, sizeof(slot->conn.client.text), "%s",
	    strerror(errno));
	decide(load, slot, 0);
	close_slot(load, slot);
}

/* The transaction of a slot is over, and its connection in good order. */
static void
go_on(struct load *load, struct slot *slot)
{
	uint64_t now = loadbook_now();

	if (++slot->served < load->plan->reuse && is_due(load, now)) {
		take_message(load, slot);
		client_begin(&slot->conn.client, &slot->envelope);
	} else if (slot->served < load->plan->reuse && !is_over(load, now)) {
		slot->next = load->parked;
		load->parked = slot;
	} else
		client_quit(&slot->conn.client);
}

static void
unpark(struct load *load, struct slot *slot)
{
	struct slot **at = &load->parked;

	while (*at != NULL && *at != slot)
		at = &(*at)->next;
	if (*at != NULL)
		*at = slot->next;
}

/* The next event of a connection; takes the time of its greeting. */
static enum client_event
next_event(struct load *load, struct slot *slot)
{
	enum client_event event = loadconn_next(&slot->conn, &load->reader);

	if (slot->conn.greeted && !slot->greeted) {
		slot->greeted = true;
		loadbook_greeted(&load->book, slot->serial);
	}
	return event;
}

/* Lets a connection for messages go as far as it can. */
static void
pump(struct load *load, struct slot *slot)
{
	struct client *client = &slot->conn.client;
	enum client_event event;

	while ((event = next_event(load, slot)) != CLIENT_MORE)
		switch (event) {
		case CLIENT_READY:
			client_begin(client, &slot->envelope);
			break;
		case CLIENT_GO:
			slot->conn.body = true;
			break;
		case CLIENT_END:
			decide(load, slot, client->code);
			if (!slot->conn.body ||
			    loadconn_sent_all(&slot->conn)) {
				slot->conn.body = false;
				go_on(load, slot);
				break;
			}
			/* it did not wait for the end: out of step */
			/* FALLTHROUGH */
		default:
			if (slot->busy)
				decide(load, slot, client->code);
			else
				unpark(load, slot);
			close_slot(load, slot);
			return;
		}
}

/* Begins what messages are due, as far as there are slots. */
static void
begin_due(struct load *load)
{
	struct slot *slot;

	while (is_due(load, loadbook_now())) {
		loadconn_turn(&load->reader, false);
		if ((slot = load->parked) != NULL) {
			load->parked = slot->next;
			take_message(load, slot);
			client_begin(&slot->conn.client, &slot->envelope);
			pump(load, slot);
		} else if ((slot = load->free) != NULL) {
			load->free = slot->next;
			load->active++;
			slot->served = 0;
			take_message(load, slot);
			open_slot(load, slot);
		} else
			return;
	}
	while (is_over(load, loadbook_now()) && (slot = load->parked) != NULL) {
		load->parked = slot->next;
		loadconn_turn(&load->reader, false);
		client_quit(&slot->conn.client);
		pump(load, slot);
	}
}

/* Lets the messages begin, once idle connections are there. */
static void
settle(struct load *load, uint64_t now)
{
	if (load->book.start != 0 ||
	    (!loadidle_settled(&load->idle) &&
		now < load->begin + load->plan->settle * 1000))
		return;
	load->book.start = load->book.last = now;
	if (load->idle.count > 0)
		info("%zu idle connections are up", loadidle_up(&load->idle));
}

/* What is done ten times a second. */
static void
tick(struct load *load, uint64_t now)
{
	uint64_t timeout = load->plan->timeout * 1000, which;
	struct slot *slot;

	load->tick = now + TICK_US;
	for (which = 0; which < load->plan->connections; which++) {
		slot = &load->slot[which];
		if (slot->conn.fd < 0 ||
		    now < load->book.message[slot->serial].start + timeout)
			continue;
		snprintf(slot->conn.client.text, sizeof(slot->conn.client.text),
		    "no reply in time");
		if (slot->busy)
			decide(load, slot, 0);
		unpark(load, slot);
		close_slot(load, slot);
	}
	loadidle_drip(&load->idle, now);
	if (load->plan->progress && load->book.start > 0)
		loadstat_progress(load->stat, now - load->book.start);
}

/* Milliseconds until something is due without an event. */
static int
sleep_ms(const struct load *load, uint64_t now)
{
	uint64_t due = load->tick, next;

	next = load->book.start +
	       load->stat->messages * load->plan->interval * 1000;
	if (load->plan->interval > 0 && load->book.start > 0 && next < due &&
	    load->plan->messages > 0 && !is_over(load, now) &&
	    (load->free != NULL || load->parked != NULL))
		due = next;
	if (due <= now || !loadidle_begun(&load->idle))
		return 0;
	return (int)((due - now + 999) / 1000);
}

static bool
is_finished(const struct load *load, uint64_t now)
{
	return *load->plan->stop ||
	       (is_over(load, now) && load->active == 0 &&
		   (load->watch->count == 0 || load->book.undelivered == 0 ||
		       now >= load->book.last + load->plan->wait * 1000));
}

static int
dispatch(struct load *load, const struct epoll_event *event)
{
	uint64_t which = event->data.u64, slots = load->plan->connections;

	if (which == WATCH)
		return loadwatch_take(load->watch, load->mail, found, load);
	if (which >= slots) {
		loadidle_ready(
		    &load->idle, (size_t)(which - slots), load->stat);
		return 0;
	}
	/* it may have been closed since the event */
	if (load->slot[which].conn.fd >= 0) {
		loadconn_turn(&load->reader, (event->events & GONE) != 0);
		pump(load, &load->slot[which]);
	}
	return 0;
}

static int
loop(struct load *load)
{
	struct epoll_event events[EVENTS];
	uint64_t now;
	int n, which;

	for (;;) {
		now = loadbook_now();
		if (loadidle_begin(&load->idle) < 0)
			return -1;
		settle(load, now);
		if (now >= load->tick)
			tick(load, now);
		begin_due(load);
		if (is_finished(load, now))
			return 0;
		n = epoll_wait(
		    load->epoll, events, EVENTS, sleep_ms(load, now));
		if (n < 0 && errno != EINTR)
			return -1;
		for (which = 0; which < n; which++)
			if (dispatch(load, &events[which]) < 0)
				return -1;
	}
}

static void
make_slots(struct load *load)
{
	uint64_t which = load->plan->connections;

	load->slot = calloc((size_t)which + 1, sizeof(*load->slot));
	if (load->slot == NULL)
		fatal("out of memory");
	while (which-- > 0) {
		load->slot[which].conn.fd = -1;
		load->slot[which].next = load->free;
		load->free = &load->slot[which];
		client_init(&load->slot[which].conn.client, load->plan->helo);
	}
}

static void
free_slots(struct load *load)
{
	uint64_t which;

	for (which = 0; which < load->plan->connections; which++) {
		loadconn_close(&load->slot[which].conn);
		client_free(&load->slot[which].conn.client);
	}
	free(load->slot);
	loadbook_free(&load->book);
}

int
load_run(const struct load_plan *plan, const struct loadmail *mail,
    struct loadwatch *watch, struct loadstat *stat)
{
	struct load load = {
	    .plan = plan, .mail = mail, .watch = watch, .stat = stat};
	int rc = -1;

	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load.epoll < 0)
		return -1;
	make_slots(&load);
	loadbook_init(&load.book, stat, plan->invalid);
	load.begin = loadbook_now();
	stat->idle = plan->idle + plan->drip;
	stat->watched = watch->count > 0;
	loadidle_init(&load.idle, load.epoll, plan);
	if (!stat->watched || loadconn_watch(load.epoll, watch->fd, WATCH) == 0)
		rc = loop(&load);
	if (plan->progress)
		loadstat_progress_end();
	stat->interrupted = *plan->stop != 0;
	stat->lost = stat->watched ? load.book.undelivered : 0;
	stat->closed = load.idle.closed;
	stat->up = loadidle_up(&load.idle);
	loadidle_free(&load.idle);
	free_slots(&load);
	close(load.epoll);
	return rc;
}
