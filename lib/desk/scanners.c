/*
 * scanners: the processes that scan, as the desk sees them.
 *
 * - There are as many as there is work for, and one more, up to the number of
 *   the settings: each costs some memory of its own, and a fork.
 * - One that has taken too long, holds too much of the disk or says something
 *   odd is killed; its job fails.  A job is never tried twice: it may be what
 *   killed the first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "desk/deskpart.h"

#define ASK_MS 30000      /* for a nursery to fork one */
#define ASK_AGAIN_MS 1000 /* when they die before they do anything */
#define TEMP_CHECK_MS 200
#define DEATH_MS 1000 /* that a killed one takes to die, at most */

void
scanners_init(struct desk *desk)
{
	unsigned each = desk->settings->nursery.scanners;
	struct scanner *scanner;
	size_t i;

	desk->scanner_count = (size_t)each * DESK_DATABASES;
	desk->scanners = calloc(desk->scanner_count, sizeof(*desk->scanners));
	if (desk->scanners == NULL)
		fatal("out of memory");
	for (i = 0; i < desk->scanner_count; i++) {
		scanner = &desk->scanners[i];
		scanner->database = &desk->databases[i / each];
		scanner->number = (unsigned)(i % each);
		scanner->source.kind = SOURCE_SCANNER;
		scanner->source.fd = scanner->process = -1;
	}
}

size_t
scanners_count(const struct desk *desk, const struct database *database,
    enum scanner_state state)
{
	size_t i, count = 0;

	for (i = 0; i < desk->scanner_count; i++)
		count += desk->scanners[i].state == state &&
			 (database == NULL ||
			     desk->scanners[i].database == database);
	return count;
}

static void
find_directory(const struct scanner *scanner, char path[PATH_MAX])
{
	int n = snprintf(
	    path, PATH_MAX, "%s/%u", scanner->database->temp, scanner->number);

	if (n < 0 || n >= PATH_MAX)
		fatal("the path of temporary files is too long");
}

static struct scanner *
find(struct desk *desk, const struct database *database,
    enum scanner_state state)
{
	size_t i;

	for (i = 0; i < desk->scanner_count; i++)
		if (desk->scanners[i].state == state &&
		    desk->scanners[i].database == database)
			return &desk->scanners[i];
	return NULL;
}

struct scanner *
scanner_idle(struct desk *desk)
{
	if (desk->current == NULL || desk->swapping)
		return NULL;
	return find(desk, desk->current, SCANNER_IDLE);
}

/* Waits so long for the end of the process. */
static bool
is_dead(const struct scanner *scanner, int ms)
{
	struct pollfd pfd = {scanner->process, POLLIN, 0};

	return poll(&pfd, 1, ms) == 1;
}

/* The process is dead. */
static void
release(struct desk *desk, struct scanner *scanner)
{
	char path[PATH_MAX];

	if (scanner->source.fd >= 0) {
		source_forget(desk->epoll, &scanner->source);
		close(scanner->source.fd);
	}
	if (scanner->process >= 0 && scanner->process != scanner->source.fd)
		close(scanner->process);
	scanner->source.fd = scanner->process = -1;
	scanner->state = SCANNER_NONE;
	find_directory(scanner, path);
	if (temp_remove(path) < 0 && errno != ENOENT)
		warning("cannot remove '%s': %s", path, strerror(errno));
}

/* Kills it, and waits for its end in the loop. */
static void
kill_scanner(struct desk *desk, struct scanner *scanner)
{
	source_forget(desk->epoll, &scanner->source);
	close(scanner->source.fd);
	scanner->source.fd = -1;
	scanner->state = SCANNER_DYING;
	if (scanner->process < 0) {
		release(desk, scanner);
		return;
	}
	pidfd_send_signal(scanner->process, SIGKILL, NULL, 0);
	scanner->source.fd = scanner->process;
	source_watch(desk->epoll, &scanner->source, EPOLLIN);
}

/* Kills it; its job, if it has one, fails. */
static void
give_up(struct desk *desk, struct scanner *scanner, const char *why)
{
	struct job *job = scanner->job;

	if (job != NULL)
		warning("%s; it scanned '%s'", why, job->name);
	else
		warning("%s", why);
	if (job == NULL && scanner->scans == 0 &&
	    ++desk->stillborn > desk->settings->nursery.scanners)
		desk->next_ask = clock_ms() + ASK_AGAIN_MS;
	scanner->job = NULL;
	kill_scanner(desk, scanner);
	if (job != NULL)
		job_failed(desk, job, why);
}

static bool
ask(struct scanner *scanner)
{
	char path[PATH_MAX];

	find_directory(scanner, path);
	if (temp_prepare(path) < 0) {
		warning("cannot make '%s': %s", path, strerror(errno));
		return false;
	}
	if (nursery_ask(&scanner->database->nursery, scanner->number) < 0)
		return false;
	scanner->state = SCANNER_ASKED;
	scanner->deadline = clock_ms() + ASK_MS;
	return true;
}

void
scanners_fill(struct desk *desk)
{
	const struct database *current = desk->current;
	size_t wanted, have;
	struct scanner *scanner;

	if (current == NULL || desk->swapping || clock_ms() < desk->next_ask)
		return;
	have = scanners_count(desk, current, SCANNER_BUSY);
	/* one more is ready, should one of these die of what it scans */
	wanted = have + desk->queue_length + 1;
	have += scanners_count(desk, current, SCANNER_IDLE) +
		scanners_count(desk, current, SCANNER_ASKED);
	while (have < wanted &&
	       (scanner = find(desk, current, SCANNER_NONE)) != NULL) {
		if (!ask(scanner)) {
			desk->next_ask = clock_ms() + ASK_AGAIN_MS;
			return;
		}
		have++;
	}
}

