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
#include <limits.h>
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
#include "node/nodes.h"
#include "node/value.h"
#include "peer/accepter.h"
#include "peer/slots.h"
#include "queue/schedule.h"
#include "seal/veil.h"

extern char **environ;

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

/* One of the connections that the peer may have; it ends with the process. */
static void
take_slot(const char *seen, const char *peer, uint64_t count)
{
	struct buf path = BUF_INIT(PATH_MAX);

	if (!value_is_name(peer))
		fatal("'%s': no node that we know", peer);
	if (!buf_addf(&path, "%s.connections.%s", seen, peer))
		fatal("'%s': %s", seen, strerror(ENAMETOOLONG));
	if (slots_take(buf_str(&path), count) < 0) {
		if (errno == EAGAIN)
			fatal("peer '%s' has all its connections", peer);
		fatal("cannot lock '%s': %s", buf_str(&path), strerror(errno));
	}
	buf_free(&path);
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
	    .answer_wait = 240000, .lock_wait = 60000, .out = STDOUT_FILENO};
	static struct arrivals arrivals = {.size = 80 << 20,
	    .messages = 10000,
	    .bytes = 4ULL << 30,
	    .idle = 300000,
	    .frame = 1800000};
	const char *seen = "/var/lib/pimail/seen", *queue = NULL;
	uint64_t days = 400, connection = 14400000, connections = 10;
	const struct conf_option options[] = {
	    {"answer", CONF_SECONDS, &accepter.answer_wait, 100, 3600000,
		"seconds that a pipeline has for a frame"},
	    {"bytes", CONF_SIZE, &arrivals.bytes, 1, 1ULL << 46,
		"octets of messages in a connection"},
	    {"connections", CONF_COUNT, &connections, 1, 1000,
		"connections that the peer has at a time"},
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
	accepter.dir = conf_environment(NODES_ENV, NODES_DIR);
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
	take_slot(seen, accepter.peer, connections);
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
	c = accepter_serve(&accepter, &arrivals);
	outlet_end(&accepter.own);
	outlet_end(&accepter.other);
	seen_free(accepter.seen);
	nodes_free(accepter.nodes);
	io_in_free(&arrivals.in);
	if (io_close_stdout() < 0)
		c = STATUS_DEFER;
	return c;
}
