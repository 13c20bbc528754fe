/*
 * databases: the nursery that is in use, and the one that will be.
 *
 * - Overlap: the new one is loaded beside the old one, which works on; when the
 *   new one is ready the old one ends with its last job.  Memory for both.
 * - Swap: the old one ends first, and jobs wait.  Memory for one.  Its files
 *   are still open, so that it can be loaded again if the new one is no good.
 * - What could not be loaded is not tried again until the directory is another
 *   one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "desk/deskpart.h"
#include "sigs/estimate.h"

#define PAUSE_MS 1000      /* before a dead nursery is started again, */
#define PAUSE_MAX_MS 60000 /* and twice that each time up to this */
#define STEADY_MS 60000    /* one that lived so long died by chance */

static bool
is_loading(const struct desk *desk)
{
	size_t i;

	for (i = 0; i < DESK_DATABASES; i++)
		if (desk->databases[i].state == DATABASE_LOADING)
			return true;
	return false;
}

/* One that nobody uses, nor a scanner of its last nursery; or NULL. */
static struct database *
find_spare(struct desk *desk)
{
	struct database *database;
	size_t i;

	for (i = 0; i < DESK_DATABASES; i++) {
		database = &desk->databases[i];
		if (database->state == DATABASE_NONE &&
		    scanners_count(desk, database, SCANNER_DYING) == 0)
			return database;
	}
	return NULL;
}

static void
move_snapshot(struct snapshot *to, struct snapshot *from)
{
	snapshot_free(to);
	*to = *from;
	*from = (struct snapshot){0};
}

/* Starts a nursery with a snapshot, which is its from then on.  false if that
 * cannot be now. */
static bool
start(struct desk *desk, struct snapshot *snapshot)
{
	struct database *database = find_spare(desk);

	if (database == NULL)
		return false;
	if (temp_prepare(database->temp) < 0 ||
	    nursery_start(&database->nursery, snapshot, &database->settings) <
		0) {
		warning("cannot start an engine: %s", strerror(errno));
		return false;
	}
	database->again = snapshot == &desk->good;
	move_snapshot(&database->snapshot, snapshot);
	database->state = DATABASE_LOADING;
	database->since = clock_ms();
	database->source = (struct source){
	    SOURCE_NURSERY, database->nursery.channel, 0, false};
	source_watch(desk->epoll, &database->source, EPOLLIN);
	return true;
}

static void
end(struct desk *desk, struct database *database, const char *why)
{
	source_forget(desk->epoll, &database->source);
	if (database == desk->current)
		desk->current = NULL;
	nursery_stop(&database->nursery);
	scanners_end(desk, database, why);
	snapshot_free(&database->snapshot);
	database->state = DATABASE_NONE;
}

static void
tell_service_manager(const struct desk *desk)
{
	if (desk->settings->notify < 0)
		return;
	if (write(desk->settings->notify, "\n", 1) < 0)
		warning("-o notify: %s", strerror(errno));
	close(desk->settings->notify);
}

static void
take_over(struct desk *desk, struct database *database,
    const struct nursery_event *event)
{
	struct database *old = desk->current;

	info("%s: %u signatures%s, %" PRIu64 " MB, loaded in %" PRId64 " ms",
	    event->text, event->signatures,
	    event->mail_profile ? " (none for executables)" : "",
	    event->memory >> 20, clock_ms() - database->since);
	database->state = DATABASE_READY;
	database->since = clock_ms();
	database->memory = event->memory;
	database->mail_profile = event->mail_profile;
	memcpy(desk->version, event->text, sizeof(desk->version));
	desk->current = database;
	if (old != NULL) {
		old->state = DATABASE_RETIRED;
		scanners_end_idle(desk, old);
	}
	snapshot_free(&desk->good);
	if (!database->again)
		snapshot_free(&desk->refused);
	if (!desk->started)
		tell_service_manager(desk);
	desk->started = true;
}

static void
put_off(struct desk *desk)
{
	desk->next_start = clock_ms() + desk->pause;
	desk->pause *= 2;
	if (desk->pause > PAUSE_MAX_MS)
		desk->pause = PAUSE_MAX_MS;
}

/* Whether it is no wonder that there was no memory; says then what would do. */
static bool
is_too_large(const struct desk *desk, const struct database *database,
    char why[DESK_REASON_MAX + 1])
{
	uint64_t memory = desk->settings->nursery.memory;
	struct estimate estimate;

	if (memory == 0 ||
	    estimate_snapshot(&database->snapshot, &estimate) < 0 ||
	    estimate.now <= memory)
		return false;
	snprintf(why, DESK_REASON_MAX + 1,
	    "it wants about %" PRIu64 " MB, and -o memory is %" PRIu64
	    "; prepared by av-db it would want %" PRIu64
	    " MB, and with profile=mail %" PRIu64,
	    estimate.now >> 20, memory >> 20, estimate.full >> 20,
	    estimate.mail >> 20);
	return true;
}

/* If it was the good one, there is none better; it is tried again later. */
static void
refuse(struct desk *desk, struct database *database, const char *why)
{
	char size[DESK_REASON_MAX + 1];

	if (is_too_large(desk, database, size))
		why = size;
	if (!desk->started) {
		databases_stop(desk);
		temp_remove(desk->settings->nursery.temp);
		fatal("cannot load '%s': %s", desk->settings->database, why);
	}
	if (database->again) {
		warning("the database cannot be loaded again: %s", why);
		move_snapshot(&desk->good, &database->snapshot);
		put_off(desk);
	} else {
		warning("the new database cannot be loaded, the old one goes "
			"on: %s",
		    why);
		move_snapshot(&desk->refused, &database->snapshot);
		desk->next_start = 0;
	}
	end(desk, database, why);
}

