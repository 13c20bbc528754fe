/*
 * The first octet of the input says which file of a queue the rest is: an
 * entry, its list of copies, the schedule, the clock.  All that reads it
 * does, and what is written after that can be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "queue/guard.h"
#include "queue/listing.h"
#include "queue/schedule.h"
#include "queue/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRY "5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f"
#define NOW 1800000000

static char dir[] = "/tmp/queue.XXXXXX";

static void
leave(void)
{
	static const char *const names[] = {"bob/" ENTRY,
	    "bob/" ENTRY ".copies", "bob/.state", "bob/.lock", "bob", ".clock",
	    ".queue"};
	size_t i;

	for (i = 0; i < nitems(names); i++)
		if (chdir(dir) == 0)
			remove(names[i]);
	rmdir(dir);
}

static void
put(const char *name, const void *p, size_t len)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, p, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void
begin(void)
{
	static bool begun;
	struct queue queue;
	char bob[200];

	if (begun)
		return;
	begun = true;
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(leave);
	snprintf(bob, sizeof(bob), "%s/bob", dir);
	if (queue_open(&queue, dir, true) < 0 || mkdir(bob, 0700) < 0)
		abort();
	queue_close(&queue);
}

static void
use_entry(const struct destination *destination)
{
	struct buf names = BUF_INIT(QUEUE_COPIES_MAX);
	char name[QUEUE_NAME_MAX + 1], id[CONTENT_ID_SIZE];
	struct frame fields, whole;
	struct entry entry;

	frame_init(&fields);
	frame_init(&whole);
	if (entry_find(destination, span_of(ENTRY), &entry) < 0)
		abort();
	if (entry_read(destination, &entry, &whole) == 0) {
		/* who looks at the fields only must see the same */
		if (entry_fields(destination, &entry, &fields) < 0 ||
		    !span_eq(buf_span(&fields.fields), buf_span(&whole.fields)))
			abort();
		if (queue_destination(&whole, name) == 0 &&
		    !queue_is_name(span_of(name)))
			abort();
		if (queue_entry_id(&whole, id) < 0)
			abort();
	}
	if (entry_copies(destination, &entry, &names) == 0 &&
	    entry_copied(destination, &entry, "dave") == 0) {
		buf_reset(&names);
		if (entry_copies(destination, &entry, &names) < 0 ||
		    !span_ends(buf_span(&names), "dave\n"))
			abort();
	}
	frame_free(&fields);
	frame_free(&whole);
	buf_free(&names);
}

static void
use_schedule(const struct destination *destination)
{
	struct schedule schedule, again;

	schedule_read(destination, &schedule);
	if (schedule.next < 0 || schedule.succeeded < 0)
		abort();
	schedule_is_due(&schedule, NOW, 604800);
	schedule_failed(&schedule, NOW, 60, 86400, "it hangs");
	if (schedule.next < NOW || schedule.next > NOW + 2 * 86400 ||
	    schedule_write(destination, &schedule) < 0)
		abort();
	schedule_read(destination, &again);
	if (again.next != schedule.next ||
	    again.failures != schedule.failures ||
	    strcmp(again.note, "it hangs") != 0)
		abort();
}

static void
use(const struct queue *queue)
{
	struct destination destination;
	struct usage usage;
	struct queue_walk walk;
	struct entry entry;

	if (destination_open(queue, span_of("bob"), true, &destination) < 0)
		abort();
	use_entry(&destination);
	use_schedule(&destination);
	if (destination_walk(&walk, &destination) < 0)
		abort();
	while (destination_walk_next(&walk, &entry))
		if (!content_is_id(span_of(entry.id)))
			abort();
	queue_walk_end(&walk);
	destination_clean(&destination);
	destination_close(&destination);
	usage_init(&usage, queue);
	if (usage_refresh(&usage) < 0)
		abort();
	usage_free(&usage);
	/* the first look is one after a gap, unless the clock's file says that
	 * there was none */
	guard_look(queue, NOW, NOW - 1);
	if (guard_look(queue, NOW + 3 * GUARD_GAP, NOW))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
	    "bob/" ENTRY, "bob/" ENTRY ".copies", "bob/.state", ".clock"};
	struct queue queue;
	size_t i;

	if (size == 0)
		return 0;
	begin();
	for (i = 0; i < nitems(names); i++)
		put(names[i], data + 1,
		    i == data[0] % nitems(names) ? size - 1 : 0);
	if (queue_open(&queue, dir, true) < 0)
		abort();
	use(&queue);
	queue_close(&queue);
	return 0;
}
