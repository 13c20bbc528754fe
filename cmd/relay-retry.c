/*
 * relay-retry: brings the mail of a queue to where it belongs.
 *
 * - A destination is tried, not a message: a host that is down costs one
 *   attempt, and when it is back all its mail goes over one connection.
 * - What becomes of an entry is the verdict that comes back for it, and nothing
 *   else: an entry without one stays.
 * - The transport is any pipeline.  It gets a frame as it is in the queue, but
 *   of sealed mail nothing that only we should know.
 * - Each errand is a process: it parses what peers send, and can hang or die
 *   without harm to the others.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/user.h"
#include "net/courier.h"
#include "peer/runner.h"
#include "peer/transport.h"
#include "seal/openpgp.h"
#include "seal/veil.h"

static void
usage(void)
{
	usage_exit("[-1] [-k keydir] [-n nodes] [-o name=value]... dir "
		   "'pipeline'");
}

/* A mistake in the pipeline is said at once, and not when mail is there. */
static void
check_line(const char *line)
{
	static const struct manifest sample = {
	    .reach = "ssh://pimail@node.example:22"};
	struct buf text = BUF_INIT(65536);
	struct proc_line words;

	if (transport_line(line, "node", &sample, &text) < 0 ||
	    proc_line_parse(&words, buf_str(&text)) < 0)
		fatal("'%s': not a pipeline of %%h, %%H, %%n, %%p, %%u and "
		      "%%%%",
		    line);
	proc_line_free(&words);
	buf_free(&text);
}

/* Whether the pipeline asks what only a manifest can tell. */
static bool
wants_nodes(const char *line)
{
	struct buf text = BUF_INIT(65536);
	bool wants;

	wants =
	    transport_line(line, "node", NULL, &text) < 0 && errno == ENOENT;
	buf_free(&text);
	return wants;
}

int
main(int argc, char **argv)
{
	static struct errand_settings how = {.copies = 2,
	    .days = 30,
	    .first = 60,
	    .last = 14400,
	    .timeout = 300000,
	    .hello = 86400};
	static uint64_t parallel = 4;
	const struct conf_option options[] = {
	    {"bounces", CONF_TEXT, &how.bounces, 0, 0,
		"queue for reports to senders; none: mail does not expire"},
	    {"copies", CONF_COUNT, &how.copies, 0, 100,
		"peers that get a copy of what cannot go home"},
	    {"days", CONF_COUNT, &how.days, 1, ERRAND_DAYS_MAX,
		"days until mail that we took is given up"},
	    {"first", CONF_COUNT, &how.first, 1, 86400,
		"seconds until the first retry"},
	    {"hello", CONF_COUNT, &how.hello, 0, 86400 * 30,
		"seconds until a node is visited without mail; 0: no hello"},
	    {"imported", CONF_TEXT, &how.imported, 0, 0,
		"command to run when a newer manifest has come"},
	    {"last", CONF_COUNT, &how.last, 1, 86400 * 7,
		"seconds between two retries at most"},
	    {"parallel", CONF_COUNT, &parallel, 1, 100,
		"destinations that are tried at a time"},
	    {"timeout", CONF_SECONDS, &how.timeout, 100, 3600000,
		"seconds to wait for an answer"},
	};
	struct queue queue;
	bool once = false;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	umask(077);
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	how.keydir = conf_environment(OPENPGP_KEYS_ENV, OPENPGP_KEYS);
	while ((c = getopt(argc, argv, "1k:n:o:")) != -1)
		switch (c) {
		case '1':
			once = true;
			break;
		case 'k':
			how.keydir = optarg;
			break;
		case 'n':
			how.nodes = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		default:
			usage();
		}
	if (argc - optind != 2)
		usage();
	how.line = argv[optind + 1];
	check_line(how.line);
	if (how.nodes == NULL && wants_nodes(how.line))
		how.nodes = conf_environment(NODES_ENV, NODES_DIR);
	if (queue_open(&queue, argv[optind], true) < 0)
		fatal("cannot open the queue '%s': %s", argv[optind],
		    queue_reason(errno));
	user_confine();
	veil_use();
	c = runner_run(&how, &queue, parallel, once);
	queue_close(&queue);
	return c;
}
