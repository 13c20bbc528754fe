#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "peer/runner.h"
#include "queue/guard.h"

#define LOOK_S 3600 /* how often we look for what is too old */
#define EVENTS_SIZE 65536

struct target {
	char name[QUEUE_NAME_MAX + 1];
	int watch;    /* of its directory; -1: none */
	pid_t pid;    /* of its errand; 0: none is under way */
	int64_t next; /* seconds since 1970: its mail may be tried */
	bool left;    /* there are entries, */
	bool fresh;   /* and some came since the last errand */
	bool look;    /* its entries have to be looked at for their age */
};

struct runner {
	const struct errands *how;
	const struct queue *queue;
	uint64_t parallel;
	uint64_t running;
	bool once;
	bool stopping;
	bool expire; /* the clock may be believed */
	int events;  /* inotify */
	int signals; /* signalfd */
	int64_t next_look;
	int64_t next_hello;
	pid_t hello; /* of the visits without mail; 0: none */
	struct target *targets;
	size_t count;
};

static struct target *
find_target(struct runner *runner, struct span name)
{
	size_t i;

	for (i = 0; i < runner->count; i++)
		if (span_is(name, runner->targets[i].name))
			return &runner->targets[i];
	return NULL;
}

/* Looks what there is for a target, and when it is due. */
static void
look_at(struct runner *runner, struct target *target)
{
	struct destination destination;
	struct schedule schedule;
	struct queue_walk walk;
	struct entry entry;
	int64_t now = time(NULL);

	target->left = false;
	if (destination_open(
		runner->queue, span_of(target->name), false, &destination) < 0)
		return;
	schedule_read(&destination, &schedule);
	target->next = schedule_is_due(&schedule, now, runner->how->last)
			   ? now
			   : schedule.next;
	if (destination_walk(&walk, &destination) == 0) {
		while (!target->left && destination_walk_next(&walk, &entry))
			target->left = !entry.held;
		queue_walk_end(&walk);
	}
	destination_close(&destination);
}

static void
add_target(struct runner *runner, struct span name)
{
	struct target *target;
	char path[QUEUE_NAME_MAX + 32];

	if (find_target(runner, name) != NULL)
		return;
	if (runner->count == RUNNER_TARGETS_MAX) {
		warning("too many destinations in '%s'", runner->queue->path);
		return;
	}
	target = &runner->targets[runner->count++];
	memset(target, 0, sizeof(*target));
	memcpy(target->name, name.p, name.len);
	/* by way of the descriptor: the path may lead elsewhere by now */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", runner->queue->dir,
	    target->name);
	target->watch =
	    inotify_add_watch(runner->events, path, IN_MOVED_TO | IN_ONLYDIR);
	target->fresh = true;
	look_at(runner, target);
}

static void
find_targets(struct runner *runner)
{
	struct queue_walk walk;
	struct span name;

	if (queue_walk(&walk, runner->queue) < 0)
		fatal("cannot read '%s': %s", runner->queue->path,
		    strerror(errno));
	while (queue_walk_next(&walk, &name))
		add_target(runner, name);
	queue_walk_end(&walk);
}

/* The time of the newest entry, and all are to be looked at. */
static int64_t
survey(struct runner *runner)
{
	struct destination destination;
	struct queue_walk walk;
	struct entry entry;
	struct stat st;
	int64_t newest = 0;
	size_t i;

	for (i = 0; i < runner->count; i++) {
		runner->targets[i].look = true;
		if (destination_open(runner->queue,
			span_of(runner->targets[i].name), false,
			&destination) < 0)
			continue;
		if (destination_walk(&walk, &destination) == 0) {
			while (destination_walk_next(&walk, &entry))
				if (entry_stat(&destination, &entry, &st) ==
					0 &&
				    st.st_mtime > newest)
					newest = st.st_mtime;
			queue_walk_end(&walk);
		}
		destination_close(&destination);
	}
	return newest;
}

