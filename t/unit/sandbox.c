/* sandbox_reach(), sandbox_limit(), user_confine(): files, ports, signals. */
#define _GNU_SOURCE
#include <linux/openat2.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "base/err.h"
#include "outside.h"

static void
body_outside(void)
{
	struct open_how how = {.flags = O_RDONLY};
	char *const argv[] = {(char *)"true", NULL};
	int dir = open("read", O_RDONLY | O_DIRECTORY);

	confine(NULL, 0);
	FAILS(open("other/file", O_RDONLY), EACCES);
	FAILS(open("/etc/passwd", O_RDONLY), EACCES);
	FAILS(open("/", O_RDONLY | O_DIRECTORY), EACCES);
	FAILS(open("/dev/null", O_RDWR), EACCES);
	FAILS(open("/proc/self/mem", O_RDWR), EACCES);
	FAILS(open("/proc/self/root/etc/passwd", O_RDONLY), EACCES);
	FAILS(syscall(SYS_openat2, AT_FDCWD, "other/file", &how, sizeof(how)),
	    EACCES);
	FAILS(openat(dir, "../other/file", O_RDONLY), EACCES);
	FAILS(open("other/new", O_CREAT | O_WRONLY, 0600), EACCES);
	FAILS(creat("other/file", 0600), EACCES);
	FAILS(open("other", O_TMPFILE | O_RDWR, 0600), EACCES);
	FAILS(unlink("other/file"), EACCES);
	FAILS(rename("other/file", "other/moved"), EACCES);
	FAILS(link("other/file", "other/second"), EACCES);
	FAILS(symlink("x", "other/symlink"), EACCES);
	FAILS(mkdir("other/dir", 0700), EACCES);
	FAILS(rmdir("other"), EACCES);
	FAILS(mkfifo("other/fifo", 0600), EACCES);
	FAILS(mknod("other/node", S_IFREG | 0600, 0), EACCES);
	FAILS(execv("/bin/true", argv), EACCES);
}

static void
test_nothing_outside_the_paths_can_be_used(void)
{
	CHECK(child_passes(body_outside));
}

static void
body_links(void)
{
	confine(NULL, 0);
	FAILS(open("read/link", O_RDONLY), EACCES);
	FAILS(open("read/root/passwd", O_RDONLY), EACCES);
	FAILS(open("read/../other/file", O_RDONLY), EACCES);
	FAILS(link("other/file", "read/stolen"), EACCES);
	FAILS(rename("other/file", "temp/stolen"), EACCES);
	WANT(chdir("other") == 0);
	FAILS(open("file", O_RDONLY), EACCES);
}

static void
test_links_do_not_lead_out(void)
{
	CHECK(child_passes(body_links));
}

static void
body_read(void)
{
	char octets[10];
	int fd, before = dup(STDOUT_FILENO);

	close(before);
	confine(NULL, 0);
	WANT((fd = open("read/file", O_RDONLY)) == before);
	WANT(read(fd, octets, sizeof(octets)) == 4);
	WANT(open("read", O_RDONLY | O_DIRECTORY) >= 0);
	FAILS(open("read/file", O_WRONLY), EACCES);
	FAILS(open("read/new", O_CREAT | O_RDWR, 0600), EACCES);
	FAILS(open("read", O_TMPFILE | O_RDWR, 0600), EACCES);
	FAILS(unlink("read/file"), EACCES);
}

static void
test_a_path_for_reading_can_be_read_only(void)
{
	CHECK(child_passes(body_read));
}

static void
body_link(void)
{
	static const struct sandbox_path path = {"temp", SANDBOX_LINK};

	unlink("temp/symlink"); /* of the same test as somebody else */
	user_confine();
	sandbox_reach(&path, 1, NULL, 0);
	WANT(symlink("x", "temp/symlink") == 0);
	FAILS(symlink("x", "other/symlink"), EACCES);
	FAILS(open("temp/new", O_CREAT | O_RDWR, 0600), EACCES);
	FAILS(unlink("temp/symlink"), EACCES);
}

static void
test_symbolic_links_are_a_right_of_their_own(void)
{
	CHECK(child_passes(body_link));
	unlink("temp/symlink");
}

