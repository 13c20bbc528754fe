#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sandbox.h"
#include "base/span.h"

/* What linux/landlock.h has in newer kernels. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* These are no macros there, so they have names of our own. */
#define RULE_PORT 2 /* LANDLOCK_RULE_NET_PORT */

struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scoped;
};

struct port_rule {
	uint64_t net;
	uint64_t port;
};

/* What each version of Landlock's ABI brought, and what is not confined
 * without it.  Below version 2 the kernel refuses every REFER by itself. */
static const struct version {
	int abi;
	struct ruleset rights;
	const char *what;
} versions[] = {
    {1, {(LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, 0, 0}, NULL},
    {2, {LANDLOCK_ACCESS_FS_REFER, 0, 0}, NULL},
    {3, {LANDLOCK_ACCESS_FS_TRUNCATE, 0, 0}, "truncate(2)"},
    {4, {0, LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP, 0},
	"TCP ports"},
    {5, {LANDLOCK_ACCESS_FS_IOCTL_DEV, 0, 0}, "ioctl(2) on devices"},
    {6, {0, 0, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL},
	"signals and abstract sockets"},
};

/* A condition on an argument: these bits of it are so. */
#define BITS(arg, mask, value)                             \
	{                                                  \
		(arg), SCMP_CMP_MASKED_EQ, (mask), (value) \
	}
#define EQUAL(arg, value)                      \
	{                                      \
		(arg), SCMP_CMP_EQ, (value), 0 \
	}
/* The protocol and the type, too: a stream may be SCTP or MPTCP, of which
 * Landlock knows nothing. */
#define SOCKET(name, family, type, protocol)                                \
	{                                                                   \
		name, "socket", 3,                                          \
		{                                                           \
			EQUAL(0, family),                                   \
			    BITS(1, ~(SOCK_NONBLOCK | SOCK_CLOEXEC), type), \
			    EQUAL(2, protocol)                              \
		}                                                           \
	}
#define NAMESPACES                                                     \
	(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | \
	    CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS)

/* What sandbox_calls() takes for a name with conditions: the call may be made
 * if all conditions of any line hold.  The flags of clone are the first
 * argument on all that Debian runs on but s390x. */
static const struct rule {
	const char *name;
	const char *call;
	unsigned count;
	struct scmp_arg_cmp conditions[3];
} rules[] = {
    {"clone:fork", "clone", 1,
	{BITS(0, NAMESPACES | CLONE_VM | CLONE_PARENT | CLONE_PTRACE, 0)}},
    {"mmap:noexec", "mmap", 1, {BITS(2, PROT_EXEC, 0)}},
    {"mmap:noexec", "mmap2", 1, {BITS(2, PROT_EXEC, 0)}},
    {"mprotect:noexec", "mprotect", 1, {BITS(2, PROT_EXEC, 0)}},
    {"mprotect:noexec", "pkey_mprotect", 1, {BITS(2, PROT_EXEC, 0)}},
    {"openat:tmpfile", "openat", 1, {BITS(2, O_TMPFILE | O_PATH, O_TMPFILE)}},
    {"openat:tmpfile", "open", 1, {BITS(1, O_TMPFILE | O_PATH, O_TMPFILE)}},
    {"prctl:name", "prctl", 1, {EQUAL(0, PR_SET_NAME)}},
    {"prctl:pdeathsig", "prctl", 1, {EQUAL(0, PR_SET_PDEATHSIG)}},
    {"prlimit64:self", "prlimit64", 1, {EQUAL(0, 0)}},
    SOCKET("socket:tcp", AF_INET, SOCK_STREAM, 0),
    SOCKET("socket:tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP),
    SOCKET("socket:tcp", AF_INET6, SOCK_STREAM, 0),
    SOCKET("socket:tcp", AF_INET6, SOCK_STREAM, IPPROTO_TCP),
    SOCKET("socket:udp", AF_INET, SOCK_DGRAM, 0),
    SOCKET("socket:udp", AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    SOCKET("socket:udp", AF_INET6, SOCK_DGRAM, 0),
    SOCKET("socket:udp", AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
    {"socket:unix", "socket", 1, {EQUAL(0, AF_UNIX)}},
    {"socketpair:unix", "socketpair", 1, {EQUAL(0, AF_UNIX)}},
};

/* What sandbox_deny() takes away. */
static const char *const denied[] = {
    /* other processes */
    "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv",
    "process_vm_writev", "ptrace",
    /* another view of the machine; clone with such flags too */
    "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr",
    "move_mount", "open_by_handle_at", "open_tree", "pivot_root", "setns",
    "umount", "umount2", "unshare",
    /* large and seldom used parts of the kernel */
    "add_key", "bpf", "fanotify_init", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "keyctl", "lookup_dcookie", "modify_ldt", "nfsservctl",
    "perf_event_open", "request_key", "userfaultfd", "vm86", "vm86old",
    /* the machine itself */
    "acct", "adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime",
    "clock_settime64", "delete_module", "finit_module", "init_module", "ioperm",
    "iopl", "kexec_file_load", "kexec_load", "quotactl", "quotactl_fd",
    "reboot", "setdomainname", "sethostname", "settimeofday", "stime",
    "swapoff", "swapon", "syslog", "vhangup"};

/* The version of its ABI; 0 with errno if the kernel was built or started
 * without it.  Anything else is a filter of ours that came too early, which
 * must not look like an old kernel. */
static int
landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 0 && errno != ENOSYS && errno != EOPNOTSUPP)
		fatal("cannot ask for Landlock: %s", strerror(errno));
	return version < 0 ? 0 : (int)version;
}

/* Whether the kernel has no filters of system calls: it reads one from nowhere
 * only if it has (seccomp(2)). */
static bool
lacks_seccomp(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 &&
	       errno == EINVAL;
}

void
sandbox_survey(void)
{
	static bool done;
	struct buf missing = BUF_INIT(ERR_LINE_MAX);
	int version;
	size_t i;

	if (done)
		return;
	done = true;
	if (lacks_seccomp())
		warning("kernel has no seccomp: system calls are not confined");
	version = landlock_version();
	if (version == 0) {
		warning("kernel has no Landlock: files, TCP ports and signals "
			"are not confined: %s",
		    strerror(errno));
		return;
	}
	for (i = 0; i < nitems(versions); i++)
		if (versions[i].abi > version && versions[i].what != NULL)
			buf_addf(&missing, "%s%s", missing.len > 0 ? ", " : "",
			    versions[i].what);
	if (missing.len > 0)
		warning("kernel has Landlock of version %d only: not confined: "
			"%s",
		    version, buf_str(&missing));
	buf_free(&missing);
}

/* Files and directories, but no links, devices, sockets or pipes. */
#define WRITING                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |  \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)

/* Lets the ruleset, which knows these rights, allow what is to be done with a
 * path. */
static void
allow_path(int ruleset, uint64_t known, const char *path, unsigned rights)
{
	struct landlock_path_beneath_attr rule = {0};
	struct stat st;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0 || fstat(rule.parent_fd, &st) < 0) {
		warning("cannot open '%s': %s", path, strerror(errno));
		return;
	}
	if (rights & SANDBOX_READ)
		rule.allowed_access |=
		    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	if (rights & SANDBOX_TEMP)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_FILE |
				       LANDLOCK_ACCESS_FS_WRITE_FILE;
	if (rights & SANDBOX_WRITE)
		rule.allowed_access |= known & WRITING;
	if (rights & SANDBOX_LINK)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_MAKE_SYM;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) < 0)
		fatal("cannot allow '%s': %s", path, strerror(errno));
	close(rule.parent_fd);
}

