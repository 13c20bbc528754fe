#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "peer/target.h"

#define EVENTS_SIZE 65536
#define PATH_SIZE (QUEUE_NAME_MAX + 32)

/* Watches the queue, or a destination of it, by way of the descriptor: the path
 * may lead elsewhere by now. */
static int
watch(const struct targets *targets, const char *name, uint32_t mask)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", targets->queue->dir,
	    name);
	return inotify_add_watch(targets->events, path, mask | IN_ONLYDIR);
}

void
target_look(const struct targets *targets, struct target *target)
{
	struct destination destination;
	struct schedule schedule;
	int64_t now = time(NULL);

	target->left = false;
	if (destination_open(
		targets->queue, span_of(target->name), false, &destination) < 0)
		return;
	schedule_read(&destination, &schedule);
	target->next = schedule_is_due(&schedule, now, targets->last)
			   ? now
			   : schedule.next;
	target->left = destination_has_entries(&destination);
	destination_close(&destination);
}

/* The one of that name, a new one if it is not known yet; NULL if there are
 * too many. */
static struct target *
target_of(struct targets *targets, struct span name)
{
	struct target *target;
	size_t i;

	for (i = 0; i < targets->count; i++)
		if (span_is(name, targets->all[i].name))
			return &targets->all[i];
	if (targets->count == TARGETS_MAX) {
		warning("too many destinations in '%s'", targets->queue->path);
		return NULL;
	}
	target = &targets->all[targets->count++];
	memcpy(target->name, name.p, name.len);
	return target;
}

static void
add_target(struct targets *targets, struct span name)
{
	struct target *target = target_of(targets, name);

	if (target == NULL)
		return;
	/* somebody may have removed the directory, and its watch with it */
	target->watch = watch(targets, target->name, IN_MOVED_TO);
	target->fresh = true;
	if (target->pid == 0)
		target_look(targets, target);
}

static void
find_targets(struct targets *targets)
{
	struct queue_walk walk;
	struct span name;

	if (queue_walk(&walk, targets->queue) < 0)
		fatal("cannot read '%s': %s", targets->queue->path,
		    strerror(errno));
	while (queue_walk_next(&walk, &name))
		add_target(targets, name);
	queue_walk_end(&walk);
}

void
targets_init(struct targets *targets, const struct queue *queue, uint64_t last)
{
	memset(targets, 0, sizeof(*targets));
	targets->queue = queue;
	targets->last = last;
	targets->all = calloc(TARGETS_MAX, sizeof(*targets->all));
	if (targets->all == NULL)
		fatal("out of memory");
	targets->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (targets->events < 0 ||
	    watch(targets, "", IN_CREATE | IN_MOVED_TO) < 0)
		fatal("cannot watch '%s': %s", queue->path, strerror(errno));
	find_targets(targets);
}

void
targets_free(struct targets *targets)
{
	close(targets->events);
	free(targets->all);
}

/* Something was put into the queue or a destination of it. */
static void
take_event(struct targets *targets, const struct inotify_event *event)
{
	struct span name = span_of(event->len > 0 ? event->name : "");
	struct target *target;
	size_t i;

	for (i = 0; i < targets->count; i++)
		if (targets->all[i].watch == event->wd)
			break;
	if (i == targets->count) {
		if (queue_is_name(name) && (event->mask & IN_ISDIR) != 0)
			add_target(targets, name);
		return;
	}
	target = &targets->all[i];
	if (content_is_id(name))
		target->fresh = true;
	/* its schedule may have changed, too; while it is worked on we look at
	 * the end of that */
	if (target->pid == 0)
		target_look(targets, target);
}

void
targets_events(struct targets *targets)
{
	static union {
		struct inotify_event first;
		char octets[EVENTS_SIZE];
	} events;
	const struct inotify_event *event;
	size_t at = 0;
	ssize_t n;

	n = read(targets->events, events.octets, sizeof(events.octets));
	while (n > 0 && at < (size_t)n) {
		event = (const void *)(events.octets + at);
		if ((event->mask & IN_Q_OVERFLOW) != 0)
			find_targets(targets); /* events were lost */
		else
			take_event(targets, event);
		at += sizeof(*event) + event->len;
	}
}

/* The time of the newest entry of a destination, or 0. */
static int64_t
newest_of(const struct queue *queue, const char *name)
{
	struct destination destination;
	struct queue_walk walk;
	struct entry entry;
	struct stat st;
	int64_t newest = 0;

	if (destination_open(queue, span_of(name), false, &destination) < 0)
		return 0;
	if (destination_walk(&walk, &destination) == 0) {
		while (destination_walk_next(&walk, &entry))
			if (entry_stat(&destination, &entry, &st) == 0 &&
			    st.st_mtime > newest)
				newest = st.st_mtime;
		queue_walk_end(&walk);
	}
	destination_close(&destination);
	return newest;
}

int64_t
targets_survey(struct targets *targets)
{
	int64_t newest = 0, one;
	size_t i;

	for (i = 0; i < targets->count; i++) {
		targets->all[i].survey = true;
		one = newest_of(targets->queue, targets->all[i].name);
		newest = one > newest ? one : newest;
	}
	return newest;
}