static void
body_write(void)
{
	static const struct sandbox_path path = {
	    "temp", SANDBOX_READ | SANDBOX_WRITE};
	int fd;

	user_confine();
	sandbox_reach(&path, 1, NULL, 0);
	WANT(mkdir("temp/dir", 0700) == 0);
	WANT((fd = open("temp/dir/new", O_CREAT | O_EXCL | O_RDWR, 0600)) >= 0);
	WANT(write(fd, "octets", 6) == 6);
	WANT(open("temp/dir/new", O_TRUNC | O_WRONLY) >= 0);
	WANT(open("temp/dir", O_RDONLY | O_DIRECTORY) >= 0);
	FAILS(symlink("x", "temp/dir/link"), EACCES);
	FAILS(mkfifo("temp/dir/fifo", 0600), EACCES);
	FAILS(rename("temp/dir/new", "other/new"), EACCES);
	FAILS(link("temp/dir/new", "other/new"), EACCES);
	FAILS(unlink("other/file"), EACCES);
	FAILS(open("other/new", O_CREAT | O_RDWR, 0600), EACCES);
	WANT(unlink("temp/dir/new") == 0);
	WANT(rmdir("temp/dir") == 0);
}

static void
test_a_directory_for_writing_takes_files_and_directories_only(void)
{
	CHECK(child_passes(body_write));
}

static void
body_file(void)
{
	static const struct sandbox_path path = {
	    "temp/named", SANDBOX_READ | SANDBOX_TEMP};

	user_confine();
	sandbox_reach(&path, 1, NULL, 0);
	WANT(open("temp/named", O_RDONLY) >= 0);
	FAILS(open("temp/named", O_RDWR), EACCES);
	FAILS(open("temp", O_RDONLY), EACCES);
}

static void
test_a_path_may_be_one_file(void)
{
	CHECK(child_passes(body_file));
}

