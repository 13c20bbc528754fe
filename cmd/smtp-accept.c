/*
 * smtp-accept: receives mail by SMTP and gives it to pipelines.
 *
 * - One process, the loop, holds every connection and talks up to RCPT and
 *   DATA.  Only a message for somebody who exists costs a process of its own, a
 *   worker, and only when it is here as a whole does it get a pipeline.
 * - What parses content is never in here: no MIME, no archives; and DNS has a
 *   process of its own.
 * - There is no option that relays: a recipient is somebody in a manifest, or
 *   is refused.
 * - The keeper is forked first: it opens files and runs pipelines, so that the
 *   loop and the workers, who hear strangers, can give up both for good.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "accept/accept.h"
#include "accept/files.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "mail/message.h"
#include "node/nodes.h"
#include "seal/veil.h"

#define DESCRIPTORS_RESERVED 256 /* for pipelines, channels and the rest */
#define CONNECTIONS_PER_MB 10    /* of the machine's memory */

static struct accept accept_;
static struct keeper_config config;
static const char *user_name, *stage_user_name;
static const char *early = "refuse", *backup = "always";
static const char *proxies, *disk, *lists;
static uint64_t pool_size, recycle = 1000, implicit_tls;
static uint64_t recipients = 100, memory = 100 << 20;

static const struct conf_option options[] = {
    {"backup", CONF_TEXT, &backup, 0, 0,
	"mail for other nodes is taken: always, or when-down"},
    {"backup-cache", CONF_SECONDS, &accept_.probe_cache, 1000, 3600000,
	"seconds that a node is believed to be up; half of it, to be down"},
    {"backup-port", CONF_COUNT, &config.prober.port, 1, UINT16_MAX,
	"port of other nodes' mail servers"},
    {"backup-wait", CONF_SECONDS, &accept_.probe_wait, 100, 60000,
	"seconds that one has to greet us, or it is down"},
    {"cert", CONF_TEXT, &config.certificate, 0, 0,
	"certificate chain (PEM); offers STARTTLS"},
    {"connections", CONF_COUNT, &accept_.connections, 1, 1000000,
	"connections at a time; 0 in the list means as memory allows"},
    {"deadline", CONF_SECONDS, &accept_.deadline, 100, 3600000,
	"seconds a pipeline may take for a message"},
    {"disk", CONF_TEXT, &disk, 0, 0,
	"a directory whose disk must have room, too"},
    {"dns", CONF_TEXT, &config.asker.dns.server, 0, 0,
	"name server for lists and nodes (address@port); else the system's"},
    {"early", CONF_TEXT, &early, 0, 0,
	"who talks before the greeting: refuse or mark"},
    {"errors", CONF_COUNT, &accept_.errors, 1, 1000,
	"5xx replies before a connection is ended; 0 means as there is room"},
    {"free", CONF_SIZE, &accept_.free, 0, 1ULL << 40,
	"octets that must be free on the disk"},
    {"greet-delay", CONF_SECONDS, &accept_.greet_delay, 0, 60000,
	"seconds until strangers are greeted"},
    {"harvest", CONF_COUNT, &accept_.harvest, 0, 1000000,
	"unknown recipients after which a source is refused; 0: never"},
    {"host", CONF_TEXT, &accept_.host, 0, 0,
	"name in greeting and trace; else the own node's host"},
    {"implicit-tls", CONF_COUNT, &implicit_tls, 0, 1,
	"1: TLS from the first octet on"},
    {"key", CONF_TEXT, &config.key, 0, 0, "private key (PEM); else in cert"},
    {"lists", CONF_TEXT, &lists, 0, 0,
	"DNS lists: name[=filter][*weight], ..."},
    {"lists-reject", CONF_COUNT, &accept_.lists_reject, 0, 10000,
	"score of the lists that is refused; 0: none"},
    {"lists-wait", CONF_SECONDS, &accept_.lists_wait, 100, 60000,
	"seconds to wait for the lists at most"},
    {"memory", CONF_SIZE, &memory, 1 << 20, 1ULL << 40,
	"octets of messages held in memory, all together"},
    {"pipe-user", CONF_TEXT, &stage_user_name, 0, 0,
	"user of the pipelines; else that of -u"},
    {"pool", CONF_COUNT, &pool_size, 1, 1000,
	"pipelines a route; 0 in the list means as many as cores"},
    {"proxy", CONF_TEXT, &proxies, 0, 0,
	"addresses of proxies that say who the client is"},
    {"recipients", CONF_COUNT, &recipients, 1, 1000, "recipients of a message"},
    {"recycle", CONF_COUNT, &recycle, 1, 1000000000,
	"messages a pipeline carries before it is replaced"},
    {"size", CONF_SIZE, &accept_.session.size_max, 1024, 1 << 30,
	"octets of a message"},
    {"tarpit", CONF_SECONDS, &accept_.tarpit, 0, 30000,
	"seconds of delay after a second unknown recipient, then twice that"},
    {"timeout", CONF_SECONDS, &accept_.timeout, 100, 3600000,
	"seconds for a command; 0 in the list means as there is room"},
    {"wait", CONF_SECONDS, &accept_.wait, 100, 3600000,
	"seconds to wait for a worker or a pipeline"},
    {"workers", CONF_COUNT, &accept_.workers, 1, 10000,
	"messages that are received at a time"},
    {"zone", CONF_TEXT, &config.asker.dns.zone, 0, 0,
	"file of records that are the whole DNS for lists and nodes"},
};