static void
allow_port(int ruleset, uint16_t port)
{
	struct port_rule rule = {LANDLOCK_ACCESS_NET_CONNECT_TCP, port};

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) < 0)
		fatal("cannot allow port %u: %s", (unsigned)port,
		    strerror(errno));
}

void
sandbox_reach(const struct sandbox_path *paths, size_t path_count,
    const uint16_t *ports, size_t port_count)
{
	struct ruleset rights = {0, 0, 0};
	int version = landlock_version();
	int ruleset;
	size_t i;

	sandbox_survey();
	if (version == 0)
		return;
	for (i = 0; i < nitems(versions) && versions[i].abi <= version; i++) {
		rights.files |= versions[i].rights.files;
		rights.net |= versions[i].rights.net;
		rights.scoped |= versions[i].rights.scoped;
	}
	if (port_count == SANDBOX_ANY_PORT)
		rights.net &= ~LANDLOCK_ACCESS_NET_CONNECT_TCP;
	ruleset = (int)syscall(
	    SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	if (ruleset < 0)
		fatal("cannot make a Landlock ruleset: %s", strerror(errno));
	for (i = 0; i < path_count; i++)
		allow_path(
		    ruleset, rights.files, paths[i].path, paths[i].rights);
	if (SANDBOX_SANITIZED)
		allow_path(ruleset, rights.files, "/proc", SANDBOX_READ);
	if (rights.net & LANDLOCK_ACCESS_NET_CONNECT_TCP)
		for (i = 0; i < port_count; i++)
			allow_port(ruleset, ports[i]);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		fatal("cannot confine files: %s", strerror(errno));
	close(ruleset);
}

/* A filter that does this with calls that have no rule. */
static scmp_filter_ctx
filter_new(uint32_t action)
{
	scmp_filter_ctx filter = seccomp_init(action);

	if (filter == NULL)
		fatal("out of memory");
	/* no_new_privs is set already, and a filter that is loaded before this
	 * one may not let us set it; a tree of numbers, so that the price of
	 * a call does not grow with the list */
	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) < 0 ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		fatal("cannot set up a filter of system calls");
	return filter;
}

