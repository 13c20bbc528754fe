#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/huge.h"
#include "base/proc.h"
#include "base/sandbox.h"
#include "base/scan.h"
#include "base/user.h"
#include "desk/nursery.h"
#include "desk/scanner.h"
#include "net/channel.h"

/* From the nursery, and to it. */
enum {
	SAY_READY = 'R',   /* struct ready */
	SAY_FAILED = 'F',  /* why */
	SAY_SCANNER = 'S', /* struct born, and its channel */
	ASK_SCANNER = 'A'  /* unsigned number */
};

/* of proc_pid_statm(5) */
enum { RESIDENT = 2, DATA = 6 };

struct ready {
	uint64_t memory;
	unsigned signatures;
	bool mail_profile;
	char version[REPORT_NAME_MAX + 1];
};

struct born {
	unsigned number;
	pid_t pid;
};

/* What libclamav, GMime and libc do while they scan. */
#define CALLS_SCAN                                                             \
	SANDBOX_CALLS_PROCESS, SANDBOX_CALLS_IO, "access", "dup", "faccessat", \
	    "faccessat2", "fstat", "fstat64", "fstatat64", "fstatfs",          \
	    "fstatfs64", "ftruncate", "ftruncate64", "getcwd", "getdents64",   \
	    "lstat", "lstat64", "mkdir", "mkdirat", "newfstatat", "open",      \
	    "openat", "rename", "renameat", "renameat2", "rmdir", "stat",      \
	    "stat64", "statfs", "statfs64", "statx", "sysinfo", "uname",       \
	    "unlink", "unlinkat"

static void
leave_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fatal("cannot ask for the parent's death: %s", strerror(errno));
	if (getppid() != parent)
		_exit(STATUS_DEFER);
}

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Leaves open only standard input, which becomes /dev/null, output, error, the
 * channel and the snapshot's files. */
static void
close_others(int channel, const struct snapshot *snapshot)
{
	size_t count = snapshot->count + 1, i;
	int *keep = malloc(count * sizeof(*keep));
	unsigned next = 3;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (keep == NULL)
		fatal("out of memory");
	if (null < 0 || dup2(null, 0) < 0)
		fatal("cannot open '/dev/null': %s", strerror(errno));
	keep[0] = channel;
	for (i = 0; i < snapshot->count; i++)
		keep[i + 1] = snapshot->files[i].fd;
	qsort(keep, count, sizeof(*keep), by_number);
	for (i = 0; i < count; i++) {
		if ((unsigned)keep[i] > next)
			close_range(next, (unsigned)keep[i] - 1, 0);
		next = (unsigned)keep[i] + 1;
	}
	close_range(next, ~0U, 0);
	free(keep);
}