static void
usage(void)
{
	usage_exit(
	    "[-l address:port]... [-n nodes] [-u user] [-o name=value]...\n"
	    "           local='pipeline' [backup='pipeline']");
}

/* "local=..." or "backup=...". */
static void
add_route(const char *argument)
{
	static const char *const names[ROUTE_COUNT] = {"local", "backup"};
	const char *equals = strchr(argument, '=');
	struct span name;
	int i;

	if (equals == NULL)
		usage();
	name = (struct span){argument, (size_t)(equals - argument)};
	for (i = 0; i < ROUTE_COUNT; i++)
		if (span_eq(name, span_of(names[i])))
			break;
	if (i == ROUTE_COUNT)
		fatal("'%s': the routes are local and backup", argument);
	if (config.routes[i].name != NULL)
		fatal("route '%s' is given twice", names[i]);
	if (proc_line_parse(&config.routes[i].line, equals + 1) < 0)
		fatal("route '%s': not a pipeline", names[i]);
	config.routes[i].name = names[i];
	accept_.pools[i].name = names[i];
	accept_.pools[i].size = (unsigned)pool_size;
	accept_.pools[i].recycle = (unsigned)recycle;
}

/* As many connections as descriptors and memory allow, if nobody said how
 * many. */
static void
set_connections(void)
{
	uint64_t room, pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot read limits: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot set limits: %s", strerror(errno));
	room = limit.rlim_cur > 2 * DESCRIPTORS_RESERVED
		   ? limit.rlim_cur - DESCRIPTORS_RESERVED
		   : limit.rlim_cur / 2;
	if (accept_.connections == 0)
		accept_.connections =
		    (pages * (uint64_t)sysconf(_SC_PAGESIZE) >> 20) *
		    CONNECTIONS_PER_MB;
	if (accept_.connections > room)
		accept_.connections = room;
}

static void
add_listener(struct accept_sources *sources, const char *text)
{
	int fd;

	if (sources->listener_count == ACCEPT_LISTENERS_MAX)
		fatal("too many -l");
	fd = listen_open(text);
	if (fd < 0)
		fatal("cannot listen on '%s': %s", text, strerror(errno));
	sources->listeners[sources->listener_count++] = fd;
}

/* Root is for trying things out, where no stranger can be. */
static void
allow_root(const struct accept_sources *sources)
{
	bool local =
	    sources->connection < 0 || listen_is_local(sources->connection);
	size_t i;

	for (i = 0; i < sources->listener_count; i++)
		local = local && listen_is_local(sources->listeners[i]);
	if (!local)
		fatal("do not run this as root: use -u user");
	warning("running as root, on loopback only; use -u user");
}

static void
set_defaults(void)
{
	accept_.session.size_max = 50 << 20;
	accept_.wait = 60000;
	accept_.deadline = 120000;
	accept_.workers = 100;
	accept_.free = 64 << 20;
	accept_.harvest = 20;
	accept_.tarpit = 1000;
	accept_.lists_wait = 3000;
	accept_.probe_wait = 5000;
	accept_.probe_cache = 60000;
	config.prober.port = 25;
	config.nodes = NODES_DIR;
}

