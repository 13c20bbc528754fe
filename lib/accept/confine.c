#include <sys/resource.h>

#include "accept/confine.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "base/span.h"

#define ASKING_MEMORY (512 << 20) /* address space, most of it never used */
#define ASKING_DESCRIPTORS 1024

/* What asks how large a file is, by its descriptor. */
#define CALLS_STAT                                                             \
	"fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "newfstatat", \
	    "statx"

void
confine_loop(void)
{
	const struct sandbox_path temp = {file_temp_dir(), SANDBOX_TEMP};
	/* the last line is what a worker needs to confine itself */
	static const char *const calls[] = {SANDBOX_CALLS_PROCESS,
	    SANDBOX_CALLS_IO, CALLS_STAT, "accept4", "clone:fork",
	    "getpeername", "kill", "openat:tmpfile", "setsockopt",
	    "socketpair:unix", "wait4", "close_range", "prctl:name",
	    "prlimit64:self", "seccomp"};

	sandbox_reach(&temp, 1, NULL, 0);
	sandbox_calls(calls, nitems(calls));
}

void
confine_worker(void)
{
	static const char *const calls[] = {SANDBOX_CALLS_PROCESS,
	    SANDBOX_CALLS_IO, CALLS_STAT, "openat:tmpfile"};

	sandbox_limit(RLIMIT_NPROC, 0);
	sandbox_calls(calls, nitems(calls));
}

void
confine_keeper(void)
{
	sandbox_deny();
}

/* Who asks others on the network, the DNS among them. */
static void
confine_asking(const uint16_t *ports, size_t count)
{
	static const char *const calls[] = {SANDBOX_CALLS_PROCESS,
	    SANDBOX_CALLS_IO, CALLS_STAT, "bind", "connect", "getpeername",
	    "getsockname", "getsockopt", "setsockopt", "socket:tcp",
	    "socket:udp"};

	sandbox_limit(RLIMIT_NPROC, 0);
	sandbox_limit(RLIMIT_NOFILE, ASKING_DESCRIPTORS);
	sandbox_limit(RLIMIT_AS, ASKING_MEMORY);
	sandbox_reach(NULL, 0, ports, count);
	sandbox_calls(calls, nitems(calls));
}

void
confine_lists(void)
{
	confine_asking(NULL, SANDBOX_ANY_PORT);
}

void
confine_prober(const uint16_t *ports, size_t count)
{
	confine_asking(ports, count);
}
