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
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "accept/accept.h"
#include "base/bundle.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/user.h"

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

/* The text of a file in a bundle.  False if it has none, which is told. */
static bool
find_pem(struct bundle *bundle, const char *what, const char *path,
    struct span *text)
{
	struct bundle_file file = {.error = EBADMSG};

	if (bundle_find(bundle, what, &file) > 0 && file.error == 0) {
		*text = file.text;
		return true;
	}
	warning(
	    "cannot load %s '%s': %s", what, path, bundle_reason(file.error));
	return false;
}

/* The key is never in memory of our own but for OpenSSL's. */
static struct tls *
load_tls(void)
{
	const char *key_path = key != NULL ? key : certificate;
	struct span chain, secret;
	struct tls *tls = NULL;
	struct bundle bundle;
	int fd = bundle_create();

	if (fd < 0 ||
	    bundle_add(fd, "certificate", certificate, TLS_FILE_MAX) < 0 ||
	    bundle_add(fd, "key", key_path, TLS_FILE_MAX) < 0 ||
	    bundle_open(&bundle, fd) < 0)
		warning("cannot make a bundle: %s", strerror(errno));
	else {
		if (find_pem(&bundle, "certificate", certificate, &chain) &&
		    find_pem(&bundle, "key", key_path, &secret))
			tls = tls_load(chain, secret, certificate, key_path);
		bundle_close(&bundle);
	}
	if (fd >= 0)
		close(fd);
	return tls;
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
	if (certificate != NULL) {
		tls_init();
		accept_.tls = load_tls();
		if (accept_.tls == NULL)
			fatal("no TLS");
	}
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
	struct accept_sources sources = {.connection = -1, .reload = reload};
	const char *user = NULL;
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
	sources_inherit(&sources);
	if (user == NULL && geteuid() == 0)
		allow_root(&sources);
	raise_descriptors();
	load();
	if (user != NULL)
		user_become(user);
	user_confine();
	return server_run(&accept_, &sources);
}
