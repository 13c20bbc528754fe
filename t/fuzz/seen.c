/*
 * The input is a file of seen.  Whatever it says, what is written down after
 * that is known, to us and to who opens the file later; and a delivery that was
 * begun is in doubt until its end is known.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "peer/seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f"
#define ONCE "00112233445566778899aabbccddeeff"
#define NOW 1800000000

static char dir[] = "/tmp/seen.XXXXXX";
static char path[40];

static void
leave(void)
{
	char lock[50];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(lock);
	unlink(path);
	rmdir(dir);
}

static void
begin(const uint8_t *data, size_t size)
{
	int fd;

	if (path[0] == '\0') {
		if (mkdtemp(dir) == NULL)
			abort();
		snprintf(path, sizeof(path), "%s/seen", dir);
		atexit(leave);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static struct seen *
open_locked(void)
{
	struct seen *seen = seen_open(path, 400);

	if (seen == NULL || seen_lock(seen, clock_ms() + 1000) < 0)
		abort();
	return seen;
}

static void
close_it(struct seen *seen)
{
	seen_unlock(seen);
	seen_free(seen);
}

static void
check_known(const struct seen *seen)
{
	if (!seen_has(seen, span_of(ID)) ||
	    !seen_has_once(seen, span_of(ONCE)) ||
	    seen_was_begun(seen, span_of(ID)))
		abort();
}

/* A delivery by three processes, one after the other. */
static void
deliver(struct seen *seen)
{
	if (seen_begun(seen, span_of(ID), NOW) < 0)
		abort();
	close_it(seen);

	seen = open_locked();
	if (!seen_in_doubt(seen) || !seen_was_begun(seen, span_of(ID)) ||
	    seen_done(seen, span_of(ID), span_of(ONCE), NOW) < 0)
		abort();
	check_known(seen);
	close_it(seen);

	seen = open_locked();
	check_known(seen);
	close_it(seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen *seen;

	begin(data, size);
	seen = open_locked();
	if (seen_has(seen, span_of(ID)))
		close_it(seen);
	else
		deliver(seen);
	return 0;
}