static void
body_temp(void)
{
	char octets[10], path[40];
	int fd;

	confine(NULL, 0);
	WANT((fd = open("temp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) >= 0);
	WANT(write(fd, "unnamed", 7) == 7);
	WANT(pread(fd, octets, sizeof(octets), 0) == 7);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	WANT(linkat(AT_FDCWD, path, AT_FDCWD, "temp/linked",
		 AT_SYMLINK_FOLLOW) < 0);
	WANT(linkat(fd, "", AT_FDCWD, "temp/linked", AT_EMPTY_PATH) < 0);
	WANT(access("temp/linked", F_OK) < 0);
	FAILS(open("temp/new", O_CREAT | O_RDWR, 0600), EACCES);
	FAILS(open("temp", O_RDONLY | O_DIRECTORY), EACCES);
	FAILS(unlink("temp/named"), EACCES);
	FAILS(mkdir("temp/dir", 0700), EACCES);
}

static void
test_unnamed_files_can_be_made_but_not_named(void)
{
	CHECK(child_passes(body_temp));
}

static void
body_truncate(void)
{
	confine(NULL, 0);
	FAILS(truncate("temp/named", 0), EACCES);
	FAILS(truncate("other/file", 0), EACCES);
	FAILS(open("temp/named", O_WRONLY | O_TRUNC), EACCES);
}

static void
test_nothing_can_be_truncated(void)
{
	CHECK(child_passes(body_truncate));
}

static void
body_device(void)
{
	static const struct sandbox_path path = {"/dev", SANDBOX_READ};
	int fd, n;

	user_confine();
	sandbox_reach(&path, 1, NULL, 0);
	WANT((fd = open("/dev/zero", O_RDONLY)) >= 0);
	FAILS(ioctl(fd, FIONREAD, &n), EACCES);
}

static void
test_devices_take_no_orders(void)
{
	CHECK(child_passes(body_device));
}

static void
body_stays_open(void)
{
	char octets[10];
	int fd = open("other/file", O_RDWR);

	confine(NULL, 0);
	WANT(read(fd, octets, sizeof(octets)) == 4);
	WANT(ftruncate(fd, 4) == 0);
	WANT(memfd_create("memory", MFD_CLOEXEC) >= 0);
}

static void
test_what_is_open_stays_open(void)
{
	CHECK(child_passes(body_stays_open));
}

static void
body_missing_path(void)
{
	static const struct sandbox_path paths[] = {
	    {"nowhere", SANDBOX_READ}, {"read", SANDBOX_READ}};

	user_confine();
	sandbox_reach(paths, nitems(paths), NULL, 0);
	WANT(open("read/file", O_RDONLY) >= 0);
	FAILS(open("other/file", O_RDONLY), EACCES);
}

static void
test_a_missing_path_is_warned_of_and_allows_nothing(void)
{
	CHECK(child_run(body_missing_path, false) == 0);
	CHECK(strcmp(child_said, "sandbox: warning: cannot open 'nowhere': No "
				 "such file or directory\n") == 0);
}

static void
body_no_port(void)
{
	struct sockaddr_in any = loopback(0);

	/* what was connected before can still be accepted */
	WANT(connect_loopback(SOCK_STREAM, ports[0]) == 0);
	confine(NULL, 0);
	FAILS(connect_loopback(SOCK_STREAM, ports[0]), EACCES);
	FAILS(bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&any,
		  sizeof(any)),
	    EACCES);
	WANT(accept(listeners[0], NULL, NULL) >= 0);
	WANT(connect_loopback(SOCK_DGRAM, ports[0]) == 0);
}

static void
body_one_port(void)
{
	confine(ports, 1);
	WANT(connect_loopback(SOCK_STREAM, ports[0]) == 0);
	FAILS(connect_loopback(SOCK_STREAM, ports[1]), EACCES);
}

static void
body_any_port(void)
{
	struct sockaddr_in any = loopback(0);

	confine(NULL, SANDBOX_ANY_PORT);
	WANT(connect_loopback(SOCK_STREAM, ports[0]) == 0);
	WANT(connect_loopback(SOCK_STREAM, ports[1]) == 0);
	FAILS(bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&any,
		  sizeof(any)),
	    EACCES);
}

static void
test_tcp_is_for_the_ports_that_are_given(void)
{
	CHECK(child_passes(body_no_port));
	CHECK(child_passes(body_one_port));
	CHECK(child_passes(body_any_port));
}

static void
body_signals(void)
{
	pid_t outside = getppid(), child;
	int status;

	confine(NULL, 0);
	FAILS(kill(outside, 0), EPERM);
	FAILS(kill(outside, SIGKILL), EPERM);
	WANT((child = fork()) >= 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	WANT(kill(child, SIGTERM) == 0);
	WANT(waitpid(child, &status, 0) == child);
	WANT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void
test_signals_reach_children_but_nobody_outside(void)
{
	CHECK(child_passes(body_signals));
}

static void
body_abstract(void)
{
	struct sockaddr_un name = abstract_name;
	int fd;

	confine(NULL, 0);
	FAILS(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name,
		  abstract_length),
	    EPERM);
	/* one of its own */
	name.sun_path[1] = '\0';
	WANT((fd = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	WANT(bind(fd, (struct sockaddr *)&name, abstract_length) == 0);
	WANT(listen(fd, 1) == 0);
	WANT(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name,
		 abstract_length) == 0);
}

static void
test_abstract_sockets_outside_cannot_be_reached(void)
{
	CHECK(child_passes(body_abstract));
}

static void
body_tracing(void)
{
	static char octets[10];
	struct iovec local = {octets, sizeof(octets)};
	struct iovec remote = {top, sizeof(octets)};
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	confine(NULL, 0);
	FAILS(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL), EPERM);
	FAILS(process_vm_readv(getppid(), &local, 1, &remote, 1, 0), EPERM);
	FAILS(open(path, O_RDONLY), EACCES);
}

static void
test_a_process_outside_cannot_be_traced(void)
{
	CHECK(child_passes(body_tracing));
}

/* Of the same user, but not the parent of what is confined, and not confined
 * itself. */
static void
body_not_traced(void)
{
	char path[40], go;
	int ready[2];
	pid_t child;

	WANT(pipe(ready) == 0);
	WANT((child = fork()) >= 0);
	if (child == 0) {
		/* as it is after execve(2) */
		WANT(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
		user_confine();
		WANT(write(ready[1], "", 1) == 1);
		pause();
	}
	WANT(read(ready[0], &go, 1) == 1);
	errno = 0;
	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) >= 0 || errno != EPERM) {
		kill(child, SIGKILL);
		child_fail(__FILE__, __LINE__, "traced");
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)child);
	WANT(kill(child, 0) == 0);
	FAILS(open(path, O_RDONLY), EACCES);
	WANT(kill(child, SIGKILL) == 0);
	WANT(waitpid(child, NULL, 0) == child);
}

