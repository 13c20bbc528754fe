/*
 * relay-accept: takes sealed mail from a peer.
 *
 * - Who the peer is says the command line, that is the key that it came with;
 *   nothing that it sends can.
 * - Mail for ourselves goes through a pipeline of its own, once, however many
 *   bring it; what says so is written down before and after, see seen.h.
 * - Mail for others is taken only as the manifests have it, ours and theirs.
 * - The verdict of the pipeline is the answer.  In doubt it is "later": then
 *   the peer keeps what it has.
 * - There is a time and a limit for everything, and one frame in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "base/user.h"
#include "node/set.h"
#include "peer/arrival.h"
#include "peer/outlet.h"
#include "peer/parcel.h"
#include "peer/seen.h"
#include "queue/schedule.h"
#include "seal/veil.h"

#define BUSY "451 4.3.0 Cannot take it now"
#define NOT_HERE "550 5.7.1 Not kept here"

extern char **environ;

struct accepter {
	const char *dir; /* of manifests */
	struct nodes *nodes;
	const char *peer;
	const char *self;
	struct seen *seen;
	struct outlet own;
	struct outlet other;
	uint64_t answer_wait; /* ms */
	uint64_t lock_wait;
	bool told; /* of fields that were dropped */
};

static void
usage(void)
{
	usage_exit("[-n nodes] [-o name=value]... -p peer own='pipeline' "
		   "[other='pipeline']");
}

/* Whether one of the names stands before the '=' of a variable. */
static bool
is_kept(const char *variable)
{
	static const char *const kept[] = {"HOME", "LOGNAME", "PATH",
	    "PIMAIL_KEYS", "PIMAIL_NODES", "TMPDIR", "TZ", "USER"};
	size_t i, len = strcspn(variable, "=");

	for (i = 0; i < nitems(kept); i++)
		if (strlen(kept[i]) == len &&
		    memcmp(kept[i], variable, len) == 0)
			return true;
	return false;
}

/* What ssh and a peer by it put into the environment is not for the stages. */
static void
clean_environment(void)
{
	const char *asked = getenv("SSH_ORIGINAL_COMMAND");
	char **from, **to = environ;

	if (asked != NULL && strcmp(asked, "relay-accept") != 0)
		info("the peer asked for '%s', which does not matter", asked);
	for (from = environ; *from != NULL; from++)
		if (is_kept(*from))
			*to++ = *from;
	*to = NULL;
}

static void
tell(const struct accepter *accepter, const struct arrival *arrival,
    const char *content, const struct frame *answer)
{
	event("id=%s peer=%s node=%s content=%s verdict=%s%s%s%s", arrival->id,
	    accepter->peer, arrival->node[0] != '\0' ? arrival->node : "-",
	    content, frame_verdict_name(answer->verdict),
	    answer->reply[0] != '\0' ? " reply='" : "", answer->reply,
	    answer->reply[0] != '\0' ? "'" : "");
}

/* Makes what a pipeline has said our answer.  Nobody took what is still
 * passed. */
static void
take_answer(struct frame *answer, const struct frame *said)
{
	if (said->verdict == VERDICT_PASS)
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	else
		frame_verdict(answer, said->verdict, said->reply);
}

/* Writes down how it ended.  That it is done need not be written: then it is
 * in doubt, and is looked for when it comes again. */
static void
settle(struct accepter *accepter, struct span content, const struct frame *said)
{
	struct span once = frame_get(said, "once");
	int64_t now = (int64_t)time(NULL);
	int rc;

	if (!seen_is_once(once))
		once = (struct span){NULL, 0};
	rc = said->verdict == VERDICT_DONE
		 ? seen_done(accepter->seen, content, once, now)
		 : seen_undone(accepter->seen, content, now);
	if (rc < 0)
		warning("cannot write down what was seen: %s", strerror(errno));
}

/* With the lock: gives mail of ours to its pipeline. */
static void
deliver(struct accepter *accepter, struct frame *frame, struct span content,
    struct frame *answer)
{
	struct seen *seen = accepter->seen;
	struct frame said;

