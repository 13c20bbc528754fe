/*
 * sandbox: what a process gives up for good, so that whoever takes it over by
 * a bug in it holds little.
 *
 * Landlock (landlock(7)) takes away files, TCP ports, and signals to others;
 * seccomp (seccomp(2)), through libseccomp, takes away system calls.  Neither
 * needs root.  Both are inherited by children and survive execve(2), and there
 * is no call that gives anything back.  What is open stays open: open files
 * and connect sockets first.
 *
 * All of it wants no_new_privs, that is user_confine(), and a process that has
 * no threads yet: each takes hold of the calling thread and of what it starts.
 * sandbox_calls() comes last, or its list would need the calls of the others.
 *
 * A kernel that lacks something is no reason to refuse mail: it is warned of,
 * and the program goes on.  Everything else that fails ends the program with
 * 111, for it is a mistake in the program.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/* Whether this is built with the address sanitizer.  It ends with a search for
 * leaks, for which it starts a tracer and reads /proc: then no filter of system
 * calls is loaded, and /proc can be read. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

/* Says what the kernel lacks, in a warning for Landlock and one for seccomp,
 * once.  The others do it, too; a program that forks calls it first, so that
 * its children need not say it again. */
void sandbox_survey(void);

enum {
	SANDBOX_READ = 1,  /* read files, list directories */
	SANDBOX_TEMP = 2,  /* open(directory, O_TMPFILE | O_RDWR), see below */
	SANDBOX_WRITE = 4, /* make, write and remove files and directories */
	SANDBOX_LINK = 8   /* make symbolic links */
};

/* A directory with all below it, or a file. */
struct sandbox_path {
	const char *path;
	unsigned rights; /* SANDBOX_*, or-ed */
};

/* In place of the number of ports. */
#define SANDBOX_ANY_PORT SIZE_MAX

/* From here on nothing of the file system is opened, made, removed, renamed or
 * run but what the paths allow (EACCES); no TCP socket is bound, and connected
 * only to these ports (of any host); and no process outside is sent a signal or
 * reached through an abstract unix socket.  A path that is not there is warned
 * of and allows nothing.  A path is looked up now: what is renamed to there
 * later is not allowed.
 *
 * SANDBOX_TEMP is as little as Landlock can tell apart: no name can be made or
 * removed there, an unnamed file cannot be given one, nothing is truncated;
 * but files that are there with permissions for us can be opened.  With
 * "openat:tmpfile" below they cannot.
 *
 * Not Landlock's business are stat(2), readlink(2), chmod(2), utimensat(2),
 * chdir(2), unix sockets with a path, and UDP: leave their calls out. */
void sandbox_reach(const struct sandbox_path *paths, size_t path_count,
    const uint16_t *ports, size_t port_count);

/* From here on there are these system calls and no others.  What is not in the
 * list fails with EPERM.  It does not kill: an odd corner of libc that nobody
 * thought of must not take mail down, and an error is as good a wall.  Only a
 * call by the numbers of another architecture kills.
 *
 * A call that this architecture has not is skipped, so one list serves amd64,
 * arm64 and armhf; it has to name the calls of each: "fcntl" and "fcntl64".
 * clone3 fails with ENOSYS in any case, so that libc falls back to clone, whose
 * flags can be seen.
 *
 * Some names are a call with conditions on its arguments:
 *
 *	clone:fork        as fork(3) does: no threads, no namespaces
 *	mmap:noexec       no PROT_EXEC; mmap2 too
 *	mprotect:noexec   no PROT_EXEC; pkey_mprotect too
 *	openat:tmpfile    unnamed files only (O_TMPFILE); open too
 *	prctl:name        PR_SET_NAME
 *	prctl:pdeathsig   PR_SET_PDEATHSIG
 *	prlimit64:self    limits of this process only
 *	socket:tcp        TCP by IPv4 and IPv6
 *	socket:udp        UDP by IPv4 and IPv6
 *	socket:unix       unix sockets
 *	socketpair:unix   unix sockets
 */
void sandbox_calls(const char *const names[], size_t count);

/* For the list: what libc does in any process for memory, time, signals to
 * itself, and its end. */
#define SANDBOX_CALLS_PROCESS                                                 \
	"brk", "clock_gettime", "clock_gettime64", "exit", "exit_group",      \
	    "futex", "futex_time64", "getpid", "getrandom", "gettid",         \
	    "gettimeofday", "madvise", "mmap:noexec", "mprotect:noexec",      \
	    "mremap", "munmap", "restart_syscall", "rt_sigaction",            \
	    "rt_sigprocmask", "rt_sigreturn", "set_robust_list", "sigreturn", \
	    "tgkill", "time"

/* For the list: reading, writing and waiting on descriptors that are open. */
#define SANDBOX_CALLS_IO                                                    \
	"_llseek", "close", "epoll_create1", "epoll_ctl", "epoll_pwait",    \
	    "epoll_wait", "fcntl", "fcntl64", "lseek", "poll", "ppoll",     \
	    "ppoll_time64", "pread64", "pwrite64", "read", "readv", "recv", \
	    "recvfrom", "recvmsg", "send", "sendmsg", "sendto", "shutdown", \
	    "write", "writev"

/* For a process whose children may be any program: takes away what no mail
 * program has any business with and what attacks on a kernel begin with.
 * Tracing, other processes' memory, namespaces, mounts, modules, BPF, keys,
 * io_uring, the clock, swap, reboot, typing into a terminal and their like fail
 * with EPERM; in programs for the machine's other architecture, too. */
void sandbox_deny(void);

/* Lowers a limit (RLIMIT_*, see setrlimit(2)) for good; one that is lower
 * already stays.  The address sanitizer cannot live with RLIMIT_AS and
 * RLIMIT_DATA, which are left alone then. */
void sandbox_limit(int resource, uint64_t value);

#endif
