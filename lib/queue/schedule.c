#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/scan.h"
#include "queue/schedule.h"

#define STATE_FILE ".state"
#define STATE_NEW ".state.new"
#define STATE_MAX 1000 /* octets of the file */

/* "name: number LF", what a damaged file has not. */
static int64_t
take_number(struct scan *scan, const char *name)
{
	uint64_t number;

	scan_text(scan, name);
	number = scan_number(scan, INT64_MAX);
	scan_char(scan, '\n');
	return (int64_t)number;
}

void
schedule_read(const struct destination *destination, struct schedule *schedule)
{
	char text[STATE_MAX];
	struct span note;
	struct scan scan;
	ssize_t n = 0;
	int fd;

	memset(schedule, 0, sizeof(*schedule));
	fd = openat(destination->dir, STATE_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	if (n <= 0)
		return;
	scan_init(&scan, (struct span){text, (size_t)n});
	schedule->next = take_number(&scan, "next: ");
	schedule->succeeded = take_number(&scan, "succeeded: ");
	schedule->failures = (uint64_t)take_number(&scan, "failures: ");
	scan_text(&scan, "note: ");
	note = scan_until(&scan, '\n');
	if (!scan_ok(&scan) || note.len > SCHEDULE_NOTE_MAX) {
		memset(schedule, 0, sizeof(*schedule));
		return;
	}
	memcpy(schedule->note, note.p, note.len);
}

int
schedule_write(
    const struct destination *destination, const struct schedule *schedule)
{
	char text[STATE_MAX];
	int fd, n, rc;

	n = snprintf(text, sizeof(text),
	    "next: %" PRId64 "\nsucceeded: %" PRId64 "\nfailures: %" PRIu64
	    "\nnote: %s\n",
	    schedule->next, schedule->succeeded, schedule->failures,
	    schedule->note);
	fd = openat(destination->dir, STATE_NEW,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	/* who is visited for others does not have the destination's lock */
	rc = flock(fd, LOCK_EX | LOCK_NB);
	if (rc == 0)
		rc = ftruncate(fd, 0);
	/* not synced: after a power cut it is tried at once, which is right */
	if (rc == 0)
		rc = io_write(fd, text, (size_t)n, CLOCK_NEVER);
	if (close(fd) < 0)
		rc = -1;
	return rc < 0 ? -1
		      : renameat(destination->dir, STATE_NEW, destination->dir,
			    STATE_FILE);
}

void
schedule_succeeded(struct schedule *schedule, int64_t now)
{
	*schedule = (struct schedule){.succeeded = now};
}

void
schedule_failed(struct schedule *schedule, int64_t now, uint64_t first,
    uint64_t last, const char *why)
{
	uint64_t pause = first, i;
	uint16_t chance = 0;

	for (i = 0; i < schedule->failures && pause < last; i++)
		pause *= 2;
	if (pause > last)
		pause = last;
	/* without chance all the same; 40 parts of 100 are spread out */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = UINT16_MAX / 2;
	pause = pause * 4 / 5 + pause * 2 / 5 * chance / UINT16_MAX;
	schedule->next = now + (int64_t)pause;
	schedule->failures++;
	snprintf(schedule->note, sizeof(schedule->note), "%s", why);
	err_printable(schedule->note, strlen(schedule->note));
}

bool
schedule_is_due(const struct schedule *schedule, int64_t now, uint64_t last)
{
	return schedule->next <= now ||
	       schedule->next > now + 2 * (int64_t)last;
}