	if (seen_in_doubt(seen) || seen_was_begun(seen, content))
		frame_add(frame, "again", span_of("yes"));
	if (seen_begun(seen, content, (int64_t)time(NULL)) < 0) {
		warning("cannot write down what is seen: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
		return;
	}
	frame_init(&said);
	if (outlet_ask(&accepter->own, frame, &said, seen_lock_fd(seen),
		accepter->answer_wait) == 0) {
		settle(accepter, content, &said);
		take_answer(answer, &said);
	} else {
		/* a stage may still be at work, for a moment */
		if (seen_abandon(seen) < 0)
			fatal("cannot open the lock: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	}
	frame_free(&said);
}

static void
take_own(struct accepter *accepter, struct frame *frame, struct span content,
    struct frame *answer)
{
	if (seen_lock(accepter->seen,
		clock_ms() + (int64_t)accepter->lock_wait) < 0) {
		warning("cannot see what was seen: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
		return;
	}
	if (seen_has(accepter->seen, content))
		frame_verdict(answer, VERDICT_DONE, NULL);
	else
		deliver(accepter, frame, content, answer);
	seen_unlock(accepter->seen);
}

/* Whether we keep mail of that node. */
static bool
is_kept_here(const struct accepter *accepter, const struct member *owner)
{
	const struct manifest *self = accepter->nodes->self->manifest;

	return accepter->other.name != NULL && owner != NULL &&
	       choice_has(&self->stores, owner->manifest->name) &&
	       choice_has(&owner->manifest->backups, accepter->self);
}

static void
take_other(struct accepter *accepter, const struct arrival *arrival,
    struct frame *answer)
{
	const struct member *owner;
	struct frame said;

	owner = nodes_find(accepter->nodes, arrival->node);
	if (!is_kept_here(accepter, owner)) {
		if (owner == NULL && accepter->nodes->incomplete)
			frame_verdict(answer, VERDICT_DEFER, BUSY);
		else
			frame_verdict(answer, VERDICT_REJECT, NOT_HERE);
		return;
	}
	frame_init(&said);
	if (outlet_ask(&accepter->other, &arrival->frame, &said, -1,
		accepter->answer_wait) == 0)
		take_answer(answer, &said);
	else
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	frame_free(&said);
}

static void
take_mail(struct accepter *accepter, struct arrival *arrival,
    char content[CONTENT_ID_SIZE], struct frame *answer)
{
	struct frame *frame = &arrival->frame;

	if (content_id(&frame->message, (struct span){NULL, 0}, content) < 0 ||
	    frame_add(frame, "from", span_of(accepter->peer)) < 0) {
		warning("cannot read a message: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	} else if (strcmp(arrival->node, accepter->self) == 0)
		take_own(accepter, frame, span_of(content), answer);
	else
		take_other(accepter, arrival, answer);
}

/* Answers with our manifest if it is newer than the peer's. */
static void
take_hello(const struct accepter *accepter, const struct arrival *arrival,
    struct frame *answer)
{
	const struct manifest *self = accepter->nodes->self->manifest;
	struct buf files = BUF_INIT(PARCEL_MAX), text = BUF_INIT(PARCEL_MAX);
	struct parcel parcel;

	if (strcmp(arrival->node, accepter->self) != 0)
		frame_verdict(
		    answer, VERDICT_REJECT, "550 5.7.1 Another node is here");
	else if (self->serial <= arrival->serial ||
		 parcel_load(&parcel, accepter->dir, accepter->self, &files) <
		     0 ||
		 !parcel_write(&parcel, &text) ||
		 message_add(&answer->message, text.p, text.len) < 0)
		frame_verdict(answer, VERDICT_DONE, NULL);
	buf_free(&files);
	buf_free(&text);
}

/* Works on one frame and answers it.  Returns the status of the answer, or -1
 * with errno if it cannot be written. */
static int
work(struct accepter *accepter, struct arrival *arrival)
{
	char content[CONTENT_ID_SIZE] = "-";
	struct frame answer;
	int status;

	if (arrival->dropped && !accepter->told) {
		info("peer '%s' sends fields that are dropped", accepter->peer);
		accepter->told = true;
	}
	frame_init(&answer);
	frame_add(&answer, "id", span_of(arrival->id));
	if (arrival->kind == ARRIVAL_HELLO)
		take_hello(accepter, arrival, &answer);
	else if (arrival->kind == ARRIVAL_MAIL)
		take_mail(accepter, arrival, content, &answer);
	else
		frame_verdict(&answer, arrival->verdict, arrival->reply);
	tell(accepter, arrival, content, &answer);
	status = frame_status(&answer);
	if (frame_write(&answer, STDOUT_FILENO,
		clock_ms() + (int64_t)accepter->answer_wait) < 0)
		status = -1;
	frame_free(&answer);
	return status;
}

static const char *
reason(int error)
{
	switch (error) {
	case EBADMSG:
		return "a frame is cut or changed";
	case EMSGSIZE:
		return "a frame is over a limit";
	case EDQUOT:
		return "it sends too much";
	default:
		return strerror(error);
	}
}

/* Until the end of file.  Returns the exit status, the worst of all. */
static int
serve(struct accepter *accepter, struct arrivals *arrivals)
{
	int status, worst = STATUS_OK, n;
	struct arrival arrival;

	arrival_init(&arrival);
	while ((n = arrival_next(arrivals, &arrival)) > 0) {
		status = work(accepter, &arrival);
		if (status < 0) {
			n = -1;
			break;
		}
		if (status > worst)
			worst = status;
	}
	if (n < 0)
		info("peer '%s': %s", accepter->peer, reason(errno));
	arrival_free(&arrival);
	return n < 0 ? STATUS_DEFER : worst;
}

/* The peer is there: what we have for it may go at once. */
static void
make_due(const char *path, const char *peer)
{
	struct queue queue;
	struct destination destination;
	struct schedule schedule;

	if (queue_open(&queue, path, false) < 0) {
		warning(
		    "cannot open the queue '%s': %s", path, strerror(errno));
		return;
	}
	if (destination_open(&queue, span_of(peer), false, &destination) == 0) {
		schedule_read(&destination, &schedule);
		schedule.next = 0;
		if (schedule.failures > 0 &&
		    schedule_write(&destination, &schedule) < 0)
			warning("cannot write the schedule of '%s': %s", peer,
			    strerror(errno));
		destination_close(&destination);
	}
	queue_close(&queue);
}

static void
load_nodes(struct accepter *accepter)
{
	accepter->nodes = nodes_load(accepter->dir, NULL, NULL);
	if (accepter->nodes == NULL)
		fatal("no manifests in '%s'", accepter->dir);
	accepter->self = nodes_self(accepter->nodes);
	if (nodes_find(accepter->nodes, accepter->peer) == NULL)
		fatal("'%s': no node that we know", accepter->peer);
	if (strcmp(accepter->peer, accepter->self) == 0)
		fatal("'%s' is ourselves", accepter->peer);
}

int
main(int argc, char **argv)
{
	static struct accepter accepter = {
	    .answer_wait = 240000, .lock_wait = 60000};
	static struct arrivals arrivals = {.size = 80 << 20,
	    .messages = 10000,
	    .bytes = 4ULL << 30,
	    .idle = 300000,
	    .frame = 1800000};
	const char *seen = "/var/lib/pimail/seen", *queue = NULL;
	uint64_t days = 400, connection = 14400000;
	const struct conf_option options[] = {
	    {"answer", CONF_SECONDS, &accepter.answer_wait, 100, 3600000,
		"seconds that a pipeline has for a frame"},
	    {"bytes", CONF_SIZE, &arrivals.bytes, 1, 1ULL << 46,
		"octets of messages in a connection"},
	    {"days", CONF_COUNT, &days, 1, 36500,
		"days that we know what was delivered"},
	    {"frame", CONF_SECONDS, &arrivals.frame, 100, 86400000,
		"seconds that a frame may take to come"},
	    {"idle", CONF_SECONDS, &arrivals.idle, 100, 86400000,
		"seconds between two frames"},
	    {"lock", CONF_SECONDS, &accepter.lock_wait, 100, 3600000,
		"seconds to wait while another peer's mail is delivered"},
	    {"messages", CONF_COUNT, &arrivals.messages, 1, 1ULL << 32,
		"messages in a connection"},
	    {"queue", CONF_TEXT, &queue, 0, 0,
		"queue in which mail for the peer becomes due; none"},
	    {"seen", CONF_TEXT, &seen, 0, 0,
		"file that says what was delivered"},
	    {"size", CONF_SIZE, &arrivals.size, 1, MESSAGE_SIZE_MAX,
		"octets of a message"},
	    {"time", CONF_SECONDS, &connection, 100, 604800000,
		"seconds in which the last frame of a connection begins"},
	};
	int c, i;

	err_init(argv[0]);
	file_sane_stdio();
	umask(077);
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	accepter.dir = conf_environment("PIMAIL_NODES", "/etc/pimail/nodes");
	while ((c = getopt(argc, argv, "n:o:p:")) != -1)
		switch (c) {
		case 'n':
			accepter.dir = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'p':
			accepter.peer = optarg;
			break;
		default:
			usage();
		}
	for (i = optind; i < argc; i++)
		if (!outlet_take(&accepter.own, "own", argv[i]) &&
		    !outlet_take(&accepter.other, "other", argv[i]))
			usage();
	if (accepter.peer == NULL || accepter.own.name == NULL)
		usage();
	clean_environment();
	load_nodes(&accepter);
	accepter.seen = seen_open(seen, days);
	if (accepter.seen == NULL)
		fatal("cannot open '%s': %s", seen, strerror(errno));
	user_confine();
	sandbox_deny();
	veil_use();
	if (queue != NULL)
		make_due(queue, accepter.peer);
	fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	io_in_init(&arrivals.in, STDIN_FILENO);
	arrivals.end = clock_ms() + (int64_t)connection;
	c = serve(&accepter, &arrivals);
	outlet_end(&accepter.own);
	outlet_end(&accepter.other);
	seen_free(accepter.seen);
	nodes_free(accepter.nodes);
	io_in_free(&arrivals.in);
	if (io_close_stdout() < 0)
		c = STATUS_DEFER;
	return c;
}
