/*
 * outside: files, ports and a socket that sandbox_reach() is to keep its
 * process from.
 */
#ifndef UNIT_OUTSIDE_H
#define UNIT_OUTSIDE_H

#include <arpa/inet.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/sandbox.h"
#include "base/span.h"
#include "base/user.h"
#include "child.h"
#include "test.h"

/* What the tests work on: read/file, read/link (to other/file), temp/named,
 * other/file. */
static char top[] = "/var/tmp/sandbox.XXXXXX";

/* Runs a test, or says why not: `missing` is NULL or the reason. */
#define TEST_IF(missing, name)                                                \
	do {                                                                  \
		if ((missing) == NULL)                                        \
			TEST(name);                                           \
		else                                                          \
			printf("ok %d - %s # skip %s\n", ++test_count, #name, \
			    (missing));                                       \
	} while (0)

/* Why a test cannot run, or NULL. */
static inline const char *
lacks_landlock(int version)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		   LANDLOCK_CREATE_RULESET_VERSION) >= version
		   ? NULL
		   : "the kernel's Landlock is too old";
}

static inline const char *
lacks_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0
		   ? "the kernel has no seccomp"
		   : NULL;
}

static inline void
make_file(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0666);

	if (fd < 0 || write(fd, "text", 4) != 4 || fchmod(fd, 0666) < 0)
		abort();
	close(fd);
}

static inline void
make_top(void)
{
	static const char *const names[] = {"read", "temp", "other"};
	size_t i;

	if (mkdtemp(top) == NULL || chmod(top, 0777) < 0 || chdir(top) < 0)
		abort();
	for (i = 0; i < nitems(names); i++)
		if (mkdir(names[i], 0777) < 0 || chmod(names[i], 0777) < 0)
			abort();
	make_file("read/file");
	make_file("temp/named");
	make_file("other/file");
	if (symlink("../other/file", "read/link") < 0 ||
	    symlink("/proc/self/root/etc", "read/root") < 0)
		abort();
}

static inline void
remove_top(void)
{
	static const char *const names[] = {"read/file", "read/link",
	    "read/root", "read", "temp/named", "temp", "other/file", "other"};
	size_t i;

	for (i = 0; i < nitems(names); i++)
		CHECK(remove(names[i]) == 0);
	CHECK(rmdir(top) == 0);
}

/* May read in read/ and make unnamed files in temp/. */
static inline void
confine(const uint16_t *ports, size_t count)
{
	static const struct sandbox_path paths[] = {
	    {"read", SANDBOX_READ}, {"temp", SANDBOX_TEMP}};

	user_confine();
	sandbox_reach(paths, nitems(paths), ports, count);
}

/* Sockets of the parent, outside. */
static int listeners[2], abstract;
static uint16_t ports[2];
static struct sockaddr_un abstract_name = {.sun_family = AF_UNIX};
static socklen_t abstract_length;

static inline struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static inline int
bind_loopback(int type, uint16_t *port)
{
	struct sockaddr_in name = loopback(0);
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &len) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 10) < 0))
		abort();
	*port = ntohs(name.sin_port);
	return fd;
}

static inline int
connect_loopback(int type, uint16_t port)
{
	struct sockaddr_in name = loopback(port);

	return connect(
	    socket(AF_INET, type, 0), (struct sockaddr *)&name, sizeof(name));
}

static inline void
make_sockets(void)
{
	listeners[0] = bind_loopback(SOCK_STREAM, &ports[0]);
	listeners[1] = bind_loopback(SOCK_STREAM, &ports[1]);
	snprintf(abstract_name.sun_path + 1, sizeof(abstract_name.sun_path) - 1,
	    "%s", top);
	abstract_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				      1 + strlen(top));
	abstract = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(abstract, (struct sockaddr *)&abstract_name, abstract_length) <
		0 ||
	    listen(abstract, 10) < 0)
		abort();
}

#endif