/* Adds a call.  One that this architecture has not is of no use but to a filter
 * that denies, since that is for another architecture as well. */
static void
filter_add(scmp_filter_ctx filter, uint32_t action, const char *call,
    const struct scmp_arg_cmp *conditions, unsigned count)
{
	int number = seccomp_syscall_resolve_name(call);
	int rc;

	if (number == __NR_SCMP_ERROR ||
	    (number < 0 && action == SCMP_ACT_ALLOW))
		return;
	rc = seccomp_rule_add_array(filter, action, number, count, conditions);
	if (rc < 0)
		fatal("cannot filter %s: %s", call, strerror(-rc));
}

static void
filter_load(scmp_filter_ctx filter)
{
	int rc = seccomp_load(filter);

	if (rc < 0)
		fatal("cannot confine system calls: %s", strerror(-rc));
	seccomp_release(filter);
}

static void
add_rules(scmp_filter_ctx filter, const char *name)
{
	bool found = false;
	size_t i;

	for (i = 0; i < nitems(rules); i++)
		if (strcmp(rules[i].name, name) == 0) {
			filter_add(filter, SCMP_ACT_ALLOW, rules[i].call,
			    rules[i].conditions, rules[i].count);
			found = true;
		}
	if (!found)
		fatal("no rule '%s' for system calls", name);
}

void
sandbox_calls(const char *const names[], size_t count)
{
	scmp_filter_ctx filter;
	size_t i;

	sandbox_survey();
	if (SANDBOX_SANITIZED || lacks_seccomp())
		return;
	filter = filter_new(SCMP_ACT_ERRNO(EPERM));
	filter_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL, 0);
	for (i = 0; i < count; i++)
		if (strchr(names[i], ':') != NULL)
			add_rules(filter, names[i]);
		else
			filter_add(filter, SCMP_ACT_ALLOW, names[i], NULL, 0);
	filter_load(filter);
}

/* Has a filter cover the other programs that this machine may run.  They would
 * be killed at their first call. */
static void
add_other_architecture(scmp_filter_ctx filter)
{
	static const uint32_t pairs[][2] = {
	    {SCMP_ARCH_X86_64, SCMP_ARCH_X86},
	    {SCMP_ARCH_X86, SCMP_ARCH_X86_64},
	    {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},
	    {SCMP_ARCH_ARM, SCMP_ARCH_AARCH64},
	};
	uint32_t native = seccomp_arch_native();
	size_t i;

	for (i = 0; i < nitems(pairs); i++)
		if (pairs[i][0] == native &&
		    seccomp_arch_add(filter, pairs[i][1]) < 0)
			fatal("cannot filter another architecture's calls");
}

void
sandbox_deny(void)
{
	static const uint32_t typing[] = {TIOCSTI, TIOCLINUX};
	const uint32_t action = SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx filter;
	uint64_t bit;
	size_t i;

	sandbox_survey();
	if (SANDBOX_SANITIZED || lacks_seccomp())
		return;
	filter = filter_new(SCMP_ACT_ALLOW);
	add_other_architecture(filter);
	filter_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL, 0);
	for (i = 0; i < nitems(denied); i++)
		filter_add(filter, action, denied[i], NULL, 0);
	for (bit = 1; bit <= NAMESPACES; bit <<= 1)
		if (bit & NAMESPACES)
			filter_add(filter, action, "clone",
			    &(struct scmp_arg_cmp)BITS(0, bit, bit), 1);
	/* the kernel looks at 32 bits of the request only */
	for (i = 0; i < nitems(typing); i++)
		filter_add(filter, action, "ioctl",
		    &(struct scmp_arg_cmp)BITS(1, UINT32_MAX, typing[i]), 1);
	filter_load(filter);
}

void
sandbox_limit(int resource, uint64_t value)
{
	struct rlimit limit;

	if (SANDBOX_SANITIZED &&
	    (resource == RLIMIT_AS || resource == RLIMIT_DATA))
		return;
	if (getrlimit(resource, &limit) < 0)
		fatal("cannot read limit %d: %s", resource, strerror(errno));
	if (value < limit.rlim_max)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(resource, &limit) < 0)
		fatal("cannot set limit %d: %s", resource, strerror(errno));
}