/* In the child: as it was before the runner, but for the lock. */
static void
begin_child(struct runner *runner)
{
	sigset_t none;

	close(runner->events);
	close(runner->signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static pid_t
start(struct runner *runner, struct target *target, bool probe)
{
	pid_t pid;

	pid = fork();
	if (pid < 0) {
		warning("cannot fork: %s", strerror(errno));
		return 0;
	}
	if (pid == 0) {
		begin_child(runner);
		_exit((int)(target == NULL
				? errand_hello(runner->how, runner->queue)
				: errand_run(runner->how, runner->queue,
				      target->name, probe,
				      runner->expire && target->look)));
	}
	runner->running++;
	return pid;
}

/* Starts an errand if there is one to do. */
static void
serve(struct runner *runner, struct target *target, int64_t now)
{
	bool probe = target->next <= now;

	if (target->pid != 0 || !target->left ||
	    runner->running >= runner->parallel ||
	    (!probe && !target->fresh && !(target->look && runner->expire)))
		return;
	target->pid = start(runner, target, probe);
	if (target->pid == 0)
		target->next = now + (int64_t)runner->how->first;
	target->fresh = target->look = false;
}

/* All that is due. */
static void
serve_all(struct runner *runner)
{
	int64_t now = time(NULL);
	size_t i;

	if (now >= runner->next_look || now < runner->next_look - 2 * LOOK_S) {
		runner->expire = guard_look(runner->queue, now, survey(runner));
		runner->next_look = now + LOOK_S;
	}
	for (i = 0; i < runner->count; i++)
		serve(runner, &runner->targets[i], now);
	if (runner->how->nodes == NULL || runner->how->hello == 0 ||
	    runner->hello != 0)
		return;
	if (now >= runner->next_hello ||
	    now < runner->next_hello - 2 * (int64_t)runner->how->hello) {
		runner->hello = start(runner, NULL, false);
		runner->next_hello = now + (int64_t)runner->how->hello / 24 + 1;
	}
}

static void
reaped(struct runner *runner, pid_t pid, int wait_status)
{
	struct target *target = NULL;
	size_t i;

	runner->running--;
	if (pid == runner->hello) {
		runner->hello = 0;
		return;
	}
	for (i = 0; i < runner->count && target == NULL; i++)
		if (runner->targets[i].pid == pid)
			target = &runner->targets[i];
	if (target == NULL)
		return;
	target->pid = 0;
	look_at(runner, target);
	/* one that left no schedule behind would be tried again at once */
	if (!WIFEXITED(wait_status) ||
	    WEXITSTATUS(wait_status) == ERRAND_BUSY ||
	    WEXITSTATUS(wait_status) == ERRAND_FAILED)
		target->next = time(NULL) + (int64_t)runner->how->first;
	if (!WIFEXITED(wait_status))
		warning("the errand for '%s' was killed by signal %d",
		    target->name, WTERMSIG(wait_status));
}

static void
reap(struct runner *runner)
{
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0)
		reaped(runner, pid, wait_status);
}

static void
make_all_due(struct runner *runner)
{
	size_t i;

	for (i = 0; i < runner->count; i++)
		runner->targets[i].next = 0;
	runner->next_hello = 0;
}

static void
take_signals(struct runner *runner)
{
	struct signalfd_siginfo info;

	while (
	    read(runner->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGHUP)
			make_all_due(runner);
		else if (info.ssi_signo != SIGCHLD)
			runner->stopping = true;
	reap(runner);
}

/* Something was put into the queue or a destination of it. */
static void
take_event(struct runner *runner, const struct inotify_event *event)
{
	struct span name;
	size_t i;

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		find_targets(runner);
		for (i = 0; i < runner->count; i++) {
			runner->targets[i].fresh = true;
			look_at(runner, &runner->targets[i]);
		}
		return;
	}
	name = span_of(event->len > 0 ? event->name : "");
	for (i = 0; i < runner->count; i++)
		if (runner->targets[i].watch == event->wd)
			break;
	if (i == runner->count) {
		if (queue_is_name(name) && (event->mask & IN_ISDIR) != 0)
			add_target(runner, name);
		return;
	}
	if (content_is_id(name))
		runner->targets[i].fresh = true;
	/* its schedule may have been changed, too; while it is worked on we
	 * look at the end of that */
	if (runner->targets[i].pid == 0)
		look_at(runner, &runner->targets[i]);
}

static void
take_events(struct runner *runner)
{
	static union {
		struct inotify_event first;
		char octets[EVENTS_SIZE];
	} events;
	const struct inotify_event *event;
	size_t at = 0;
	ssize_t n;

	n = read(runner->events, events.octets, sizeof(events.octets));
	while (n > 0 && at < (size_t)n) {
		event = (const void *)(events.octets + at);
		take_event(runner, event);
		at += sizeof(*event) + event->len;
	}
}

/* Milliseconds until something is due; -1: nothing will be. */
static int
sleep_of(const struct runner *runner)
{
	int64_t now = time(NULL), next = runner->next_look;
	bool room = runner->running < runner->parallel;
	const struct target *target;
	size_t i;

	for (i = 0; i < runner->count; i++) {
		target = &runner->targets[i];
		if (target->pid == 0 && target->left && room &&
		    target->next < next)
			next = target->next;
	}
	if (runner->how->nodes != NULL && runner->how->hello > 0 &&
	    runner->hello == 0 && runner->next_hello < next)
		next = runner->next_hello;
	return next <= now ? 0 : (int)(next - now) * 1000;
}

static void
wait_for_more(struct runner *runner)
{
	struct pollfd fds[] = {
	    {.fd = runner->signals, .events = POLLIN},
	    {.fd = runner->events, .events = POLLIN},
	};

	if (poll(fds, nitems(fds), sleep_of(runner)) < 0 && errno != EINTR)
		fatal("cannot poll: %s", strerror(errno));
	if (fds[0].revents != 0)
		take_signals(runner);
	if (fds[1].revents != 0)
		take_events(runner);
}

static void
watch(struct runner *runner)
{
	char path[32];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		fatal("cannot block signals: %s", strerror(errno));
	runner->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	runner->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", runner->queue->dir);
	if (runner->signals < 0 || runner->events < 0 ||
	    inotify_add_watch(
		runner->events, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		fatal("cannot watch '%s': %s", runner->queue->path,
		    strerror(errno));
}

/* Ends the errands that are under way; what they hold stays in the queue. */
static void
stop(struct runner *runner)
{
	size_t i;

	for (i = 0; i < runner->count; i++)
		if (runner->targets[i].pid > 0)
			kill(runner->targets[i].pid, SIGTERM);
	if (runner->hello > 0)
		kill(runner->hello, SIGTERM);
	while (runner->running > 0 && waitpid(-1, NULL, 0) > 0)
		runner->running--;
}

/* Whether there is an errand under way, or one to do now. */
static bool
is_busy(const struct runner *runner)
{
	int64_t now = time(NULL);
	size_t i;

	for (i = 0; i < runner->count; i++)
		if (runner->targets[i].left &&
		    (runner->targets[i].next <= now ||
			runner->targets[i].fresh))
			return true;
	return runner->running > 0;
}

static int
status_of(const struct runner *runner)
{
	size_t i;

	for (i = 0; i < runner->count; i++)
		if (runner->targets[i].left)
			return STATUS_DEFER;
	return STATUS_OK;
}

int
runner_run(const struct errands *how, const struct queue *queue,
    uint64_t parallel, bool once)
{
	struct runner runner = {
	    .how = how, .queue = queue, .parallel = parallel, .once = once};
	int status = STATUS_OK;

	runner.targets = calloc(RUNNER_TARGETS_MAX, sizeof(*runner.targets));
	if (runner.targets == NULL)
		fatal("out of memory");
	watch(&runner);
	find_targets(&runner);
	do {
		serve_all(&runner);
		if (once && !is_busy(&runner))
			break;
		wait_for_more(&runner);
	} while (!runner.stopping);
	stop(&runner);
	if (once)
		status = runner.stopping ? STATUS_DEFER : status_of(&runner);
	close(runner.events);
	close(runner.signals);
	free(runner.targets);
	return status;
}
