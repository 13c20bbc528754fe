/*
 * simnode: stands for ssh(1) and relay-accept(1) where thousands of them are
 * too many: what is given is put into the queue of the node, at once.
 *
 *	simnode DIR PEER NODE
 *
 * DIR/NAME/queue is the queue of a node.  A node that is named in the file
 * DIR/PEER/away cannot be reached from there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/stage.h"
#include "queue/queue.h"

#define AWAY_MAX (1 << 20)
#define LATER "451 4.3.0 Cannot take it now"

struct node {
	struct queue queue;
	const char *peer;
};

static bool
is_away(const char *dir, const char *peer, const char *node)
{
	struct buf path = BUF_INIT(4096), text = BUF_INIT(AWAY_MAX);
	struct span names, name;
	bool found = false;

	buf_addf(&path, "%s/%s/away", dir, peer);
	if (file_read(buf_str(&path), &text) < 0)
		fatal("cannot read '%s': %s", buf_str(&path), strerror(errno));
	names = buf_span(&text);
	while (!found && names.len > 0) {
		name = span_trim(span_line(&names));
		found = span_is(name, node);
	}
	buf_free(&path);
	buf_free(&text);
	return found;
}

/* As relay-put(1), which adds up how much there is in all; that would be seen
 * here. */
static int
put(const struct queue *queue, const struct frame *frame)
{
	char name[QUEUE_NAME_MAX + 1], id[CONTENT_ID_SIZE];
	struct destination destination;
	int rc;

	if (queue_destination(frame, name) < 0 ||
	    queue_entry_id(frame, id) < 0 ||
	    destination_open(queue, span_of(name), true, &destination) < 0)
		return -1;
	rc = destination_put(&destination, id, frame);
	destination_close(&destination);
	return rc;
}

static void
work(struct frame *frame, void *arg)
{
	const struct node *node = arg;

	if (frame_add(frame, "from", span_of(node->peer)) < 0 ||
	    put(&node->queue, frame) < 0) {
		warning("cannot put it there: %s", strerror(errno));
		frame_verdict(frame, VERDICT_DEFER, LATER);
	} else
		frame_verdict(frame, VERDICT_DONE, NULL);
}

int
main(int argc, char **argv)
{
	struct buf path = BUF_INIT(4096);
	struct node node;
	struct stage stage = {.work = work, .arg = &node};
	int c;

	err_init(argv[0]);
	if (argc != 4)
		usage_exit("dir peer node");
	umask(077);
	if (is_away(argv[1], argv[2], argv[3]))
		return STATUS_DEFER;
	node.peer = argv[2];
	buf_addf(&path, "%s/%s/queue", argv[1], argv[3]);
	if (queue_open(&node.queue, buf_str(&path), true) < 0)
		fatal("cannot open '%s': %s", buf_str(&path), strerror(errno));
	c = stage_run(&stage);
	queue_close(&node.queue);
	buf_free(&path);
	return c;
}
