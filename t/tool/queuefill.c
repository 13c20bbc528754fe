/* queuefill DIR COUNT NODES OCTETS: entries as relay-put(1) makes them, but not
 * synced, for measurements and tests of large queues. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "queue/queue.h"

static void
make_frame(struct frame *frame, unsigned long number, size_t octets)
{
	static const char line[] = "the quick brown fox jumps over the dog\n";
	char text[64];

	frame_reset(frame);
	snprintf(text, sizeof(text), "t%lu", number);
	frame_add(frame, "id", span_of(text));
	frame_add(frame, "direction", span_of("returned"));
	if (number % 2 == 0)
		frame_add(frame, "from", span_of("alice"));
	snprintf(text, sizeof(text), "Subject: %lu\n\n", number);
	message_add(&frame->message, text, strlen(text));
	while (message_size(&frame->message) < octets)
		message_add(&frame->message, line, sizeof(line) - 1);
}

static void
put(const struct destination *destination, const struct frame *frame)
{
	char id[CONTENT_ID_SIZE];
	int fd;

	if (queue_entry_id(frame, id) < 0)
		fatal("cannot make an id: %s", strerror(errno));
	fd = openat(destination->dir, id, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || frame_write(frame, fd, CLOCK_NEVER) < 0 || close(fd) < 0)
		fatal("cannot write '%s': %s", id, strerror(errno));
}

int
main(int argc, char **argv)
{
	struct destination destination;
	unsigned long i, n, nodes, count;
	struct queue queue;
	struct frame frame;
	char name[32];

	err_init(argv[0]);
	if (argc != 5)
		usage_exit("dir count nodes octets");
	count = strtoul(argv[2], NULL, 10);
	nodes = strtoul(argv[3], NULL, 10);
	if (queue_open(&queue, argv[1], true) < 0)
		fatal("cannot open '%s': %s", argv[1], strerror(errno));
	frame_init(&frame);
	for (n = 0; n < nodes; n++) {
		snprintf(name, sizeof(name), "node%lu", n);
		if (destination_open(
			&queue, span_of(name), true, &destination) < 0)
			fatal("cannot open '%s': %s", name, strerror(errno));
		for (i = n; i < count; i += nodes) {
			make_frame(&frame, i, strtoul(argv[4], NULL, 10));
			frame_add(&frame, "node", span_of(name));
			put(&destination, &frame);
		}
		destination_close(&destination);
	}
	frame_free(&frame);
	queue_close(&queue);
	return STATUS_OK;
}
