/*
 * relay-put: puts messages into a queue, each a frame in a file.
 *
 * - Done is said when the file is on disk, and not before.
 * - What nobody has sealed is not stored: a "seal" that somebody forgot in a
 *   run script shall not leave the mail of others in the clear.
 * - Mail of our own that finds no room is deferred, never bounced.  What a
 *   peer brings is refused: that is an answer, and the peer asks another.
 * - It sees content, and needs nothing but one directory: so it has no more.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "base/user.h"
#include "mail/stage.h"
#include "node/nodefile.h"
#include "node/nodes.h"
#include "queue/await.h"
#include "queue/usage.h"

#define BYTES (500ULL << 20) /* if nobody says how much */
#define SHARE 4              /* a peer may have such a part of all */

#define FULL "452 4.3.1 Insufficient system storage"
#define NO_ROOM "552 5.3.1 No room for more mail of yours"
#define LATER "451 4.3.0 Cannot store mail now"

struct settings {
	struct queue queue;
	struct usage usage;
	struct usage_limits limits;
	uint64_t clear;
	uint64_t copies; /* before the answer */
	uint64_t wait;   /* for them, ms */
};

/* A frame and where it goes. */
struct put {
	struct frame *frame;
	struct span from; /* the peer; empty if it is our own */
	uint64_t octets;
	char name[QUEUE_NAME_MAX + 1];
	char id[CONTENT_ID_SIZE];
	struct destination destination;
};

static void
usage(void)
{
	usage_exit("[-n nodes] [-o name=value] dir");
}

/* Gives the verdict and tells the operator why. */
static void
answer(
    struct put *put, enum verdict verdict, const char *reply, const char *why)
{
	event("id=%.*s verdict=%s to='%s' entry=%.16s from='%.*s' "
	      "octets=%" PRIu64 " reason='%s'",
	    SPAN_ARG(frame_get(put->frame, "id")), frame_verdict_name(verdict),
	    put->name, put->id, SPAN_ARG(put->from), put->octets, why);
	frame_verdict(put->frame, verdict, reply);
}

static void
fail(struct put *put, int error)
{
	answer(put, VERDICT_DEFER,
	    error == ENOSPC || error == EDQUOT ? FULL : LATER, strerror(error));
}

static void
no_room(struct put *put, const char *why)
{
	if (put->from.len > 0)
		answer(put, VERDICT_REJECT, NO_ROOM, why);
	else
		answer(put, VERDICT_DEFER, FULL, why);
}

/* Whether others can read it as it is: what seal(1) makes has no recipient,
 * and what is submitted or a bounce goes out to strangers anyway. */
static bool
is_clear(const struct frame *frame)
{
	struct span direction = frame_get(frame, "direction");

	if (span_is(direction, "submitted") || span_is(direction, "bounce"))
		return false;
	return !span_is(direction, "returned") || frame->recipients > 0;
}

/* Waits for copies, if it is we who make them.  True if the answer may be
 * done. */
static bool
enough_copies(struct settings *settings, struct put *put, bool is_new)
{
	struct entry entry;

	if (settings->copies == 0 || put->from.len > 0 ||
	    put->frame->recipients > 0 ||
	    await_copies(&put->destination, put->id, settings->copies,
		clock_ms() + (int64_t)settings->wait))
		return true;
	/* whoever sends it again brings another entry; one that was there
	 * before has been answered before */
	if (is_new &&
	    entry_find(&put->destination, span_of(put->id), &entry) == 0 &&
	    entry_remove(&put->destination, &entry) < 0 && errno == ENOENT)
		return true;
	answer(put, VERDICT_DEFER, LATER, "before-answer: too few copies");
	return false;
}

/* Puts it there, and gives the verdict. */
static void
store(struct settings *settings, struct put *put)
{
	int rc;

	rc = destination_put(&put->destination, put->id, put->frame);
	if (rc < 0) {
		fail(put, errno);
		return;
	}
	if (rc == 0)
		usage_add(&settings->usage, put->from, put->octets);
	if (enough_copies(settings, put, rc == 0))
		answer(put, VERDICT_DONE, NULL,
		    rc == 0 ? "stored" : "was here already");
}

static bool
is_there(const struct settings *settings, struct put *put)
{
	struct entry entry;
	bool there;

	if (destination_open(&settings->queue, span_of(put->name), false,
		&put->destination) < 0)
		return false;
	there = entry_find(&put->destination, span_of(put->id), &entry) == 0;
	destination_close(&put->destination);
	return there;
}