static void
test_a_confined_process_cannot_be_traced_by_its_own_user(void)
{
	CHECK(child_run(body_not_traced, geteuid() == 0) == 0);
}

static void
body_confined(void)
{
	struct rlimit limit;

	WANT(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	user_confine();
	WANT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	WANT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == SANDBOX_SANITIZED);
	WANT(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	/* what is about itself it can still open */
	WANT(open("/proc/self/maps", O_RDONLY) >= 0);
}

static void
test_a_confined_process_leaves_no_core_and_gains_no_rights(void)
{
	CHECK(child_passes(body_confined));
}

static void
body_limit(void)
{
	struct rlimit limit;

	user_confine();
	sandbox_limit(RLIMIT_NOFILE, 50);
	sandbox_limit(RLIMIT_NOFILE, 60);
	WANT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	WANT(limit.rlim_cur == 50 && limit.rlim_max == 50);
	FAILS(dup2(0, 50), EBADF);
	sandbox_limit(RLIMIT_FSIZE, 0);
	signal(SIGXFSZ, SIG_IGN);
	FAILS(write(open("other/file", O_WRONLY), "x", 1), EFBIG);
	sandbox_limit(RLIMIT_NPROC, 0);
	sandbox_limit(RLIMIT_AS, RLIM_INFINITY);
}

static void
test_limits_only_ever_get_lower(void)
{
	CHECK(child_passes(body_limit));
}

/* As a program ends, which is when the leak checker works. */
static void
body_exit(void)
{
	confine(NULL, 0);
	exit(0);
}

static void
test_a_confined_program_ends_well(void)
{
	CHECK(child_passes(body_exit));
}

int
main(void)
{
	const char *untraced =
	    SANDBOX_SANITIZED ? "the address sanitizer traces"
	    : ptrace(PTRACE_DETACH, -1, NULL, NULL) < 0 && errno == ENOSYS
		? "there is no ptrace(2)"
		: NULL;
	const char *none = lacks_landlock(1);

	err_init("sandbox");
	make_top();
	make_sockets();
	TEST_IF(none, nothing_outside_the_paths_can_be_used);
	TEST_IF(none, links_do_not_lead_out);
	TEST_IF(none, a_path_for_reading_can_be_read_only);
	TEST_IF(none, symbolic_links_are_a_right_of_their_own);
	TEST_IF(none, a_directory_for_writing_takes_files_and_directories_only);
	TEST_IF(none, a_path_may_be_one_file);
	TEST_IF(none, unnamed_files_can_be_made_but_not_named);
	TEST_IF(lacks_landlock(3), nothing_can_be_truncated);
	TEST_IF(lacks_landlock(5), devices_take_no_orders);
	TEST_IF(none, what_is_open_stays_open);
	TEST_IF(none, a_missing_path_is_warned_of_and_allows_nothing);
	TEST_IF(lacks_landlock(4), tcp_is_for_the_ports_that_are_given);
	TEST_IF(lacks_landlock(6), signals_reach_children_but_nobody_outside);
	TEST_IF(lacks_landlock(6), abstract_sockets_outside_cannot_be_reached);
	TEST_IF(none, a_process_outside_cannot_be_traced);
	TEST_IF(none, a_confined_program_ends_well);
	TEST_IF(untraced, a_confined_process_cannot_be_traced_by_its_own_user);
	TEST(a_confined_process_leaves_no_core_and_gains_no_rights);
	TEST(limits_only_ever_get_lower);
	remove_top();
	return test_end();
}
