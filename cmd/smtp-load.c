/*
 * smtp-load: asks a mail server what it can do.
 *
 * - It speaks to the one host it was given and to nobody else.
 * - Messages a minute are counted by the clock, delays by the message; the one
 *   is never computed from the other.
 * - It is one process without threads, so that on the machine under test it
 *   takes little away from the server.
 * - Text and sizes are the same in every run, so that runs can be compared.
 * - A server's refusal is a result and not an error: the run goes on, and the
 *   exit status tells.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "load/load.h"
#include "mail/address.h"

#define MESSAGES 50           /* by default */
#define CONNECTIONS_BURST 100 /* at most, by default */
#define CONNECTIONS_STEADY 10 /* by default, with a time */
#define SPARE_DESCRIPTORS 100
#define SECOND UINT64_C(1000) /* milliseconds */
#define SECONDS_MAX (7 * 86400 * SECOND)

static volatile sig_atomic_t stop;

static struct load_plan plan = {.helo = "load.example.net",
    .sender = "load@example.net",
    .reuse = 1,
    .timeout = 600 * SECOND,
    .wait = 60 * SECOND,
    .settle = 10 * SECOND,
    .stop = &stop};
static const char *from, *source;
static uint64_t pipelining;

static const struct conf_option options[] = {
    {"drip", CONF_COUNT, &plan.drip, 0, LOAD_CONNECTIONS_MAX,
	"connections that send an octet a second"},
    {"from", CONF_TEXT, &from, 0, 0,
	"source address of idle and dripping connections"},
    {"helo", CONF_TEXT, &plan.helo, 0, 0, "name given with EHLO"},
    {"idle", CONF_COUNT, &plan.idle, 0, LOAD_CONNECTIONS_MAX,
	"connections that say nothing"},
    {"invalid", CONF_COUNT, &plan.invalid, 0, 100,
	"percent of messages for invalid recipients"},
    {"pipelining", CONF_COUNT, &pipelining, 0, 1,
	"1: send commands ahead if the server can"},
    {"reuse", CONF_COUNT, &plan.reuse, 1, LOAD_MESSAGES_MAX,
	"messages a connection"},
    {"settle", CONF_SECONDS, &plan.settle, 0, SECONDS_MAX,
	"seconds that idle connections have to be greeted"},
    {"source", CONF_TEXT, &source, 0, 0,
	"source address of connections with messages"},
    {"time", CONF_SECONDS, &plan.time, 0, SECONDS_MAX,
	"seconds in which messages are begun (0: no limit)"},
    {"timeout", CONF_SECONDS, &plan.timeout, 1, SECONDS_MAX,
	"seconds for a message until its reply"},
    {"wait", CONF_SECONDS, &plan.wait, 0, SECONDS_MAX,
	"seconds without a new file until the rest is lost (-w)"},
};

static void
usage(void)
{
	usage_exit("[-j] [-c connections] [-f sender] [-i interval] "
		   "[-n messages]\n"
		   "       [-o name=value] [-s size] [-w maildir] "
		   "host:port recipient [file...]");
}

static void
on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

static uint64_t
number(char option, const char *text, uint64_t min, uint64_t max,
    int (*parse)(const char *, uint64_t *))
{
	uint64_t n;

	if (parse(text, &n) < 0)
		fatal("-%c '%s': not a value of that kind", option, text);
	if (n < min || n > max)
		fatal("-%c '%s': out of range", option, text);
	return n;
}

static void
resolve(struct loadconn_address *address, const char *text, const char *port,
    int family)
{
	const char *error = loadconn_resolve(address, text, port, family);

	if (error != NULL)
		fatal("'%s': %s", text, error);
}

static void
check_address(const char *text)
{
	struct address address;

	if (address_parse(&address, span_of(text)) < 0)
		fatal("'%s': not an address", text);
}

/* Sees to it that all connections get a descriptor. */
static void
raise_limit(void)
{
	rlim_t want = plan.connections + plan.idle + plan.drip;
	struct rlimit limit;

	want += SPARE_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= want)
		return;
	if (limit.rlim_max < want)
		fatal("%ju descriptors are wanted, and the limit is %ju",
		    (uintmax_t)want, (uintmax_t)limit.rlim_max);
	limit.rlim_cur = want;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot raise the limit of descriptors: %s",
		    strerror(errno));
}

