/*
 * av-scand: scans messages and files for viruses, for many.
 *
 * - It speaks clamd's protocol, so that whatever asks clamd can ask it, and one
 *   of its own that tells more, for av-scan.
 * - The first process, the desk, talks with clients and looks at no content.
 *   The engine holds the database, and its forks, the scanners, meet the
 *   octets: each has nothing but its memory and a directory for temporary
 *   files, and if it dies of what it scans, the answer is an error.
 * - A scan that was not done in full never ends as "clean".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "base/scan.h"
#include "base/user.h"
#include "desk/desk.h"
#include "net/listen.h"
#include "net/local.h"

#define DATABASE "/var/lib/pimail/av" /* if it is there */
#define DATABASE_OF_CLAMAV "/var/lib/clamav"
#define SCANNERS_MAX 8 /* if nobody says how many */

static struct desk_settings settings = {
    .listener = -1,
    .connection = -1,
    .notify = -1,
    .connections = 100,
    .queue = 100,
    .recycle = 1000,
    .stream = 100 << 20,
    .timeout = 60000,
    .wait = 60000,
    .time = 120000,
    .check = 60000,
    .nursery = {.limits = {.file_size = 100 << 20,
		    .scan_size = 400 << 20,
		    .files = 10000,
		    .recursion = 17},
	.scan_memory = 512 << 20,
	.temp_size = 256 << 20},
};
static uint64_t scanners, notify;
static const char *mode = "0660", *group, *reload = "overlap";

static const struct conf_option options[] = {
    {"check", CONF_SECONDS, &settings.check, 100, 86400000,
	"seconds between two looks at the database"},
    {"connections", CONF_COUNT, &settings.connections, 1, 10000,
	"connections at a time"},
    {"file-size", CONF_SIZE, &settings.nursery.limits.file_size, 1 << 20,
	1 << 30, "octets of any one object that are scanned"},
    {"files", CONF_COUNT, &settings.nursery.limits.files, 1, 1000000,
	"objects of a message that are scanned"},
    {"group", CONF_TEXT, &group, 0, 0, "group of the socket"},
    {"memory", CONF_SIZE, &settings.nursery.memory, 1 << 20, 1ULL << 40,
	"octets the database may take; 0 in the list means any"},
    {"mode", CONF_TEXT, &mode, 0, 0, "permissions of the socket, octal"},
    {"notify", CONF_COUNT, &notify, 3, 1000,
	"descriptor that gets a line when all is ready; 0 in the list: none"},
    {"queue", CONF_COUNT, &settings.queue, 1, 100000,
	"scans that wait for a scanner"},
    {"recursion", CONF_COUNT, &settings.nursery.limits.recursion, 1, 100,
	"containers in containers"},
    {"recycle", CONF_COUNT, &settings.recycle, 1, 1000000000,
	"scans after which a scanner is replaced"},
    {"reload", CONF_TEXT, &reload, 0, 0,
	"overlap: new database beside the old one; swap: after it"},
    {"scan-memory", CONF_SIZE, &settings.nursery.scan_memory, 16 << 20,
	1ULL << 40, "octets a scan may take besides the database"},
    {"scan-size", CONF_SIZE, &settings.nursery.limits.scan_size, 1 << 20,
	1ULL << 40, "octets of all objects of a message"},
    {"scanners", CONF_COUNT, &scanners, 1, DESK_SCANNERS_MAX,
	"scans at a time; 0 in the list means as many as cores, at most 8"},
    {"stream", CONF_SIZE, &settings.stream, 1 << 10, 1 << 30,
	"octets of a stream or a file"},
    {"temp", CONF_SIZE, &settings.nursery.temp_size, 1 << 20, 1ULL << 40,
	"octets of temporary files of a scan"},
    {"time", CONF_SECONDS, &settings.time, 1000, 3600000, "seconds for a scan"},
    {"timeout", CONF_SECONDS, &settings.timeout, 100, 3600000,
	"seconds for a command or a stream"},
    {"wait", CONF_SECONDS, &settings.wait, 100, 3600000,
	"seconds to wait for a scanner"},
};

static void
usage(void)
{
	usage_exit("[-d directory] [-u user] [-o name=value]... [socket]");
}

