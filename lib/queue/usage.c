#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/err.h"
#include "queue/usage.h"

void
usage_init(struct usage *usage, const struct queue *queue)
{
	*usage = (struct usage){.queue = queue};
}

void
usage_free(struct usage *usage)
{
	arena_free(&usage->arena);
}

struct usage_count
usage_of(const struct usage *usage, struct span peer)
{
	const struct usage_count *count = map_pointer(&usage->peers, peer);

	return count != NULL ? *count : (struct usage_count){0, 0};
}

static struct usage_count *
count_of(struct usage *usage, struct span peer)
{
	struct usage_count *count = map_pointer(&usage->peers, peer);

	if (count != NULL)
		return count;
	count = arena_alloc(&usage->arena, sizeof(*count));
	*map_pointer_at(&usage->peers, &usage->arena,
	    arena_copy(&usage->arena, peer)) = count;
	return count;
}

void
usage_add(struct usage *usage, struct span peer, uint64_t octets)
{
	struct usage_count *count;

	usage->all.octets += octets;
	usage->all.messages++;
	if (peer.len == 0)
		return;
	count = count_of(usage, peer);
	count->octets += octets;
	count->messages++;
}

/* One entry.  What has been taken away in between does not count, what is
 * damaged takes room all the same.  0, or -1 with errno. */
static int
count_entry(struct usage *usage, const struct destination *destination,
    const struct entry *entry, struct frame *frame)
{
	struct span from = {NULL, 0};
	struct stat st;

	if (entry_stat(destination, entry, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (entry_fields(destination, entry, frame) == 0)
		from = frame_get(frame, "from");
	else if (errno == ENOENT)
		return 0;
	else if (errno != EBADMSG && errno != EMSGSIZE && errno != ELOOP)
		return -1;
	usage_add(usage, from, (uint64_t)st.st_size);
	return 0;
}

/* All entries of a destination.  0, or -1 with errno. */
static int
count_destination(struct usage *usage, struct span name)
{
	struct destination destination;
	struct queue_walk walk;
	struct frame frame;
	struct entry entry;
	int rc;

	if (destination_open(usage->queue, name, false, &destination) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			   ? 0
			   : -1;
	rc = destination_walk(&walk, &destination);
	if (rc == 0) {
		frame_init(&frame);
		while (rc == 0 && destination_walk_next(&walk, &entry))
			rc = count_entry(usage, &destination, &entry, &frame);
		frame_free(&frame);
		queue_walk_end(&walk);
	}
	destination_close(&destination);
	return rc;
}

/* errno stays as it is. */
static void
tell(const struct usage *usage, struct span name, int error)
{
	warning("cannot count what is in '%s/%.*s': %s", usage->queue->path,
	    SPAN_ARG(name), strerror(error));
	errno = error;
}

int
usage_refresh(struct usage *usage)
{
	int64_t now = clock_ms(), keep;
	struct queue_walk walk;
	struct span name;
	int rc = 0;

	if (now < usage->stale_at)
		return 0;
	arena_reset(&usage->arena);
	usage->peers = (struct map){0};
	usage->all = (struct usage_count){0, 0};
	usage->stale_at = 0;
	if (queue_walk(&walk, usage->queue) < 0)
		return -1;
	while (rc == 0 && queue_walk_next(&walk, &name)) {
		rc = count_destination(usage, name);
		if (rc < 0)
			tell(usage, name, errno);
	}
	queue_walk_end(&walk);
	if (rc < 0)
		return -1;
	keep = USAGE_KEEP_TIMES * (clock_ms() - now);
	usage->stale_at = now + (keep > USAGE_KEEP_MS ? keep : USAGE_KEEP_MS);
	return 0;
}

const char *
usage_refuses(const struct usage *usage, const struct usage_limits *limits,
    struct span peer, uint64_t octets)
{
	struct usage_count of_peer = usage_of(usage, peer);
	struct statvfs fs;

	if (usage->all.messages >= limits->messages)
		return "messages: the queue has all it may have";
	if (usage->all.octets + octets > limits->bytes)
		return "bytes: the queue has all it may have";
	if (peer.len > 0 && of_peer.messages >= limits->peer_messages)
		return "peer-messages: the peer has all it may have";
	if (peer.len > 0 && of_peer.octets + octets > limits->peer_bytes)
		return "peer-bytes: the peer has all it may have";
	if (fstatvfs(usage->queue->dir, &fs) < 0 ||
	    (uint64_t)fs.f_bavail * fs.f_frsize < limits->free + octets)
		return "free: too little is left on the disk";
	return NULL;
}
