#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "peer/runner.h"
#include "peer/target.h"
#include "queue/guard.h"

#define SURVEY_S 3600 /* how often we look for what is too old */

struct runner {
	const struct errand_settings *how;
	const struct queue *queue;
	struct targets targets;
	uint64_t parallel;
	uint64_t running;
	bool stopping;
	int64_t believed; /* the clock when it could be; 0: it cannot */
	int signals;      /* signalfd */
	int64_t next_survey;
	int64_t next_hello; /* INT64_MAX: never */
	pid_t hello;        /* of the visits without mail; 0: none */
};

/* Forks a process for a target, or for visits if it is NULL.  0 if that cannot
 * be. */
static pid_t
start(struct runner *runner, const struct target *target, bool probe)
{
	sigset_t none;
	pid_t pid;

	pid = fork();
	if (pid < 0) {
		warning("cannot fork: %s", strerror(errno));
		return 0;
	}
	if (pid > 0) {
		runner->running++;
		return pid;
	}
	close(runner->targets.events);
	close(runner->signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (target == NULL)
		_exit((int)errand_hello(runner->how, runner->queue));
	_exit((int)errand_run(runner->how, runner->queue, target->name, probe,
	    target->survey ? runner->believed : 0));
}

/* Starts an errand if there is one to do. */
static void
serve(struct runner *runner, struct target *target, int64_t now)
{
	bool probe = target->next <= now;

	if (target->pid != 0 || !target->left ||
	    runner->running >= runner->parallel ||
	    (!probe && !target->fresh &&
		!(target->survey && runner->believed != 0)))
		return;
	target->pid = start(runner, target, probe);
	if (target->pid == 0)
		target->next = now + (int64_t)runner->how->first;
	target->fresh = target->survey = false;
}

/* Whether a time has come; also if it is so far away that the clock must have
 * jumped. */
static bool
has_come(int64_t when, int64_t now, int64_t pause)
{
	return when != INT64_MAX && (now >= when || now < when - 2 * pause);
}

/* All that is due. */
static void
serve_all(struct runner *runner)
{
	int64_t now = time(NULL), hello = (int64_t)runner->how->hello;
	size_t i;

	if (has_come(runner->next_survey, now, SURVEY_S)) {
		runner->believed = guard_look(runner->queue, now,
				       targets_survey(&runner->targets))
				       ? now
				       : 0;
		runner->next_survey = now + SURVEY_S;
	}
	for (i = 0; i < runner->targets.count; i++)
		serve(runner, &runner->targets.all[i], now);
	if (runner->hello == 0 && has_come(runner->next_hello, now, hello)) {
		runner->hello = start(runner, NULL, false);
		runner->next_hello = now + hello / 24 + 1;
	}
}

static void
reaped(struct runner *runner, struct target *target, int wait_status)
{
	target->pid = 0;
	target_look(&runner->targets, target);
	if (WIFSIGNALED(wait_status))
		warning("the errand for '%s' was killed by signal %d",
		    target->name, WTERMSIG(wait_status));
	/* one that left mail but no schedule behind would be tried again at
	 * once */
	if (WIFSIGNALED(wait_status) ||
	    WEXITSTATUS(wait_status) == ERRAND_BUSY ||
	    WEXITSTATUS(wait_status) == ERRAND_FAILED ||
	    (target->left && !target->fresh && target->next <= time(NULL)))
		target->next = time(NULL) + (int64_t)runner->how->first;
}

static void
reap(struct runner *runner)
{
	int wait_status;
	pid_t pid;
	size_t i;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
		runner->running--;
		if (pid == runner->hello)
			runner->hello = 0;
		for (i = 0; i < runner->targets.count; i++)
			if (runner->targets.all[i].pid == pid)
				reaped(runner, &runner->targets.all[i],
				    wait_status);
	}
}

static void
make_all_due(struct runner *runner)
{
	size_t i;

	for (i = 0; i < runner->targets.count; i++)
		runner->targets.all[i].next = 0;
	if (runner->next_hello != INT64_MAX)
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

/* Milliseconds until something is due. */
static int
sleep_of(const struct runner *runner)
{
	int64_t now = time(NULL), next = runner->next_survey;
	const struct target *target;
	size_t i;

	for (i = 0; i < runner->targets.count; i++) {
		target = &runner->targets.all[i];
		if (target->pid == 0 && target->left &&
		    runner->running < runner->parallel && target->next < next)
			next = target->next;
	}
	if (runner->hello == 0 && runner->next_hello < next)
		next = runner->next_hello;
	/* a clock that was set back does not make it longer */
	if (next > now + SURVEY_S)
		next = now + SURVEY_S;
	return next <= now ? 0 : (int)(next - now) * 1000;
}

static void
wait_for_more(struct runner *runner)
{
	struct pollfd fds[] = {
	    {.fd = runner->signals, .events = POLLIN},
	    {.fd = runner->targets.events, .events = POLLIN},
	};

	if (poll(fds, nitems(fds), sleep_of(runner)) < 0 && errno != EINTR)
		fatal("cannot poll: %s", strerror(errno));
	if (fds[0].revents != 0)
		take_signals(runner);
	if (fds[1].revents != 0)
		targets_events(&runner->targets);
}

static void
catch_signals(struct runner *runner)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		fatal("cannot block signals: %s", strerror(errno));
	runner->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (runner->signals < 0)
		fatal("cannot catch signals: %s", strerror(errno));
}

/* Ends the errands that are under way; what they hold stays in the queue. */
static void
stop(struct runner *runner)
{
	size_t i;

	for (i = 0; i < runner->targets.count; i++)
		if (runner->targets.all[i].pid > 0)
			kill(runner->targets.all[i].pid, SIGTERM);
	if (runner->hello > 0)
		kill(runner->hello, SIGTERM);
	while (runner->running > 0 && waitpid(-1, NULL, 0) > 0)
		runner->running--;
}

/* Whether there is an errand under way, or one to do now. */
static bool
is_busy(const struct runner *runner)
{
	const struct target *target;
	int64_t now = time(NULL);
	size_t i;

	for (i = 0; i < runner->targets.count; i++) {
		target = &runner->targets.all[i];
		if (target->left && (target->next <= now || target->fresh))
			return true;
	}
	return runner->running > 0;
}

static bool
is_empty(const struct runner *runner)
{
	size_t i;

	for (i = 0; i < runner->targets.count; i++)
		if (runner->targets.all[i].left)
			return false;
	return true;
}

int
runner_run(const struct errand_settings *how, const struct queue *queue,
    uint64_t parallel, bool once)
{
	struct runner runner = {
	    .how = how, .queue = queue, .parallel = parallel};
	int status = STATUS_OK;

	if (how->nodes == NULL || how->hello == 0)
		runner.next_hello = INT64_MAX;
	catch_signals(&runner);
	targets_init(&runner.targets, queue, how->last);
	do {
		serve_all(&runner);
		if (once && !is_busy(&runner))
			break;
		wait_for_more(&runner);
	} while (!runner.stopping);
	stop(&runner);
	if (once && (runner.stopping || !is_empty(&runner)))
		status = STATUS_DEFER;
	close(runner.signals);
	targets_free(&runner.targets);
	return status;
}
