#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scan.h"
#include "queue/guard.h"

#define CLOCK_FILE ".clock"
#define CLOCK_NEW ".clock.new"

/* When somebody looked last, and since when there was no gap. */
struct looks {
	int64_t last;
	int64_t since;
};

static void
read_looks(const struct queue *queue, struct looks *looks)
{
	char text[64];
	struct scan scan;
	ssize_t n = 0;
	int fd;

	fd = openat(queue->dir, CLOCK_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	scan_init(&scan, (struct span){text, n > 0 ? (size_t)n : 0});
	looks->last = (int64_t)scan_number(&scan, INT64_MAX / 2);
	scan_char(&scan, ' ');
	looks->since = (int64_t)scan_number(&scan, INT64_MAX / 2);
	scan_char(&scan, '\n');
	if (!scan_ok(&scan))
		*looks = (struct looks){0, 0};
}

/* If it cannot be written there will seem to have been a gap: nothing expires,
 * which is the safe side. */
static void
write_looks(const struct queue *queue, const struct looks *looks)
{
	char text[64];
	int fd, n, rc;

	n = snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 "\n",
	    looks->last, looks->since);
	fd = openat(queue->dir, CLOCK_NEW,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	/* who else has it writes the same */
	rc = flock(fd, LOCK_EX | LOCK_NB);
	if (rc == 0)
		rc = ftruncate(fd, 0);
	if (rc == 0)
		rc = io_write(fd, text, (size_t)n, CLOCK_NEVER);
	if (close(fd) == 0 && rc == 0)
		renameat(queue->dir, CLOCK_NEW, queue->dir, CLOCK_FILE);
}

bool
guard_look(const struct queue *queue, int64_t now, int64_t newest)
{
	struct looks looks;

	read_looks(queue, &looks);
	if (now < looks.last || now - looks.last > GUARD_GAP)
		looks.since = now;
	looks.last = now;
	write_looks(queue, &looks);
	return now >= newest && now - looks.since >= GUARD_CALM;
}
