/*
 * smtp-accept: receives mail by SMTP and gives it to pipelines.
 *
 * - One process holds every connection and talks up to RCPT and DATA.  Only a
 *   message for somebody who exists costs a process of its own, a worker, and
 *   only when it is here as a whole does it get a pipeline.
 * - What parses content is never in here: no MIME, no DNS, no archives.
 * - There is no option that relays: a recipient is somebody in a manifest, or
 *   is refused.
 * - Files are opened and ports are bound first, then privileges are dropped;
 *   what SIGHUP loads anew must be readable to the user that is left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accept/accept.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/user.h"

#define LISTENERS_MAX 16
#define LISTEN_FDS_START 3       /* sd_listen_fds(3) */
#define DESCRIPTORS_RESERVED 256 /* for pipelines, channels and the rest */

static struct accept accept_;
static const char *nodes_dir = "/etc/pimail/nodes";
static const char *certificate, *key, *host;
static uint64_t pool_size, recycle = 1000, implicit_tls;
static uint64_t recipients = 100, errors = 20;

static const struct conf_option options[] = {
    {"cert", CONF_TEXT, &certificate, 0, 0,
	"certificate chain (PEM); offers STARTTLS"},
    {"connections", CONF_COUNT, &accept_.connections, 1, 1000000,
	"connections at a time; 0 in the list means as many as descriptors"},
    {"deadline", CONF_SECONDS, &accept_.deadline, 100, 3600000,
	"seconds a pipeline may take for a message"},
    {"errors", CONF_COUNT, &errors, 1, 1000,
	"5xx replies before a connection is ended"},
    {"host", CONF_TEXT, &host, 0, 0,
	"name in greeting and trace; else the own node's host"},
    {"implicit-tls", CONF_COUNT, &implicit_tls, 0, 1,
	"1: TLS from the first octet on"},
    {"key", CONF_TEXT, &key, 0, 0, "private key (PEM); else in cert"},
    {"pool", CONF_COUNT, &pool_size, 1, 1000,
	"pipelines a route; 0 in the list means as many as cores"},
    {"recipients", CONF_COUNT, &recipients, 1, 1000, "recipients of a message"},
    {"recycle", CONF_COUNT, &recycle, 1, 1000000000,
	"messages a pipeline carries before it is replaced"},
    {"size", CONF_SIZE, &accept_.session.size_max, 1024, 1 << 30,
	"octets of a message"},
    {"timeout", CONF_SECONDS, &accept_.timeout, 100, 3600000,
	"seconds a client may be silent"},
    {"wait", CONF_SECONDS, &accept_.wait, 100, 3600000,
	"seconds to wait for a worker or a pipeline"},
    {"workers", CONF_COUNT, &accept_.workers, 1, 10000,
	"messages that are received at a time"},
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
	if (accept_.pools[i].name != NULL)
		fatal("route '%s' is given twice", names[i]);
	if (pool_init(&accept_.pools[i], names[i], equals + 1,
		(unsigned)pool_size, (unsigned)recycle) < 0)
		fatal("route '%s': not a pipeline", names[i]);
}

/* As many connections as descriptors allow, if nobody said how many. */
static void
raise_descriptors(void)
{
	struct rlimit limit;
	uint64_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot read limits: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot set limits: %s", strerror(errno));
	room = limit.rlim_cur > 2 * DESCRIPTORS_RESERVED
		   ? limit.rlim_cur - DESCRIPTORS_RESERVED
		   : limit.rlim_cur / 2;
	if (accept_.connections == 0 || accept_.connections > room)
		accept_.connections = room;
}

static void
set_close_on_exec(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		fatal("descriptor %d: %s", fd, strerror(errno));
}

/* Takes standard input for what it is; it is /dev/null from then on. */
static void
inherit_stdin(struct accept_sources *sources, int *listeners)
{
	enum listen_kind kind = listen_kind(STDIN_FILENO);
	struct stat in, err;
	int fd, null;

	if (kind == LISTEN_NONE)
		fatal("no -l, and standard input is not a socket");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	null = open("/dev/null", O_RDWR);
	if (fd < 0 || null < 0)
		fatal("cannot open '/dev/null': %s", strerror(errno));
	/* inetd makes the connection standard error, too: no log to clients */
	if (fstat(fd, &in) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
	    in.st_dev == err.st_dev && in.st_ino == err.st_ino)
		dup2(null, STDERR_FILENO);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
	set_close_on_exec(fd);
	if (kind == LISTEN_SOCKET)
		listeners[sources->listener_count++] = fd;
	else
		sources->connection = fd;
}

