#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "queue/await.h"

/* What a change may be that nobody told us of (another host writes there, no
 * watch is left), is seen after so long. */
#define LOOK_EVERY 1000 /* ms */

#define EVENTS (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM)

static int
watch(const struct destination *destination)
{
	char path[64];
	int fd;

	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	/* by way of the descriptor: the path may lead elsewhere by now; if it
	 * fails we look again and again */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/.", destination->dir);
	if (fd >= 0)
		inotify_add_watch(fd, path, EVENTS);
	return fd;
}

/* Whether it is gone, or has copies enough. */
static bool
is_safe(const struct destination *destination, const char *id, uint64_t copies)
{
	struct buf names = BUF_INIT(QUEUE_COPIES_MAX);
	struct entry entry;
	struct span rest;
	uint64_t count = 0;
	bool gone;

	gone =
	    entry_find(destination, span_of(id), &entry) < 0 && errno == ENOENT;
	if (!gone && entry_copies(destination, &entry, &names) == 0)
		for (rest = buf_span(&names); rest.len > 0; count++)
			span_line(&rest);
	buf_free(&names);
	return gone || count >= copies;
}

/* Sleeps until there may be something new. */
static void
nap(int fd, int64_t deadline)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int left = clock_left(deadline);
	char events[4096];

	if (poll(&pfd, 1, left > LOOK_EVERY ? LOOK_EVERY : left) > 0)
		while (read(fd, events, sizeof(events)) > 0)
			;
}

bool
await_copies(const struct destination *destination, const char *id,
    uint64_t copies, int64_t deadline)
{
	int fd = watch(destination);
	bool safe;

	while (!(safe = is_safe(destination, id, copies)) &&
	       clock_left(deadline) > 0)
		nap(fd, deadline);
	if (fd >= 0)
		close(fd);
	return safe;
}
