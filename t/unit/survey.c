/* sandbox_survey(): what is said and done on a kernel that lacks something. */
#define _GNU_SOURCE
#include <poll.h>
#include <seccomp.h>
#include <signal.h>

#include "base/err.h"
#include "outside.h"

/* Has the kernel answer like one that lacks something. */
static void
pretend(int landlock_error, int seccomp_error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	WANT(filter != NULL);
	if (landlock_error != 0)
		WANT(seccomp_rule_add(filter,
			 SCMP_ACT_ERRNO((unsigned)landlock_error),
			 SCMP_SYS(landlock_create_ruleset), 0) == 0);
	if (seccomp_error != 0)
		WANT(seccomp_rule_add(filter,
			 SCMP_ACT_ERRNO((unsigned)seccomp_error),
			 SCMP_SYS(prctl), 1,
			 SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0)) == 0);
	WANT(seccomp_load(filter) == 0);
	seccomp_release(filter);
}

static void
body_lacks_everything(void)
{
	pretend(ENOSYS, EINVAL);
	sandbox_survey();
	confine(NULL, 0);
	sandbox_calls(NULL, 0);
	sandbox_deny();
	WANT(open("other/file", O_RDONLY) >= 0);
}

static void
body_lacks_landlock(void)
{
	pretend(EOPNOTSUPP, 0);
	confine(NULL, 0);
	confine(NULL, 0);
	WANT(open("other/file", O_RDONLY) >= 0);
}

static void
body_too_late(void)
{
	pretend(EPERM, 0);
	confine(NULL, 0);
}

static void
test_what_the_kernel_lacks_is_said_once(void)
{
	CHECK(child_run(body_lacks_everything, false) == 0);
	CHECK(strcmp(child_said,
		  "survey: warning: kernel has no seccomp: system calls are "
		  "not confined\n"
		  "survey: warning: kernel has no Landlock: files, TCP ports "
		  "and signals are not confined: Function not implemented\n") ==
	      0);
	CHECK(child_run(body_lacks_landlock, false) == 0);
	CHECK(strcmp(child_said,
		  "survey: warning: kernel has no Landlock: files, TCP ports "
		  "and signals are not confined: Operation not supported\n") ==
	      0);
}

static void
test_a_filter_that_came_too_early_is_not_taken_for_an_old_kernel(void)
{
	int status = child_run(body_too_late, false);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DEFER);
	CHECK(strcmp(child_said, "survey: fatal: cannot ask for Landlock: "
				 "Operation not permitted\n") == 0);
}

/* Answers questions for the version of Landlock in place of the kernel, until
 * the child ends.  Its wait status. */
static int
answer_version(int notify, int version, pid_t child)
{
	struct pollfd waiting = {.fd = notify, .events = POLLIN};
	struct seccomp_notif *question;
	struct seccomp_notif_resp *answer;
	int status;

	WANT(seccomp_notify_alloc(&question, &answer) == 0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (poll(&waiting, 1, 10) <= 0)
			continue;
		memset(question, 0, sizeof(*question));
		WANT(seccomp_notify_receive(notify, question) == 0);
		answer->id = question->id;
		answer->val = version;
		WANT(seccomp_notify_respond(notify, answer) == 0);
	}
	seccomp_notify_free(question, answer);
	return status;
}

static int pretended; /* version of Landlock */

static void
body_old_landlock(void)
{
	struct sockaddr_un name = abstract_name;

	confine(NULL, 0);
	FAILS(open("other/file", O_RDONLY), EACCES);
	FAILS(link("other/file", "read/stolen"), EACCES);
	WANT(open("read/file", O_RDONLY) >= 0);
	WANT((truncate("other/file", 4) == 0) == (pretended < 3));
	WANT((connect_loopback(SOCK_STREAM, ports[1]) == 0) == (pretended < 4));
	WANT((kill(getppid(), 0) == 0) == (pretended < 6));
	WANT((connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name,
		  abstract_length) == 0) == (pretended < 6));
}

/* Runs the body above under a filter that asks us, in a child of its own. */
static void
body_pretends(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	pid_t child;
	int notify;

	WANT(filter != NULL);
	WANT(
	    seccomp_rule_add(filter, SCMP_ACT_NOTIFY,
		SCMP_SYS(landlock_create_ruleset), 1,
		SCMP_A2(SCMP_CMP_EQ, LANDLOCK_CREATE_RULESET_VERSION, 0)) == 0);
	WANT(seccomp_load(filter) == 0);
	WANT((notify = seccomp_notify_fd(filter)) >= 0);
	WANT((child = fork()) >= 0);
	if (child == 0) {
		close(notify);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body_old_landlock();
		_exit(0);
	}
	WANT(answer_version(notify, pretended, child) == 0);
}

static void
test_an_old_landlock_does_what_it_can(void)
{
	static const char *const said[] = {
	    "1 only: not confined: truncate(2), TCP ports, ioctl(2) on "
	    "devices, signals and abstract sockets\n",
	    "2 only: not confined: truncate(2), TCP ports, ioctl(2) on "
	    "devices, signals and abstract sockets\n",
	    "3 only: not confined: TCP ports, ioctl(2) on devices, signals and "
	    "abstract sockets\n",
	    "4 only: not confined: ioctl(2) on devices, signals and abstract "
	    "sockets\n",
	    "5 only: not confined: signals and abstract sockets\n"};
	const char *start = "survey: warning: kernel has Landlock of version ";

	for (pretended = 1; pretended <= (int)nitems(said); pretended++) {
		CHECK(child_run(body_pretends, false) == 0);
		CHECK(strncmp(child_said, start, strlen(start)) == 0);
		CHECK(strcmp(child_said + strlen(start), said[pretended - 1]) ==
		      0);
	}
	for (; pretended <= 20; pretended += 7) {
		CHECK(child_run(body_pretends, false) == 0);
		CHECK(child_said[0] == '\0');
	}
}

int
main(void)
{
	const char *none = lacks_seccomp();

	err_init("survey");
	make_top();
	make_sockets();
	TEST_IF(none, what_the_kernel_lacks_is_said_once);
	TEST_IF(
	    none, a_filter_that_came_too_early_is_not_taken_for_an_old_kernel);
	TEST_IF(none != NULL ? none : lacks_landlock(6),
	    an_old_landlock_does_what_it_can);
	remove_top();
	return test_end();
}