/* Sockets of systemd: LISTEN_PID and LISTEN_FDS, sd_listen_fds(3). */
static void
inherit_systemd(struct accept_sources *sources, int *listeners)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t count = 0;
	char own[24];
	int fd;

	snprintf(own, sizeof(own), "%ld", (long)getpid());
	if (pid == NULL || fds == NULL || strcmp(pid, own) != 0 ||
	    conf_parse_size(fds, &count) < 0)
		return;
	for (fd = LISTEN_FDS_START;
	     count > 0 && sources->listener_count < LISTENERS_MAX;
	     fd++, count--) {
		if (listen_kind(fd) != LISTEN_SOCKET)
			fatal("descriptor %d is not a listening socket", fd);
		set_close_on_exec(fd);
		listeners[sources->listener_count++] = fd;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
}

static struct tls *
load_tls(void)
{
	return tls_load(certificate, key != NULL ? key : certificate);
}

static void
set_host(void)
{
	accept_.session.host = host != NULL ? host : nodes_host(accept_.nodes);
}

static void
reload(struct accept *accept)
{
	struct nodes *nodes;
	struct tls *tls;
	size_t broken;
	bool good;

	nodes = nodes_load(nodes_dir, accept->nodes, &broken);
	good = nodes != NULL && broken == 0;
	if (nodes != NULL) {
		nodes_free(accept->nodes);
		accept->nodes = nodes;
		set_host();
	} else
		warning("manifests stay as they were");
	if (certificate != NULL) {
		tls = load_tls();
		if (tls != NULL) {
			tls_free(accept->tls);
			accept->tls = tls;
		} else
			warning("certificate stays as it was");
		good = good && tls != NULL;
	}
	info("loaded anew%s", good ? "" : ", but for what is said above");
}

/* What must be there before anybody is let in. */
static void
load(void)
{
	accept_.nodes = nodes_load(nodes_dir, NULL, NULL);
	if (accept_.nodes == NULL)
		fatal("no manifests in '%s'", nodes_dir);
	set_host();
	if (certificate != NULL && (accept_.tls = load_tls()) == NULL)
		fatal("no TLS");
	if (key != NULL && certificate == NULL)
		fatal("-o key needs -o cert");
	if (implicit_tls && accept_.tls == NULL)
		fatal("-o implicit-tls needs -o cert");
	accept_.implicit_tls = implicit_tls;
	accept_.session.tls = accept_.tls != NULL;
	accept_.session.recipients_max = (unsigned)recipients;
	accept_.session.errors_max = (unsigned)errors;
}

static void
set_defaults(void)
{
	accept_.session.size_max = 50 << 20;
	accept_.wait = 60000;
	accept_.deadline = 120000;
	accept_.timeout = 300000;
	accept_.workers = 100;
}

int
main(int argc, char **argv)
{
	static int listeners[LISTENERS_MAX];
	struct accept_sources sources = {listeners, 0, -1, reload};
	const char *user = NULL;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	set_defaults();
	while ((c = getopt(argc, argv, "l:n:o:u:")) != -1)
		switch (c) {
		case 'l':
			if (sources.listener_count == LISTENERS_MAX)
				fatal("too many -l");
			listeners[sources.listener_count] = listen_open(optarg);
			if (listeners[sources.listener_count++] < 0)
				fatal("cannot listen on '%s': %s", optarg,
				    strerror(errno));
			break;
		case 'n':
			nodes_dir = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'u':
			user = optarg;
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
	if (user == NULL && geteuid() == 0)
		fatal("do not run this as root: use -u user");
	inherit_systemd(&sources, listeners);
	if (sources.listener_count == 0)
		inherit_stdin(&sources, listeners);
	raise_descriptors();
	load();
	if (user != NULL)
		user_become(user);
	user_confine();
	return server_run(&accept_, &sources);
}
