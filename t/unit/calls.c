/* sandbox_calls(), sandbox_deny(): which system calls there are afterwards. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/err.h"
#include "base/sandbox.h"
#include "base/span.h"
#include "base/user.h"
#include "child.h"
#include "test.h"

static const char *const basic[] = {SANDBOX_CALLS_PROCESS, SANDBOX_CALLS_IO};

/* The basic list, and one name more. */
static void
confine_to(const char *name)
{
	const char *names[nitems(basic) + 1];

	memcpy(names, basic, sizeof(basic));
	names[nitems(basic)] = name;
	user_confine();
	sandbox_calls(names, nitems(names));
}

/* A call by its name, of no effect if it is made.  true if it fails so, or is
 * not there on this architecture. */
static bool
fails(const char *name, int error)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number < 0)
		return number != __NR_SCMP_ERROR;
	errno = 0;
	if (syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) < 0 && errno == error)
		return true;
	dprintf(STDOUT_FILENO, "# %s\n", name);
	return false;
}

/* Accepts a connection, and sends a descriptor over a pair of sockets. */
static void
use_sockets(int listener, int client, const int pair[2])
{
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = {.octets = {0}};
	struct iovec vec = {(char[]){'x'}, 1};
	struct msghdr msg = {.msg_iov = &vec,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	char octet;
	int peer;

	WANT((peer = accept4(
		  listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0);
	WANT(send(client, "y", 1, 0) == 1);
	WANT(
	    poll(&(struct pollfd){.fd = peer, .events = POLLIN}, 1, 5000) == 1);
	WANT(recv(peer, &octet, 1, 0) == 1 && octet == 'y');
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &peer, sizeof(peer));
	WANT(sendmsg(pair[0], &msg, 0) == 1);
	WANT(recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC) == 1);
	memcpy(&peer, CMSG_DATA(&control.header), sizeof(peer));
	WANT(write(peer, "z", 1) == 1);
	WANT(read(client, &octet, 1) == 1 && octet == 'z');
	WANT(shutdown(peer, SHUT_RDWR) == 0);
}

static void
use_memory_and_time(void)
{
	struct timespec now;
	char *memory, octets[16];

	WANT((memory = malloc(100 << 20)) != NULL);
	memset(memory, 'x', 100 << 20);
	WANT((memory = realloc(memory, 150 << 20)) != NULL);
	free(memory);
	WANT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	WANT(time(NULL) > 0);
	WANT(getrandom(octets, sizeof(octets), 0) == sizeof(octets));
	WANT(signal(SIGTERM, SIG_IGN) != SIG_ERR);
}

static void
handle(int number)
{
	(void)number;
}

static void
body_allowed(void)
{
	struct sockaddr_in name = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sigaction action = {.sa_handler = handle};
	socklen_t len = sizeof(name);
	int listener, client, epoll, pair[2];
	struct epoll_event event = {.events = EPOLLIN};

	WANT((listener = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	WANT(listen(listener, 1) == 0);
	WANT(getsockname(listener, (struct sockaddr *)&name, &len) == 0);
	WANT((client = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	WANT(connect(client, (struct sockaddr *)&name, len) == 0);
	WANT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	confine_to("accept4");
	use_memory_and_time();
	WANT((epoll = epoll_create1(EPOLL_CLOEXEC)) >= 0);
	WANT(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0);
	WANT(epoll_wait(epoll, &event, 1, 5000) == 1);
	use_sockets(listener, client, pair);
	WANT(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
	WANT(close(client) == 0);
	WANT(lseek(pair[0], 0, SEEK_CUR) < 0 && errno == ESPIPE);
	WANT(sigaction(SIGUSR1, &action, NULL) == 0);
	WANT(raise(SIGUSR1) == 0);
	exit(0);
}

static void
test_what_is_in_the_list_goes_on_working(void)
{
	CHECK(child_passes(body_allowed));
}

/* None of these would do anything, as they are called, if it were allowed; but
 * fork and vfork, which have no arguments, are tried elsewhere. */
static const char *const others[] = {"accept", "add_key", "bind", "bpf",
    "chdir", "chmod", "chown", "chroot", "clone", "connect", "creat", "dup2",
    "dup3", "execve", "execveat", "fanotify_init", "fchmod", "fchmodat",
    "fstat", "fstat64", "fstatat64", "ftruncate", "getdents64", "init_module",
    "inotify_init1", "io_setup", "io_uring_setup", "ioctl", "kcmp", "keyctl",
    "kill", "landlock_create_ruleset", "link", "linkat", "listen",
    "memfd_create", "mkdir", "mkdirat", "mknodat", "mount", "newfstatat",
    "open", "open_by_handle_at", "openat", "openat2", "perf_event_open",
    "personality", "pidfd_open", "pidfd_send_signal", "pivot_root", "prctl",
    "prlimit64", "process_vm_readv", "process_vm_writev", "ptrace", "readlink",
    "rename", "renameat2", "rt_sigqueueinfo", "seccomp", "setns", "setsockopt",
    "setuid", "shmat", "socket", "socketpair", "splice", "statx", "symlinkat",
    "tkill", "truncate", "unlink", "unlinkat", "unshare", "userfaultfd",
    "utimensat"};

static void
body_others(void)
{
	bool good = true;
	size_t i;

	confine_to("read");
	for (i = 0; i < nitems(others); i++)
		if (!fails(others[i], EPERM))
			good = false;
	WANT(good);
	FAILS(open("/etc/passwd", O_RDONLY), EPERM);
	FAILS(fork(), EPERM);
	FAILS(kill(getppid(), 0), EPERM);
	FAILS(execl("/bin/true", "true", (char *)NULL), EPERM);
	FAILS(syscall(9999), EPERM);
	WANT(fails("clone3", ENOSYS));
	WANT(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void
test_what_is_not_in_the_list_fails(void)
{
	CHECK(child_passes(body_others));
}

static void
body_noexec(void)
{
	void *page;

	confine_to("read");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	WANT(page != MAP_FAILED);
	WANT(mprotect(page, 4096, PROT_READ) == 0);
	FAILS(mprotect(page, 4096, PROT_READ | PROT_EXEC), EPERM);
	FAILS(syscall(SYS_pkey_mprotect, page, 4096, PROT_EXEC, -1), EPERM);
	WANT(syscall(SYS_pkey_mprotect, page, 4096, PROT_READ, -1) == 0);
	errno = 0;
	WANT(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
	     errno == EPERM);
}

static void
test_no_memory_becomes_code(void)
{
	CHECK(child_passes(body_noexec));
}

static void
body_tmpfile(void)
{
	char octet;
	int fd;

	confine_to("openat:tmpfile");
	WANT(
	    (fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) >= 0);
	WANT(write(fd, "x", 1) == 1 && pread(fd, &octet, 1, 0) == 1);
#ifdef SYS_open
	WANT(syscall(SYS_open, "/var/tmp", O_TMPFILE | O_RDWR, 0600) >= 0);
	FAILS(syscall(SYS_open, "/etc/passwd", O_RDONLY), EPERM);
#endif
	FAILS(open("/var/tmp", O_RDONLY | O_DIRECTORY), EPERM);
	FAILS(open("/etc/passwd", O_RDONLY), EPERM);
	FAILS(open("/var/tmp/x", O_CREAT | O_RDWR, 0600), EPERM);
	FAILS(open("/var/tmp", O_TMPFILE | O_PATH, 0600), EPERM);
	FAILS(open("/etc/passwd", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600),
	    EPERM);
	/* a flag more does not make it something else */
	FAILS(open("/etc/passwd", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	WANT(open("/var/tmp/x", O_TMPFILE | O_CREAT | O_RDWR, 0600) < 0);
}

static void
test_openat_may_be_for_unnamed_files_only(void)
{
	CHECK(child_passes(body_tmpfile));
}

static void
body_pairs(void)
{
	int pair[2];

	confine_to("socketpair:unix");
	WANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	FAILS(socketpair(AF_TIPC, SOCK_STREAM, 0, pair), EPERM);
	FAILS(socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
}

static void
body_unix(void)
{
	confine_to("socket:unix");
	WANT(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	FAILS(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	FAILS(socket(AF_NETLINK, SOCK_RAW, 0), EPERM);
}

/* What neither of the two may be. */
static void
check_sockets(void)
{
	FAILS(socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
	FAILS(socket(AF_NETLINK, SOCK_RAW, 0), EPERM);
	FAILS(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
	FAILS(socket(AF_ALG, SOCK_SEQPACKET, 0), EPERM);
	FAILS(socket(AF_VSOCK, SOCK_STREAM, 0), EPERM);
	FAILS(socket(AF_INET, SOCK_RAW, IPPROTO_TCP), EPERM);
	FAILS(socket(AF_INET, SOCK_RAW, IPPROTO_UDP), EPERM);
	FAILS(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EPERM);
	FAILS(socket(AF_INET, SOCK_SEQPACKET, 0), EPERM);
	FAILS(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), EPERM);
	FAILS(socket(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP), EPERM);
	FAILS(socket(AF_INET, 0, 0), EPERM);
}

static void
body_tcp(void)
{
	const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;

	confine_to("socket:tcp");
	WANT(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	WANT(socket(AF_INET, SOCK_STREAM | flags, IPPROTO_TCP) >= 0);
	WANT(socket(AF_INET6, SOCK_STREAM | flags, 0) >= 0 || errno != EPERM);
	WANT(socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) >= 0 || errno != EPERM);
	FAILS(socket(AF_INET, SOCK_DGRAM, 0), EPERM);
	FAILS(socket(AF_INET6, SOCK_DGRAM, 0), EPERM);
	check_sockets();
}

static void
body_udp(void)
{
	confine_to("socket:udp");
	WANT(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	WANT(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP) >= 0);
	WANT(socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno != EPERM);
	WANT(socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) >= 0 || errno != EPERM);
	FAILS(socket(AF_INET, SOCK_STREAM, 0), EPERM);
	FAILS(socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP), EPERM);
	check_sockets();
}

static void
test_sockets_are_of_the_kind_that_is_given(void)
{
	CHECK(child_passes(body_pairs));
	CHECK(child_passes(body_unix));
	CHECK(child_passes(body_tcp));
	CHECK(child_passes(body_udp));
}

static void *
thread(void *argument)
{
	return argument;
}

static void
body_fork(void)
{
	const char *names[nitems(basic) + 2];
	char *argv[] = {(char *)"true", NULL};
	pthread_t id;
	pid_t pid;
	int status;

	memcpy(names, basic, sizeof(basic));
	names[nitems(basic)] = "clone:fork";
	names[nitems(basic) + 1] = "wait4";
	user_confine();
	sandbox_calls(names, nitems(names));
	WANT((pid = fork()) >= 0);
	if (pid == 0)
		_exit(open("/", O_RDONLY) < 0 && errno == EPERM ? 7 : 8);
	WANT(waitpid(pid, &status, 0) == pid);
	WANT(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	FAILS(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	FAILS(syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0), EPERM);
	FAILS(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0), EPERM);
	WANT(pthread_create(&id, NULL, thread, NULL) == EPERM);
	WANT(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == EPERM);
	FAILS(vfork(), EPERM);
}

static void
test_clone_may_be_for_plain_forks_only(void)
{
	CHECK(child_passes(body_fork));
}

static void
body_name(void)
{
	confine_to("prctl:name");
	WANT(prctl(PR_SET_NAME, "name", 0, 0, 0) == 0);
	FAILS(prctl(PR_SET_PDEATHSIG, SIGKILL), EPERM);
	FAILS(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), EPERM);
}

static void
body_pdeathsig(void)
{
	confine_to("prctl:pdeathsig");
	WANT(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	FAILS(prctl(PR_SET_NAME, "name", 0, 0, 0), EPERM);
}

static void
body_limits(void)
{
	struct rlimit limit;

	confine_to("prlimit64:self");
	WANT(prlimit(0, RLIMIT_NOFILE, NULL, &limit) == 0);
	FAILS(prlimit(getpid() + 1, RLIMIT_NOFILE, NULL, &limit), EPERM);
}

static void
test_options_and_limits_are_those_that_are_given(void)
{
	CHECK(child_passes(body_name));
	CHECK(child_passes(body_pdeathsig));
	CHECK(child_passes(body_limits));
}

static void
body_unknown(void)
{
	confine_to("openat:sesame");
}

static void
body_strangers(void)
{
	confine_to("no_such_call");
	FAILS(open("/", O_RDONLY), EPERM);
}

static void
test_an_unknown_condition_is_fatal_but_an_unknown_call_is_not(void)
{
	int status = child_run(body_unknown, false);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DEFER);
	CHECK(strcmp(child_said, "calls: fatal: no rule 'openat:sesame' for "
				 "system calls\n") == 0);
	CHECK(child_passes(body_strangers));
}

static void
body_twice(void)
{
	const char *names[] = {SANDBOX_CALLS_PROCESS, "seccomp", "prctl",
	    "openat", "openat:tmpfile", "write", "clone3", "write"};

	user_confine();
	sandbox_calls(names, nitems(names));
	WANT(open("/", O_RDONLY) >= 0);
	WANT(fails("clone3", ENOSYS));
	sandbox_calls(basic, nitems(basic));
	FAILS(open("/", O_RDONLY), EPERM);
	/* and no way back */
	FAILS(prctl(PR_SET_SECCOMP, 0, NULL, 0, 0), EPERM);
}

static void
test_a_list_can_be_followed_by_a_shorter_one(void)
{
	CHECK(child_passes(body_twice));
}

/* Nothing else is a mistake that the program could live with. */
static void
body_without_confine(void)
{
	sandbox_calls(basic, nitems(basic));
}

static void
test_a_filter_needs_no_new_privs(void)
{
	int status = child_run(body_without_confine, true);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DEFER);
}

#ifdef __x86_64__
/* getpid, and ptrace, by the 32-bit way in. */
static int
call_i386(int number)
{
	int result = number;

	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(-1), "c"(0), "d"(0), "S"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static void
body_has_i386(void)
{
	WANT(call_i386(20) == getpid());
}

static void
body_i386(void)
{
	confine_to("read");
	call_i386(20);
}

static void
body_x32(void)
{
	confine_to("read");
	syscall(0x40000000 | SYS_getpid);
}

static void
body_deny_i386(void)
{
	user_confine();
	sandbox_deny();
	WANT(call_i386(20) == getpid());
	WANT(call_i386(26) == -EPERM);  /* ptrace */
	WANT(call_i386(22) == -EPERM);  /* umount, which amd64 has not */
	WANT(call_i386(310) == -EPERM); /* unshare */
	WANT(call_i386(435) == -ENOSYS);
}

static void
test_calls_of_another_architecture_kill(void)
{
	int status;

	status = child_run(body_x32, false);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	if (child_run(body_has_i386, false) != 0)
		return;
	status = child_run(body_i386, false);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void
test_what_is_denied_is_denied_to_32_bit_programs(void)
{
	if (child_run(body_has_i386, false) == 0)
		CHECK(child_passes(body_deny_i386));
}
#endif

/* vhangup, which has no arguments, is left out: it would take effect. */
static const char *const denied[] = {"acct", "add_key", "adjtimex", "bpf",
    "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64",
    "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount",
    "fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load",
    "keyctl", "lookup_dcookie", "modify_ldt", "mount", "mount_setattr",
    "move_mount", "nfsservctl", "open_by_handle_at", "open_tree",
    "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise",
    "process_vm_readv", "process_vm_writev", "ptrace", "quotactl",
    "quotactl_fd", "reboot", "request_key", "setdomainname", "sethostname",
    "setns", "settimeofday", "stime", "swapoff", "swapon", "syslog", "umount",
    "umount2", "unshare", "userfaultfd"};

static void
body_denied(void)
{
	bool good = true;
	size_t i;

	user_confine();
	sandbox_deny();
	for (i = 0; i < nitems(denied); i++)
		if (!fails(denied[i], EPERM))
			good = false;
	WANT(good);
	WANT(fails("clone3", ENOSYS));
	FAILS(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	FAILS(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EPERM);
	FAILS(syscall(
		  SYS_clone, CLONE_NEWPID | CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0),
	    EPERM);
	FAILS(syscall(SYS_ioctl, -1, TIOCSTI, "x"), EPERM);
	FAILS(syscall(SYS_ioctl, -1, TIOCLINUX, "x"), EPERM);
#if __SIZEOF_POINTER__ == 8
	FAILS(syscall(SYS_ioctl, -1, 0xffff00000000UL | TIOCSTI, "x"), EPERM);
#endif
	FAILS(syscall(SYS_ioctl, -1, FIONREAD, NULL), EBADF);
}

static void
test_what_attacks_begin_with_is_denied(void)
{
	CHECK(child_passes(body_denied));
}

static void
body_programs(void)
{
	char *argv[] = {(char *)"sh", (char *)"-c",
	    (char *)"test \"$(echo a | cat)\" = a && exec true", NULL};
	pthread_t id;
	pid_t pid;
	int status;

	user_confine();
	sandbox_deny();
	WANT(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, NULL) == 0);
	WANT(waitpid(pid, &status, 0) == pid && status == 0);
	WANT(pthread_create(&id, NULL, thread, NULL) == 0);
	WANT(pthread_join(id, NULL) == 0);
	WANT(open("/etc/passwd", O_RDONLY) >= 0);
	WANT(fcntl(0, F_GETFD) >= 0 || errno == EBADF);
	/* a child may give up more */
	sandbox_calls(basic, nitems(basic));
	FAILS(open("/etc/passwd", O_RDONLY), EPERM);
}

static void
test_programs_and_threads_start_as_before(void)
{
	CHECK(child_passes(body_programs));
}

static void
run_tests(void)
{
	TEST(what_is_in_the_list_goes_on_working);
	TEST(what_is_not_in_the_list_fails);
	TEST(no_memory_becomes_code);
	TEST(openat_may_be_for_unnamed_files_only);
	TEST(sockets_are_of_the_kind_that_is_given);
	TEST(clone_may_be_for_plain_forks_only);
	TEST(options_and_limits_are_those_that_are_given);
	TEST(an_unknown_condition_is_fatal_but_an_unknown_call_is_not);
	TEST(a_list_can_be_followed_by_a_shorter_one);
	if (geteuid() == 0)
		TEST(a_filter_needs_no_new_privs);
#ifdef __x86_64__
	TEST(calls_of_another_architecture_kill);
	TEST(what_is_denied_is_denied_to_32_bit_programs);
#endif
	TEST(what_attacks_begin_with_is_denied);
	TEST(programs_and_threads_start_as_before);
}

int
main(void)
{
	err_init("calls");
	if (SANDBOX_SANITIZED)
		printf("ok %d - filters # skip none is loaded under the "
		       "address sanitizer\n",
		    ++test_count);
	else if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		printf("ok %d - filters # skip the kernel has no seccomp\n",
		    ++test_count);
	else
		run_tests();
	return test_end();
}