static void
died(struct desk *desk, struct database *database)
{
	static const char why[] = "the engine died";

	if (database->state == DATABASE_LOADING) {
		refuse(desk, database,
		    "it died while it loaded, perhaps for lack of memory");
		return;
	}
	warning("%s", why);
	if (database == desk->current) {
		if (clock_ms() - database->since > STEADY_MS)
			desk->pause = PAUSE_MS;
		move_snapshot(&desk->good, &database->snapshot);
		put_off(desk);
	}
	end(desk, database, why);
}

void
database_event(struct desk *desk, struct database *database)
{
	struct nursery_event event;

	while (database->state != DATABASE_NONE &&
	       nursery_take(&database->nursery, &event) == 1)
		switch (event.what) {
		case NURSERY_READY:
			take_over(desk, database, &event);
			break;
		case NURSERY_FAILED:
			refuse(desk, database, event.text);
			break;
		case NURSERY_SCANNER:
			if (event.fd >= 0)
				scanner_arrived(desk, database, &event);
			break;
		case NURSERY_GONE:
			died(desk, database);
			break;
		}
}

void
databases_reload(struct desk *desk, bool forced)
{
	desk->reload_wanted = true;
	desk->reload_forced = desk->reload_forced || forced;
}

/* What was looked at last. */
static const struct snapshot *
latest(const struct desk *desk)
{
	if (desk->refused.count > 0)
		return &desk->refused;
	return desk->current != NULL ? &desk->current->snapshot : &desk->good;
}

/* Whether there is something to load.  Says so once if nobody can tell. */
static bool
has_changed(struct desk *desk)
{
	int rc = snapshot_differs(latest(desk), desk->settings->database);

	if (rc < 0 && !desk->check_failed)
		warning("cannot look at '%s': %s", desk->settings->database,
		    strerror(errno));
	desk->check_failed = rc < 0;
	return rc == 1;
}

static void
begin_reload(struct desk *desk)
{
	bool forced = desk->reload_forced;
	struct snapshot snapshot;

	desk->reload_wanted = desk->reload_forced = false;
	if (!has_changed(desk) && !forced)
		return;
	if (snapshot_take(&snapshot, desk->settings->database) < 0) {
		warning("cannot open the files of '%s': %s",
		    desk->settings->database, strerror(errno));
		return;
	}
	move_snapshot(&desk->wanted, &snapshot);
	desk->swapping = desk->settings->swap && desk->current != NULL;
}

/* Nobody works any more, or not for long. */
static void
swap(struct desk *desk)
{
	if (desk->current != NULL &&
	    scanners_count(desk, desk->current, SCANNER_BUSY) > 0)
		return;
	if (desk->current != NULL) {
		move_snapshot(&desk->good, &desk->current->snapshot);
		end(desk, desk->current, "");
	}
	desk->swapping = false;
}

/* A nursery for what is wanted or, if that was no good, for what was good. */
static void
start_next(struct desk *desk, int64_t now)
{
	struct snapshot *next = &desk->wanted;

	if (next->count == 0 && desk->current == NULL)
		next = &desk->good;
	if (next->count > 0 && now >= desk->next_start && !start(desk, next))
		desk->next_start = now + PAUSE_MS / 10;
}

static bool
has_retired(struct desk *desk)
{
	struct database *database;
	bool some = false;
	size_t i;

	for (i = 0; i < DESK_DATABASES; i++) {
		database = &desk->databases[i];
		if (database->state != DATABASE_RETIRED)
			continue;
		if (scanners_count(desk, database, SCANNER_BUSY) == 0)
			end(desk, database, "");
		else
			some = true;
	}
	return some;
}

int64_t
databases_sweep(struct desk *desk, int64_t now)
{
	bool at_rest = !has_retired(desk) && !is_loading(desk);

	if (now >= desk->next_check) {
		databases_reload(desk, false);
		desk->next_check = now + (int64_t)desk->settings->check;
	}
	if (at_rest && desk->reload_wanted && desk->wanted.count == 0)
		begin_reload(desk);
	if (desk->swapping)
		swap(desk);
	if (at_rest && !desk->swapping)
		start_next(desk, now);
	if (!is_loading(desk) && !desk->swapping && desk->next_start > now &&
	    (desk->current == NULL || desk->wanted.count > 0) &&
	    desk->next_start < desk->next_check)
		return desk->next_start;
	return desk->next_check;
}

void
databases_start(struct desk *desk)
{
	struct database *database;
	size_t i;
	int n;

	for (i = 0; i < DESK_DATABASES; i++) {
		database = &desk->databases[i];
		n = snprintf(database->temp, sizeof(database->temp), "%s/%zu",
		    desk->settings->nursery.temp, i);
		if (n < 0 || (size_t)n >= sizeof(database->temp))
			fatal("the path of temporary files is too long");
		database->settings = desk->settings->nursery;
		database->settings.temp = database->temp;
	}
	snprintf(desk->version, sizeof(desk->version), "ClamAV");
	desk->pause = PAUSE_MS;
	desk->next_check = clock_ms() + (int64_t)desk->settings->check;
	if (snapshot_take(&desk->wanted, desk->settings->database) < 0)
		fatal("cannot open the files of '%s': %s",
		    desk->settings->database, strerror(errno));
	if (!start(desk, &desk->wanted))
		fatal("cannot load '%s'", desk->settings->database);
}

void
databases_stop(struct desk *desk)
{
	size_t i;

	for (i = 0; i < DESK_DATABASES; i++)
		if (desk->databases[i].state != DATABASE_NONE)
			end(desk, &desk->databases[i], "av-scand ends");
	snapshot_free(&desk->good);
	snapshot_free(&desk->wanted);
	snapshot_free(&desk->refused);
}