/* Fills in what the options left open.  messages is -1 without -n. */
static void
complete_plan(int64_t messages, size_t files)
{
	bool steady = messages < 0 && plan.time > 0;

	if (messages == 0 && plan.time == 0)
		fatal("-n 0 needs -o time");
	plan.messages = messages >= 0   ? (uint64_t)messages
			: plan.time > 0 ? LOAD_MESSAGES_MAX
			: files > 0     ? files
					: MESSAGES;
	if (plan.connections == 0)
		plan.connections = steady ? CONNECTIONS_STEADY
				   : plan.messages < CONNECTIONS_BURST
				       ? plan.messages
				       : CONNECTIONS_BURST;
	plan.pipelining = pipelining != 0;
	plan.progress = isatty(STDERR_FILENO) == 1;
	raise_limit();
}

/* The host, the recipient and their like. */
static void
set_addresses(const char *host, const char *recipient)
{
	const char *at;

	resolve(&plan.server, host, "25", AF_UNSPEC);
	if (source != NULL)
		resolve(&plan.source, source, "0", plan.server.sa.ss_family);
	if (from != NULL)
		resolve(&plan.from, from, "0", plan.server.sa.ss_family);
	if (plan.sender[0] != '\0')
		check_address(plan.sender);
	check_address(recipient);
	if (!address_is_domain(span_of(plan.helo)))
		fatal("-o 'helo=%s': not a domain", plan.helo);
	plan.recipient = recipient;
	at = strrchr(recipient, '@');
	plan.domain = at != NULL ? at : "";
}

static void
set_messages(struct loadmail *mail, uint64_t size, char **file, size_t files)
{
	size_t which;

	loadmail_init(mail);
	for (which = 0; which < files; which++)
		if (loadmail_file(mail, file[which]) < 0)
			fatal("cannot take '%s': %s", file[which],
			    strerror(errno));
	if (files == 0 &&
	    loadmail_generate(mail, size, plan.sender, plan.recipient) < 0)
		fatal("-s %" PRIu64 ": the header alone is longer", size);
}

/* Returns the exit status. */
static int
run(const struct loadmail *mail, struct loadwatch *watch,
    void (*print)(struct loadstat *))
{
	struct sigaction action = {.sa_handler = on_signal};
	struct loadstat stat = {0};
	int status;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (load_run(&plan, mail, watch, &stat) < 0)
		fatal("cannot go on: %s", strerror(errno));
	print(&stat);
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	status = loadstat_status(&stat);
	loadstat_free(&stat);
	return status;
}

int
main(int argc, char **argv)
{
	uint64_t size = 8192;
	struct loadwatch watch;
	struct loadmail mail;
	int64_t messages = -1;
	bool json = false;
	size_t files;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	loadwatch_init(&watch);
	while ((c = getopt(argc, argv, "c:f:i:jn:o:s:w:")) != -1)
		switch (c) {
		case 'c':
			plan.connections = number('c', optarg, 1,
			    LOAD_CONNECTIONS_MAX, conf_parse_size);
			break;
		case 'f':
			plan.sender = optarg;
			break;
		case 'i':
			plan.interval = number(
			    'i', optarg, 0, SECONDS_MAX, conf_parse_seconds);
			break;
		case 'j':
			json = true;
			break;
		case 'n':
			messages = (int64_t)number(
			    'n', optarg, 0, LOAD_MESSAGES_MAX, conf_parse_size);
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 's':
			size = number('s', optarg, 1, LOADMAIL_SIZE_MAX / 2,
			    conf_parse_size);
			break;
		case 'w':
			if (loadwatch_add(&watch, optarg) < 0)
				fatal("cannot watch '%s': %s", optarg,
				    strerror(errno));
			break;
		default:
			usage();
		}
	if (argc - optind < 2)
		usage();
	files = (size_t)(argc - optind - 2);
	set_addresses(argv[optind], argv[optind + 1]);
	set_messages(&mail, size, argv + optind + 2, files);
	complete_plan(messages, files);
	c = run(&mail, &watch, json ? loadstat_print_json : loadstat_print);
	loadmail_free(&mail);
	return c;
}