void
scanner_arrived(struct desk *desk, struct database *database,
    const struct nursery_event *event)
{
	size_t first = (size_t)(database - desk->databases) *
		       desk->settings->nursery.scanners;
	struct scanner *scanner;

	if (event->number >= desk->settings->nursery.scanners ||
	    desk->scanners[first + event->number].state != SCANNER_ASKED) {
		close(event->fd); /* it is its end */
		return;
	}
	scanner = &desk->scanners[first + event->number];
	scanner->state = SCANNER_IDLE;
	scanner->scans = 0;
	scanner->process = pidfd_open(event->pid, 0);
	scanner->source.fd = event->fd;
	source_watch(desk->epoll, &scanner->source, EPOLLIN);
	if (scanner->process < 0)
		give_up(desk, scanner, "the scanner died at once");
}

bool
scanner_begin(struct desk *desk, struct scanner *scanner, struct job *job)
{
	int64_t now = clock_ms();

	if (scanner_give(scanner->source.fd, job->fd,
		job->name[0] != '\0' ? job->name : NULL, job->is_message) < 0) {
		give_up(desk, scanner, "the scanner takes no job");
		return false;
	}
	close(job->fd);
	job->fd = -1;
	scanner->job = job;
	scanner->state = SCANNER_BUSY;
	scanner->deadline = now + (int64_t)desk->settings->time;
	scanner->temp_check = now + TEMP_CHECK_MS;
	return true;
}

static void
take_answer(struct desk *desk, struct scanner *scanner)
{
	struct job *job = scanner->job;
	int rc;

	report_reset(&desk->report);
	rc = scanner_take(scanner->source.fd, &desk->report);
	if (rc == 0)
		return;
	if (rc < 0 || job == NULL) {
		give_up(desk, scanner, "the scanner died");
		return;
	}
	scanner->job = NULL;
	scanner->state = SCANNER_IDLE;
	job_done(desk, job, scanner->database);
	desk->stillborn = 0;
	if (++scanner->scans >= desk->settings->recycle ||
	    scanner->database->state == DATABASE_RETIRED)
		kill_scanner(desk, scanner);
}

void
scanner_event(struct desk *desk, struct scanner *scanner)
{
	switch (scanner->state) {
	case SCANNER_IDLE:
	case SCANNER_BUSY:
		take_answer(desk, scanner);
		break;
	case SCANNER_DYING:
		/* it may be an event of the channel that was */
		if (is_dead(scanner, 0))
			release(desk, scanner);
		break;
	case SCANNER_NONE:
	case SCANNER_ASKED:
		break; /* of one that was here before */
	}
}

static void
end(struct desk *desk, struct scanner *scanner, const char *why)
{
	switch (scanner->state) {
	case SCANNER_ASKED:
		scanner->state = SCANNER_NONE;
		break;
	case SCANNER_IDLE:
		kill_scanner(desk, scanner);
		break;
	case SCANNER_BUSY:
		give_up(desk, scanner, why);
		break;
	case SCANNER_NONE:
	case SCANNER_DYING:
		break;
	}
}

void
scanners_end(
    struct desk *desk, const struct database *database, const char *why)
{
	size_t i;

	for (i = 0; i < desk->scanner_count; i++)
		if (desk->scanners[i].database == database)
			end(desk, &desk->scanners[i], why);
}

void
scanners_end_idle(struct desk *desk, const struct database *database)
{
	struct scanner *scanner;

	while ((scanner = find(desk, database, SCANNER_IDLE)) != NULL)
		kill_scanner(desk, scanner);
}

/* Why a busy one must not go on, or NULL. */
static const char *
must_end(const struct desk *desk, struct scanner *scanner, int64_t now)
{
	char path[PATH_MAX];

	if (now >= scanner->deadline)
		return "the scan took too long";
	if (now < scanner->temp_check)
		return NULL;
	scanner->temp_check = now + TEMP_CHECK_MS;
	find_directory(scanner, path);
	return temp_is_over(path, desk->settings->nursery.temp_size)
		   ? "too many temporary files"
		   : NULL;
}

/* When to look at it again. */
static int64_t
look_at(struct desk *desk, struct scanner *scanner, int64_t now)
{
	const char *why;

	switch (scanner->state) {
	case SCANNER_ASKED:
		if (now < scanner->deadline)
			return scanner->deadline;
		scanner->state = SCANNER_NONE;
		return CLOCK_NEVER;
	case SCANNER_BUSY:
		why = must_end(desk, scanner, now);
		if (why == NULL)
			return scanner->temp_check < scanner->deadline
				   ? scanner->temp_check
				   : scanner->deadline;
		give_up(desk, scanner, why);
		return now;
	case SCANNER_NONE:
	case SCANNER_IDLE:
	case SCANNER_DYING:
		break;
	}
	return CLOCK_NEVER;
}

int64_t
scanners_sweep(struct desk *desk, int64_t now)
{
	int64_t first = CLOCK_NEVER, next;
	size_t i;

	for (i = 0; i < desk->scanner_count; i++) {
		next = look_at(desk, &desk->scanners[i], now);
		if (next < first)
			first = next;
	}
	if (desk->queue != NULL && desk->next_ask > now &&
	    desk->next_ask < first)
		first = desk->next_ask;
	return first;
}

void
scanners_wait(struct desk *desk)
{
	struct scanner *scanner;
	size_t i;

	for (i = 0; i < desk->scanner_count; i++) {
		scanner = &desk->scanners[i];
		if (scanner->state != SCANNER_DYING)
			continue;
		is_dead(scanner, DEATH_MS);
		release(desk, scanner);
	}
}
