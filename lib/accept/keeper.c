#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accept/confine.h"
#include "accept/keeper.h"
#include "base/bundle.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"
#include "net/pipeline.h"
#include "net/tls.h"
#include "node/nodes.h"

#define PIPELINES_MAX 4096 /* that run or leave at a time */

/* One that runs, or that has not left yet. */
struct kept {
	struct pipeline pipeline;
	uint32_t route;
	uint32_t number;
	bool told; /* the loop knows that it is no more, or said so */
};

struct keeper {
	const struct keeper_config *config;
	int channel; /* -1 once the loop is gone */
	int signals;
	struct pipeline *pipelines; /* first members of struct kept */
	size_t count;
	uint32_t last; /* number that was given */
	char *letter;  /* CHANNEL_SIZE octets */
};

int
keeper_tell(int channel, char kind, const struct keeper_note *note)
{
	return channel_send(channel, kind,
	    (struct span){(const char *)note, sizeof(*note)}, NULL, 0, 1);
}

static void
answer(struct keeper *keeper, char kind, const struct keeper_note *note,
    const int *fds, size_t fd_count)
{
	if (keeper->channel >= 0)
		channel_send(keeper->channel, kind,
		    (struct span){(const char *)note, sizeof(*note)}, fds,
		    fd_count, 0);
}

static struct kept *
find(const struct keeper *keeper, uint32_t number)
{
	struct pipeline *p;

	for (p = keeper->pipelines; p != NULL; p = p->next)
		if (((struct kept *)p)->number == number)
			return (struct kept *)p;
	return NULL;
}

/* Tells the loop of one that broke. */
static void
tell_death(struct keeper *keeper, struct kept *kept)
{
	struct keeper_note note = {kept->route, kept->number, 0};

	if (!kept->told)
		answer(keeper, KEEPER_DIED, &note, NULL, 0);
	kept->told = true;
}

/* Frees those of which no process is left. */
static void
forget(struct keeper *keeper)
{
	struct pipeline **link = &keeper->pipelines, *p;

	while ((p = *link) != NULL)
		if (pipeline_is_over(p)) {
			*link = p->next;
			free(p);
			keeper->count--;
		} else
			link = &p->next;
}

static void
reap(struct keeper *keeper)
{
	struct pipeline *p;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (p = keeper->pipelines; p != NULL; p = p->next)
			if (pipeline_reaped(p, pid, status)) {
				if (p->broken)
					tell_death(keeper, (struct kept *)p);
				break;
			}
	forget(keeper);
}

static void
start(struct keeper *keeper, uint32_t route)
{
	const struct keeper_config *config = keeper->config;
	struct keeper_note note = {.route = route};
	struct kept *kept;
	int ends[2];

	if (keeper->count >= PIPELINES_MAX) {
		note.failure = EAGAIN;
		answer(keeper, KEEPER_FAILED, &note, NULL, 0);
		return;
	}
	kept = calloc(1, sizeof(*kept));
	if (kept == NULL)
		fatal("out of memory");
	kept->route = route;
	note.number = kept->number = ++keeper->last;
	kept->pipeline.name = config->routes[route].name;
	kept->pipeline.next = keeper->pipelines;
	keeper->pipelines = &kept->pipeline;
	keeper->count++;
	if (pipeline_start(&kept->pipeline, &config->routes[route].line,
		config->stage_user, ends) < 0) {
		note.failure = errno;
		kept->told = true;
		answer(keeper, KEEPER_FAILED, &note, NULL, 0);
		forget(keeper);
		return;
	}
	answer(keeper, KEEPER_STARTED, &note, ends, 2);
	close(ends[0]);
	close(ends[1]);
}

static void
stop(struct keeper *keeper, uint32_t number, bool kill)
{
	struct kept *kept;

	/* those that died by themselves come first, for the log */
	if (kill)
		reap(keeper);
	kept = find(keeper, number);
	if (kept == NULL)
		return;
	kept->told = true;
	if (kill)
		pipeline_kill(&kept->pipeline);
	else
		pipeline_retire(&kept->pipeline);
}

/* All files in one descriptor.  What cannot be read is told by whoever reads
 * the bundle. */
static void
load(struct keeper *keeper)
{
	const struct keeper_config *config = keeper->config;
	struct keeper_note note = {0};
	int bundle = bundle_create();
	bool good;

	good = bundle >= 0 && nodes_gather(config->nodes, bundle) == 0;
	if (good && config->certificate != NULL)
		good = bundle_add(bundle, KEEPER_CERTIFICATE,
			   config->certificate, TLS_FILE_MAX) == 0 &&
		       bundle_add(
			   bundle, KEEPER_KEY, config->key, TLS_FILE_MAX) == 0;
	answer(keeper, KEEPER_LOADED, &note, &bundle, good ? 1 : 0);
	if (bundle >= 0)
		close(bundle);
}

/* Leaves open only standard input, output and error and that one. */
static void
close_others(int fd)
{
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0U, 0);
}