static mode_t
parse_mode(void)
{
	char *end;
	unsigned long bits = strtoul(mode, &end, 8);

	if (*mode < '0' || *mode > '7' || *end != '\0' || bits > 0777)
		fatal("-o mode: '%s' is not an octal mode", mode);
	return (mode_t)bits;
}

static gid_t
find_group(gid_t otherwise)
{
	const struct group *entry;

	if (group == NULL)
		return otherwise;
	entry = getgrnam(group);
	if (entry == NULL)
		fatal("-o group: no group '%s'", group);
	return entry->gr_gid;
}

static bool
is_unix(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       domain == AF_UNIX;
}

/* Takes standard input for what it is; it is /dev/null from then on.  A client
 * at the other end must not get the log. */
static void
inherit_stdin(void)
{
	enum listen_kind kind = listen_kind(STDIN_FILENO);
	struct stat in, err;
	int fd, null;

	if (kind == LISTEN_NONE || !is_unix(STDIN_FILENO))
		fatal("no socket, and standard input is none");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || null < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		fatal("cannot take standard input: %s", strerror(errno));
	if (fstat(fd, &in) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
	    in.st_dev == err.st_dev && in.st_ino == err.st_ino)
		dup2(null, STDERR_FILENO);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
	if (kind == LISTEN_SOCKET)
		settings.listener = fd;
	else
		settings.connection = fd;
}

static void
open_socket(const char *path, const struct user *user)
{
	uid_t uid = user != NULL ? user->uid : (uid_t)-1;
	gid_t gid = find_group(user != NULL ? user->gid : (gid_t)-1);

	settings.listener = local_listen(path, parse_mode(), uid, gid);
	if (settings.listener < 0)
		fatal("cannot listen on '%s': %s", path, strerror(errno));
}

/* What the options say together. */
static void
check(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (strcmp(reload, "overlap") != 0 && strcmp(reload, "swap") != 0)
		fatal("-o reload: overlap or swap");
	settings.swap = *reload == 's';
	if (scanners == 0)
		scanners = cores < 1              ? 1
			   : cores > SCANNERS_MAX ? SCANNERS_MAX
						  : (uint64_t)cores;
	settings.nursery.scanners = (unsigned)scanners;
	/* libclamav shall give up first, for it says what it did not see */
	settings.nursery.limits.milliseconds =
	    settings.time - settings.time / 10;
	if (notify != 0)
		settings.notify = (int)notify;
	if (notify != 0 && fcntl(settings.notify, F_SETFD, FD_CLOEXEC) < 0)
		fatal("-o notify: %s", strerror(errno));
}

static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot read limits: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot set limits: %s", strerror(errno));
}

/* What the engine needs while it loads, too.  It gives up the rest itself. */
static void
confine(void)
{
	const struct sandbox_path paths[] = {{"/", SANDBOX_READ},
	    {file_temp_dir(),
		SANDBOX_READ | SANDBOX_TEMP | SANDBOX_WRITE | SANDBOX_LINK}};

	user_confine();
	sandbox_reach(paths, nitems(paths), NULL, 0);
	sandbox_deny();
}

int
main(int argc, char **argv)
{
	const char *user_name = NULL;
	struct user user;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	while ((c = getopt(argc, argv, "d:o:u:")) != -1)
		switch (c) {
		case 'd':
			settings.database = optarg;
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
	if (argc - optind > 1)
		usage();
	if (settings.database == NULL)
		settings.database =
		    access(DATABASE, F_OK) == 0 ? DATABASE : DATABASE_OF_CLAMAV;
	check();
	if (user_name != NULL)
		user_find(&user, user_name);
	else if (geteuid() == 0)
		warning("running as root; use -u user");
	raise_descriptors();
	if (optind < argc)
		open_socket(argv[optind], user_name != NULL ? &user : NULL);
	else
		inherit_stdin();
	if (user_name != NULL && user_become(&user) < 0)
		fatal(
		    "cannot become user '%s': %s", user_name, strerror(errno));
	sandbox_survey();
	settings.nursery.temp =
	    desk_temp(settings.nursery.temp_size * scanners);
	confine();
	return desk_run(&settings);
}