/* Looks for a place and room; what is there already takes no more of it. */
static void
place(struct settings *settings, struct put *put)
{
	const char *why;

	if (!is_there(settings, put)) {
		if (usage_refresh(&settings->usage) < 0) {
			fail(put, errno);
			return;
		}
		why = usage_refuses(&settings->usage, &settings->limits,
		    put->from, put->octets);
		if (why != NULL) {
			no_room(put, why);
			return;
		}
	}
	if (destination_open(&settings->queue, span_of(put->name), true,
		&put->destination) < 0) {
		fail(put, errno);
		return;
	}
	store(settings, put);
	destination_close(&put->destination);
}

static void
work(struct frame *frame, void *arg)
{
	struct settings *settings = arg;
	struct put put = {.frame = frame,
	    .from = frame_get(frame, "from"),
	    .octets = frame->fields.len + message_size(&frame->message)};

	if (is_clear(frame) && settings->clear == 0)
		answer(&put, VERDICT_DEFER, LATER, "not sealed");
	else if (queue_destination(frame, put.name) < 0) {
		put.name[0] = '\0';
		answer(&put, VERDICT_DEFER, LATER,
		    "no destination that can be a directory");
	} else if (queue_entry_id(frame, put.id) < 0)
		fail(&put, errno);
	else
		place(settings, &put);
}

/* The usual directory, if our own manifest is there: a queue needs none. */
static const char *
default_nodes(void)
{
	const char *nodes = conf_environment(NODES_ENV, NODES_DIR);
	char *self = nodefile_path(nodes, NODEFILE_SELF, "");
	bool there = access(self, F_OK) == 0;

	free(self);
	return there ? nodes : NULL;
}

static void
set_defaults(struct usage_limits *limits, const char *nodes)
{
	struct manifest *self;

	if (limits->bytes == 0 && nodes != NULL) {
		self = nodefile_self(nodes);
		limits->bytes = self->stores_bytes;
		manifest_free(self);
	}
	if (limits->bytes == 0)
		limits->bytes = BYTES;
	if (limits->peer_bytes == 0)
		limits->peer_bytes = limits->bytes / SHARE;
	if (limits->peer_messages == 0)
		limits->peer_messages = limits->messages / SHARE;
}

static void
open_queue(struct queue *queue, const char *path)
{
	if (queue_open(queue, path, true) < 0)
		fatal("cannot open '%s': %s", path, queue_reason(errno));
}

static void
confine(const char *dir)
{
	static const char *const calls[] = {SANDBOX_CALLS_PROCESS,
	    SANDBOX_CALLS_IO, "faccessat", "faccessat2", "flock", "fstat",
	    "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync",
	    "ftruncate", "ftruncate64", "getdents64", "inotify_add_watch",
	    "inotify_init1", "mkdirat", "newfstatat", "openat", "renameat",
	    "renameat2", "statx", "unlinkat"};
	const struct sandbox_path paths[] = {
	    {dir, SANDBOX_READ | SANDBOX_WRITE},
	    {file_temp_dir(), SANDBOX_TEMP}};

	user_confine();
	sandbox_reach(paths, nitems(paths), NULL, 0);
	sandbox_calls(calls, nitems(calls));
}

int
main(int argc, char **argv)
{
	static struct settings settings = {
	    .limits = {.messages = 100000, .free = 64 << 20}, .wait = 60000};
	struct usage_limits *limits = &settings.limits;
	const struct conf_option options[] = {
	    {"bytes", CONF_SIZE, &limits->bytes, 0, 1ULL << 50,
		"octets in all; 0: stores of our manifest, else 500M"},
	    {"messages", CONF_COUNT, &limits->messages, 1, 10000000,
		"messages in all"},
	    {"peer-bytes", CONF_SIZE, &limits->peer_bytes, 0, 1ULL << 50,
		"octets from one peer; 0: a quarter of all"},
	    {"peer-messages", CONF_COUNT, &limits->peer_messages, 0, 10000000,
		"messages from one peer; 0: a quarter of all"},
	    {"free", CONF_SIZE, &limits->free, 0, 1ULL << 50,
		"octets that stay free on the disk"},
	    {"clear", CONF_COUNT, &settings.clear, 0, 1,
		"1 stores mail that is not sealed"},
	    {"before-answer", CONF_COUNT, &settings.copies, 0, 100,
		"copies that peers must have before mail is taken"},
	    {"wait", CONF_SECONDS, &settings.wait, 0, 600000,
		"seconds to wait for them"},
	};
	struct stage stage = {.work = work, .arg = &settings};
	const char *nodes = default_nodes();
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	umask(077);
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	while ((c = getopt(argc, argv, "n:o:")) != -1)
		switch (c) {
		case 'n':
			nodes = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		default:
			usage();
		}
	if (argc - optind != 1)
		usage();
	set_defaults(limits, nodes);
	open_queue(&settings.queue, argv[optind]);
	usage_init(&settings.usage, &settings.queue);
	confine(argv[optind]);
	c = stage_run(&stage);
	usage_free(&settings.usage);
	queue_close(&settings.queue);
	return err_status(c);
}