/* Becomes who asks the DNS lists, or who knocks at other nodes. */
_Noreturn static void
become_helper(const struct keeper_config *config, char kind, int channel)
{
	sigset_t none;

	prctl(PR_SET_NAME, kind == KEEPER_ASKER ? "smtp-lists" : "smtp-prober");
	close_others(channel);
	if (config->user != NULL && user_become(config->user) < 0)
		fatal("cannot become another user: %s", strerror(errno));
	user_confine();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (kind == KEEPER_PROBER)
		probe_main(&config->prober, channel);
	lists_main(&config->lists, &config->asker, channel, confine_lists);
}

/* It leaves by itself when the loop does, which holds the other end. */
static void
start_helper(struct keeper *keeper, char kind)
{
	const char *name = kind == KEEPER_ASKER ? "DNS lists" : "prober";
	struct keeper_note note = {0};
	int ends[2];
	pid_t pid;

	if (channel_open(ends) < 0) {
		warning("%s: %s", name, strerror(errno));
		return;
	}
	pid = fork();
	if (pid == 0)
		become_helper(keeper->config, kind, ends[1]);
	if (pid < 0)
		warning("%s: cannot fork: %s", name, strerror(errno));
	else
		answer(keeper, kind, &note, ends, 1);
	close(ends[0]);
	close(ends[1]);
}

static void
retire_all(struct keeper *keeper)
{
	struct pipeline *p;

	close(keeper->channel);
	keeper->channel = -1;
	for (p = keeper->pipelines; p != NULL; p = p->next)
		if (!p->retired)
			pipeline_retire(p);
}

/* Acts on one note; false if there is none. */
static bool
obey(struct keeper *keeper)
{
	int fds[CHANNEL_FDS_MAX];
	struct keeper_note note;
	ssize_t n;

	n = channel_receive(keeper->channel, keeper->letter, fds, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		retire_all(keeper);
		return false;
	}
	if ((size_t)n != 1 + sizeof(note))
		return true;
	memcpy(&note, keeper->letter + 1, sizeof(note));
	switch (keeper->letter[0]) {
	case KEEPER_START:
		if (note.route < ROUTE_COUNT &&
		    keeper->config->routes[note.route].name != NULL)
			start(keeper, note.route);
		break;
	case KEEPER_RETIRE:
	case KEEPER_KILL:
		stop(keeper, note.number, keeper->letter[0] == KEEPER_KILL);
		break;
	case KEEPER_LOAD:
		load(keeper);
		break;
	case KEEPER_LISTS:
		if (keeper->config->lists.count > 0)
			start_helper(keeper, KEEPER_ASKER);
		break;
	case KEEPER_PROBE:
		if (keeper->config->probe)
			start_helper(keeper, KEEPER_PROBER);
		break;
	}
	return true;
}

/* Kills those that should have left; returns when the next one should. */
static int64_t
sweep(struct keeper *keeper)
{
	int64_t now = clock_ms(), next = CLOCK_NEVER;
	struct pipeline *p;

	for (p = keeper->pipelines; p != NULL; p = p->next) {
		if (!p->retired)
			continue;
		if (now >= p->kill_at)
			pipeline_kill(p);
		if (p->kill_at < next)
			next = p->kill_at;
	}
	return next;
}

static int
open_signals(void)
{
	sigset_t set;
	int fd;

	/* it leaves when the loop does, which is told by others */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fatal("signalfd: %s", strerror(errno));
	return fd;
}

_Noreturn static void
keeper_main(const struct keeper_config *config, int channel)
{
	struct keeper keeper = {.config = config, .channel = channel};
	struct signalfd_siginfo info;
	struct pollfd waits[2];

	keeper.letter = malloc(CHANNEL_SIZE);
	if (keeper.letter == NULL)
		fatal("out of memory");
	keeper.signals = open_signals();
	prctl(PR_SET_NAME, "smtp-keeper");
	user_confine();
	confine_keeper();
	while (keeper.channel >= 0 || keeper.pipelines != NULL) {
		waits[0] = (struct pollfd){keeper.channel, POLLIN, 0};
		waits[1] = (struct pollfd){keeper.signals, POLLIN, 0};
		poll(waits, 2, clock_left(sweep(&keeper)));
		while (read(keeper.signals, &info, sizeof(info)) > 0)
			continue;
		/* what was given up comes first: then its end is no death */
		while (waits[0].revents != 0 && obey(&keeper))
			continue;
		reap(&keeper);
	}
	_exit(STATUS_OK);
}

int
keeper_fork(const struct keeper_config *config, pid_t *pid)
{
	int ends[2];

	if (channel_open(ends) < 0)
		fatal("cannot make a channel: %s", strerror(errno));
	*pid = fork();
	if (*pid < 0)
		fatal("cannot fork: %s", strerror(errno));
	if (*pid == 0) {
		/* neither listening sockets nor a client's */
		close_others(ends[1]);
		keeper_main(config, ends[1]);
	}
	close(ends[1]);
	return ends[0];
}