/* What the options say together. */
static void
check(void)
{
	uint64_t each = memory / accept_.workers;
	int count;

	if (config.key != NULL && config.certificate == NULL)
		fatal("-o key needs -o cert");
	if (config.key == NULL)
		config.key = config.certificate;
	if (implicit_tls && config.certificate == NULL)
		fatal("-o implicit-tls needs -o cert");
	accept_.implicit_tls = implicit_tls;
	if (strcmp(early, "refuse") != 0 && strcmp(early, "mark") != 0)
		fatal("-o early: refuse or mark");
	accept_.early_pass = *early == 'm';
	if (proxies != NULL) {
		count = network_parse_list(
		    accept_.proxies, ACCEPT_PROXIES_MAX, span_of(proxies));
		if (count < 0)
			fatal("-o proxy: '%s': not addresses, or too many",
			    proxies);
		accept_.proxy_count = (size_t)count;
	}
	if (lists != NULL && lists_parse(&config.lists, lists) < 0)
		fatal("-o lists: %s", config.lists.reason);
	accept_.lists = config.lists.count > 0;
	config.asker.dns.timeout = accept_.lists_wait;
	config.asker.rest = LISTS_REST_MS;
	config.asker.test = LISTS_TEST_MS;
	if (strcmp(backup, "always") != 0 && strcmp(backup, "when-down") != 0)
		fatal("-o backup: always or when-down");
	accept_.when_down = *backup == 'w';
	if (accept_.when_down && accept_.pools[ROUTE_BACKUP].name == NULL)
		fatal("-o backup=when-down needs the route backup");
	config.probe = accept_.when_down;
	config.prober.dns.server = config.asker.dns.server;
	config.prober.dns.zone = config.asker.dns.zone;
	config.prober.dns.timeout = accept_.probe_wait;
	config.prober.wait = accept_.probe_wait;
	accept_.memory = each < MESSAGE_MEMORY ? (size_t)each : MESSAGE_MEMORY;
	accept_.session.recipients_max = (unsigned)recipients;
}

/* Whom the processes become.  Only root can become anybody. */
static void
find_users(const struct accept_sources *sources)
{
	static struct user user, stage_user;

	if (user_name == NULL && geteuid() == 0)
		allow_root(sources);
	if (user_name != NULL) {
		user_find(&user, user_name);
		config.user = config.stage_user = &user;
	}
	if (stage_user_name != NULL) {
		if (geteuid() != 0 || user_name == NULL)
			fatal("-o pipe-user needs root and -u");
		user_find(&stage_user, stage_user_name);
		config.stage_user = &stage_user;
	}
}

/* The disks that must have room: that of large messages, and one more. */
static void
open_room(void)
{
	accept_.room[0] = file_temp();
	if (accept_.room[0] < 0)
		warning("cannot make a temporary file (TMPDIR): %s; large"
			" messages will not be taken",
		    strerror(errno));
	accept_.room[1] = -1;
	if (disk == NULL)
		return;
	accept_.room[1] = open(disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (accept_.room[1] < 0)
		fatal("cannot open '%s': %s", disk, strerror(errno));
}

int
main(int argc, char **argv)
{
	struct accept_sources sources = {.connection = -1};
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	set_defaults();
	while ((c = getopt(argc, argv, "l:n:o:u:")) != -1)
		switch (c) {
		case 'l':
			add_listener(&sources, optarg);
			break;
		case 'n':
			config.nodes = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'u':
			user_name = optarg;
			break;
		default:
			usage();
		}
	if (optind == argc)
		usage();
	if (pool_size == 0)
		pool_size = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	for (; optind < argc; optind++)
		add_route(argv[optind]);
	check();
	sources_inherit(&sources);
	find_users(&sources);
	sandbox_survey();
	accept_.files = &config;
	accept_.keeper = keeper_fork(&config, &accept_.keeper_pid);
	set_connections();
	tls_init();
	veil_use();
	tzset(); /* reads a file */
	if (config.user != NULL && user_become(config.user) < 0)
		fatal(
		    "cannot become user '%s': %s", user_name, strerror(errno));
	open_room();
	user_confine();
	files_load(&accept_);
	return server_run(&accept_, &sources);
}