static void
default_signals(void)
{
	sigset_t none;

	/* who stops the desk with the terminal's keys stops us by its end */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* dead scanners leave no trace */
	/* libclamav says nothing of what it could not write: a temporary file
	 * past its limit ends the scanner, and that is no clean message */
	signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Octets of memory, as proc_pid_statm(5) has them: resident, which is the
 * second number of pages, or data as RLIMIT_DATA counts it, which is the sixth.
 */
static uint64_t
memory_in_use(unsigned which)
{
	struct buf text = BUF_INIT(16384);
	struct scan scan;
	uint64_t pages = 0;

	if (file_read("/proc/self/statm", &text) < 0)
		fatal("cannot read '/proc/self/statm': %s", strerror(errno));
	scan_init(&scan, buf_span(&text));
	while (which-- > 0) {
		pages = scan_number(&scan, UINT64_MAX / 65536);
		scan_char(&scan, ' ');
	}
	if (scan.bad)
		fatal("'/proc/self/statm' is not as expected");
	buf_free(&text);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
limit_loading(uint64_t memory)
{
	struct rlimit limit;

	if (memory == 0 || SANDBOX_SANITIZED)
		return;
	getrlimit(RLIMIT_DATA, &limit);
	limit.rlim_cur = memory;
	if (setrlimit(RLIMIT_DATA, &limit) < 0)
		fatal("cannot limit memory: %s", strerror(errno));
}

/* No files but temporary ones, no sockets, no programs; the rest is for the
 * fork of scanners and what they still give up themselves. */
static void
confine_nursery(const struct nursery_settings *settings)
{
	const struct sandbox_path temp = {
	    settings->temp, SANDBOX_READ | SANDBOX_WRITE};
	static const char *const calls[] = {CALLS_SCAN, "clone:fork",
	    "close_range", "getppid", "landlock_add_rule",
	    "landlock_create_ruleset", "landlock_restrict_self", "prctl:name",
	    "prctl:pdeathsig", "prlimit64:self", "getrlimit", "setrlimit",
	    "ugetrlimit", "seccomp", "socketpair:unix", "setsockopt", "wait4"};

	user_confine();
	sandbox_limit(RLIMIT_DATA, memory_in_use(DATA) + settings->scan_memory);
	sandbox_limit(RLIMIT_FSIZE, settings->temp_size);
	sandbox_reach(&temp, 1, NULL, 0);
	sandbox_calls(calls, nitems(calls));
}

static void
confine_scanner(const char *directory)
{
	const struct sandbox_path temp = {
	    directory, SANDBOX_READ | SANDBOX_WRITE};
	static const char *const calls[] = {CALLS_SCAN};

	sandbox_limit(RLIMIT_NPROC, 0);
	sandbox_reach(&temp, 1, NULL, 0);
	sandbox_calls(calls, nitems(calls));
}

_Noreturn static void
be_scanner(struct engine *engine, const struct nursery_settings *settings,
    unsigned number, int channel, pid_t parent)
{
	char directory[PATH_MAX];

	leave_with_parent(parent);
	prctl(PR_SET_NAME, "av-scanner");
	close_range(3, (unsigned)channel - 1, 0);
	close_range((unsigned)channel + 1, ~0U, 0);
	snprintf(directory, sizeof(directory), "%s/%u", settings->temp, number);
	engine_temp(engine, directory);
	confine_scanner(directory);
	scanner_main(engine, channel, directory,
	    settings->temp_size * settings->scanners);
}

/* Forks a scanner and sends the desk its end of the channel. */
static void
bear(struct engine *engine, const struct nursery_settings *settings,
    unsigned number, int desk)
{
	struct born born = {.number = number};
	pid_t self = getpid();
	int ends[2];

	if (channel_open(ends) < 0)
		fatal("cannot make a channel: %s", strerror(errno));
	born.pid = fork();
	if (born.pid < 0)
		fatal("cannot start a scanner: %s", strerror(errno));
	if (born.pid == 0)
		be_scanner(engine, settings, number, ends[1], self);
	close(ends[1]);
	if (channel_send(desk, SAY_SCANNER,
		(struct span){(const char *)&born, sizeof(born)}, &ends[0], 1,
		0) < 0)
		_exit(STATUS_DEFER);
	close(ends[0]);
}

_Noreturn static void
nursery_main(const struct snapshot *snapshot,
    const struct nursery_settings *settings, int desk)
{
	static struct engine engine;
	struct ready ready = {0};
	char why[REPORT_NAME_MAX + 1];
	static char letter[CHANNEL_SIZE];
	int fds[CHANNEL_FDS_MAX];
	unsigned number;

	limit_loading(settings->memory);
	tzset();
	if (engine_load(&engine, snapshot, &settings->limits, settings->temp,
		why) < 0) {
		channel_send(desk, SAY_FAILED, span_of(why), NULL, 0, 0);
		_exit(STATUS_DEFER);
	}
	if (!SANDBOX_SANITIZED) /* its shadow of all memory is better left */
		huge_collapse();
	ready.memory = memory_in_use(RESIDENT);
	ready.signatures = engine.signatures;
	ready.mail_profile = engine.mail_profile;
	memcpy(ready.version, engine.version, sizeof(ready.version));
	confine_nursery(settings);
	if (channel_send(desk, SAY_READY,
		(struct span){(const char *)&ready, sizeof(ready)}, NULL, 0,
		0) < 0)
		_exit(STATUS_DEFER);
	while (channel_receive(desk, letter, fds, 0) == 1 + sizeof(number)) {
		memcpy(&number, letter + 1, sizeof(number));
		bear(&engine, settings, number, desk);
	}
	_exit(STATUS_OK);
}

int
nursery_start(struct nursery *nursery, const struct snapshot *snapshot,
    const struct nursery_settings *settings)
{
	pid_t parent = getpid();
	int ends[2];

	if (channel_open(ends) < 0)
		return -1;
	nursery->pid = fork();
	if (nursery->pid == 0) {
		leave_with_parent(parent);
		prctl(PR_SET_NAME, "av-engine");
		default_signals();
		close_others(ends[1], snapshot);
		nursery_main(snapshot, settings, ends[1]);
	}
	close(ends[1]);
	if (nursery->pid < 0) {
		close(ends[0]);
		return -1;
	}
	nursery->channel = ends[0];
	return 0;
}

static void
unpack(struct nursery_event *event, const char *letter, size_t len)
{
	struct ready ready;
	struct born born;

	event->what = NURSERY_GONE;
	if (letter[0] == SAY_READY && len == 1 + sizeof(ready)) {
		memcpy(&ready, letter + 1, sizeof(ready));
		event->what = NURSERY_READY;
		event->memory = ready.memory;
		event->signatures = ready.signatures;
		event->mail_profile = ready.mail_profile;
		snprintf(event->text, sizeof(event->text), "%s", ready.version);
	} else if (letter[0] == SAY_FAILED) {
		event->what = NURSERY_FAILED;
		snprintf(event->text, sizeof(event->text), "%.*s", (int)len - 1,
		    letter + 1);
	} else if (letter[0] == SAY_SCANNER && len == 1 + sizeof(born)) {
		memcpy(&born, letter + 1, sizeof(born));
		event->what = NURSERY_SCANNER;
		event->number = born.number;
		event->pid = born.pid;
	}
}

int
nursery_take(struct nursery *nursery, struct nursery_event *event)
{
	static char letter[CHANNEL_SIZE];
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	memset(event, 0, sizeof(*event));
	n = channel_receive(nursery->channel, letter, fds, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	event->what = NURSERY_GONE;
	event->fd = fds[0];
	if (n > 0)
		unpack(event, letter, (size_t)n);
	return 1;
}

int
nursery_ask(struct nursery *nursery, unsigned number)
{
	return channel_send(nursery->channel, ASK_SCANNER,
	    (struct span){(const char *)&number, sizeof(number)}, NULL, 0, 1);
}

void
nursery_stop(struct nursery *nursery)
{
	if (nursery->pid <= 0)
		return;
	kill(nursery->pid, SIGKILL);
	proc_wait(nursery->pid);
	close(nursery->channel);
	nursery->pid = 0;
	nursery->channel = -1;
}
