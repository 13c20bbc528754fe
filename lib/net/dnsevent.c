#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include <unbound-event.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/dnspart.h"

#define TURN_MAX 256 /* descriptors, and timers, in one turn */

/* What libunbound holds as a struct ub_event. */
struct event {
	struct ub_event head;
	struct dns_events *events;
	bool waits;
	int fd; /* -1: a timer only */
	short bits;
	void (*callback)(int fd, short bits, void *arg);
	void *arg;
	int64_t period;   /* ms; -1: it waits without an end */
	int64_t deadline; /* if there is a period */
	size_t slot;      /* its place among the timers */
};

struct dns_events {
	struct ub_event_base head;
	int epoll;
	/* a heap: none is later than the two at 2 * slot + 1 and + 2 */
	struct event **timers;
	size_t count;
	size_t room;
};

static void
put(struct event *event, size_t slot)
{
	event->events->timers[slot] = event;
	event->slot = slot;
}

/* Puts it where it belongs, beginning at a slot that is free. */
static void
settle(struct event *event, size_t slot)
{
	struct event **timers = event->events->timers;
	size_t child, count = event->events->count;

	while (slot > 0 && event->deadline < timers[(slot - 1) / 2]->deadline) {
		put(timers[(slot - 1) / 2], slot);
		slot = (slot - 1) / 2;
	}
	while ((child = 2 * slot + 1) < count) {
		if (child + 1 < count &&
		    timers[child + 1]->deadline < timers[child]->deadline)
			child++;
		if (event->deadline <= timers[child]->deadline)
			break;
		put(timers[child], slot);
		slot = child;
	}
	put(event, slot);
}

static void
add_to_timers(struct event *event)
{
	struct dns_events *events = event->events;

	if (events->count == events->room) {
		events->room = events->room == 0 ? 64 : 2 * events->room;
		events->timers = realloc(
		    events->timers, events->room * sizeof(*events->timers));
		if (events->timers == NULL)
			fatal("out of memory");
	}
	settle(event, events->count++);
}

static void
take_from_timers(struct event *event)
{
	struct dns_events *events = event->events;
	struct event *last = events->timers[--events->count];

	if (last != event)
		settle(last, event->slot);
}

static void
stop(struct event *event)
{
	if (!event->waits)
		return;
	event->waits = false;
	if (event->fd >= 0)
		epoll_ctl(event->events->epoll, EPOLL_CTL_DEL, event->fd, NULL);
	if (event->period >= 0)
		take_from_timers(event);
}

static int
start(struct event *event, const struct timeval *time)
{
	struct epoll_event wanted = {.data.ptr = event};

	stop(event);
	if (event->bits & UB_EV_READ)
		wanted.events |= EPOLLIN;
	if (event->bits & UB_EV_WRITE)
		wanted.events |= EPOLLOUT;
	if (event->fd >= 0 && epoll_ctl(event->events->epoll, EPOLL_CTL_ADD,
				  event->fd, &wanted) < 0)
		return -1;
	event->waits = true;
	event->period = -1;
	if (time != NULL) {
		event->period =
		    (int64_t)time->tv_sec * 1000 + (time->tv_usec + 999) / 1000;
		event->deadline = clock_ms() + event->period;
		add_to_timers(event);
	}
	return 0;
}

/* The callback may free the event. */
static void
fire(struct event *event, short bits)
{
	if (!(event->bits & UB_EV_PERSIST))
		stop(event);
	else if (event->period >= 0) {
		take_from_timers(event);
		event->deadline = clock_ms() + event->period;
		add_to_timers(event);
	}
	event->callback(event->fd, bits, event->arg);
}

static void
add_bits(struct ub_event *head, short bits)
{
	((struct event *)head)->bits |= bits;
}

static void
del_bits(struct ub_event *head, short bits)
{
	((struct event *)head)->bits &= (short)~bits;
}

static void
set_fd(struct ub_event *head, int fd)
{
	((struct event *)head)->fd = fd;
}

static void
free_event(struct ub_event *head)
{
	stop((struct event *)head);
	free(head);
}

static int
add(struct ub_event *head, struct timeval *time)
{
	return start((struct event *)head, time);
}

static int
del(struct ub_event *head)
{
	stop((struct event *)head);
	return 0;
}

static int
add_timer(struct ub_event *head, struct ub_event_base *base,
    void (*callback)(int fd, short bits, void *arg), void *arg,
    struct timeval *time)
{
	struct event *event = (struct event *)head;

	stop(event);
	event->events = (struct dns_events *)base;
	event->fd = -1;
	event->callback = callback;
	event->arg = arg;
	return start(event, time);
}

static struct ub_event_vmt event_verbs = {.add_bits = add_bits,
    .del_bits = del_bits,
    .set_fd = set_fd,
    .free = free_event,
    .add = add,
    .del = del,
    .add_timer = add_timer,
    .del_timer = del};

static struct ub_event *
new_event(struct ub_event_base *base, int fd, short bits,
    void (*callback)(int fd, short bits, void *arg), void *arg)
{
	struct event *event = calloc(1, sizeof(*event));

	if (event == NULL)
		fatal("out of memory");
	event->head.magic = UB_EVENT_MAGIC;
	event->head.vmt = &event_verbs;
	event->events = (struct dns_events *)base;
	event->fd = fd;
	event->bits = bits;
	event->callback = callback;
	event->arg = arg;
	return &event->head;
}

/* Nobody but us leaves a loop of ours. */
static int
loopexit(struct ub_event_base *base, struct timeval *time)
{
	(void)base;
	(void)time;
	return 0;
}

static struct ub_event_base_vmt base_verbs = {
    .loopexit = loopexit, .new_event = new_event};

struct dns_events *
dns_events_new(void)
{
	struct dns_events *events = calloc(1, sizeof(*events));

	if (events == NULL)
		fatal("out of memory");
	events->head.magic = UB_EVENT_MAGIC;
	events->head.vmt = &base_verbs;
	events->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (events->epoll < 0)
		fatal("epoll: %s", strerror(errno));
	return events;
}

void
dns_events_free(struct dns_events *events)
{
	close(events->epoll);
	free(events->timers);
	free(events);
}

struct ub_event_base *
dns_events_base(struct dns_events *events)
{
	return &events->head;
}

int
dns_events_fd(const struct dns_events *events)
{
	return events->epoll;
}

int64_t
dns_events_next(const struct dns_events *events)
{
	return events->count > 0 ? events->timers[0]->deadline : CLOCK_NEVER;
}

void
dns_events_run(struct dns_events *events)
{
	struct epoll_event ready;
	struct event *event;
	int64_t now;
	short bits;
	int i;

	/* one at a time, since each may make away with the next */
	for (i = 0; i < TURN_MAX; i++) {
		if (epoll_wait(events->epoll, &ready, 1, 0) <= 0)
			break;
		bits = 0;
		if (ready.events & ~(unsigned)EPOLLOUT)
			bits |= UB_EV_READ;
		if (ready.events & ~(unsigned)EPOLLIN)
			bits |= UB_EV_WRITE;
		event = ready.data.ptr;
		bits &= event->bits;
		fire(event, bits);
	}
	now = clock_ms();
	for (i = 0; i < TURN_MAX && dns_events_next(events) <= now; i++)
		fire(events->timers[0], UB_EV_TIMEOUT);
}
