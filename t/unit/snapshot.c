/* snapshot: the files of a database directory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "sigs/snapshot.h"
#include "test.h"

static char dir[] = "/tmp/snapshot.XXXXXX";

static const char *
path_of(const char *file)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return path;
}

/* Puts a file in place as freshclam does: under another name first. */
static void
put(const char *file, const char *text)
{
	char temp[300];
	int fd;

	snprintf(temp, sizeof(temp), "%s/x.tmp", dir);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || io_write(fd, text, strlen(text), CLOCK_NEVER) < 0 ||
	    close(fd) < 0 || rename(temp, path_of(file)) < 0)
		fatal("cannot write '%s'", path_of(file));
}

static void
empty(void)
{
	struct snapshot all;
	size_t i;

	if (snapshot_take(&all, dir) < 0)
		return;
	for (i = 0; i < all.count; i++)
		unlink(path_of(all.files[i].name));
	snapshot_free(&all);
}

static void
test_it_takes_databases_and_nothing_else(void)
{
	struct snapshot snapshot;
	char text[10];

	put("b.NDB", "two");
	put("a.cvd", "one");
	put("freshclam.dat", "x");
	put("README", "x");
	put(".hidden.ndb", "x");
	put("pimail.profile", "mail\n");
	mkdir(path_of("dir.ldb"), 0700);
	mkfifo(path_of("fifo.ldb"), 0600);
	CHECK(symlink("a.cvd", path_of("link.cvd")) == 0);
	CHECK(snapshot_take(&snapshot, dir) == 0);
	CHECK(snapshot.count == 4);
	CHECK(strcmp(snapshot.files[0].name, "a.cvd") == 0);
	CHECK(strcmp(snapshot.files[1].name, "b.NDB") == 0);
	CHECK(strcmp(snapshot.files[2].name, "link.cvd") == 0);
	CHECK(strcmp(snapshot.files[3].name, "pimail.profile") == 0);
	CHECK(snapshot.files[0].size == 3);
	CHECK(read(snapshot.files[2].fd, text, sizeof(text)) == 3);
	CHECK(fcntl(snapshot.files[0].fd, F_GETFD) == FD_CLOEXEC);
	CHECK(snapshot_find(&snapshot, "b.NDB") == &snapshot.files[1]);
	CHECK(snapshot_find(&snapshot, "b.ndb") == NULL);
	snapshot_free(&snapshot);
	unlink(path_of("freshclam.dat"));
	unlink(path_of("README"));
	unlink(path_of(".hidden.ndb"));
	unlink(path_of("fifo.ldb"));
	rmdir(path_of("dir.ldb"));
	empty();
}

static void
test_every_change_is_noticed(void)
{
	struct snapshot snapshot;
	char other[300];
	int fd;

	put("a.ndb", "one");
	put("b.ndb", "two");
	CHECK(snapshot_take(&snapshot, dir) == 0);
	CHECK(snapshot_differs(&snapshot, dir) == 0);
	put("freshclam.dat", "x");
	CHECK(snapshot_differs(&snapshot, dir) == 0);
	unlink(path_of("freshclam.dat"));

	put("c.ndb", "three");
	CHECK(snapshot_differs(&snapshot, dir) == 1);
	unlink(path_of("c.ndb"));
	CHECK(snapshot_differs(&snapshot, dir) == 0);

	put("b.ndb", "six"); /* as long as before */
	CHECK(snapshot_differs(&snapshot, dir) == 1);
	snapshot_free(&snapshot);

	CHECK(snapshot_take(&snapshot, dir) == 0);
	fd = open(path_of("a.ndb"), O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(io_write(fd, "x", 1, CLOCK_NEVER) == 0);
	close(fd);
	CHECK(snapshot_differs(&snapshot, dir) == 1);
	snapshot_free(&snapshot);

	CHECK(snapshot_take(&snapshot, dir) == 0);
	snprintf(other, sizeof(other), "%s/aa.ndb", dir);
	CHECK(rename(path_of("a.ndb"), other) == 0);
	CHECK(snapshot_differs(&snapshot, dir) == 1);
	snapshot_free(&snapshot);
	empty();
}

static void
test_what_is_open_stays_as_it_was(void)
{
	struct snapshot snapshot;
	char text[10] = "";

	put("a.ndb", "old");
	CHECK(snapshot_take(&snapshot, dir) == 0);
	put("a.ndb", "new");
	CHECK(pread(snapshot.files[0].fd, text, sizeof(text), 0) == 3);
	CHECK(strcmp(text, "old") == 0);
	unlink(path_of("a.ndb"));
	CHECK(pread(snapshot.files[0].fd, text, sizeof(text), 0) == 3);
	snapshot_free(&snapshot);
}

static void
test_what_cannot_be_taken_is_an_error(void)
{
	char name[SNAPSHOT_NAME_MAX + 10];
	struct snapshot snapshot;
	unsigned i;

	CHECK(snapshot_take(&snapshot, dir) == -1 && errno == ENOENT);
	CHECK(snapshot_take(&snapshot, path_of("no")) == -1 && errno == ENOENT);
	CHECK(
	    snapshot_take(&snapshot, "/etc/passwd") == -1 && errno == ENOTDIR);

	CHECK(symlink("nowhere", path_of("a.ndb")) == 0);
	CHECK(snapshot_take(&snapshot, dir) == -1 && errno == ENOENT);
	unlink(path_of("a.ndb"));

	memset(name, 'x', sizeof(name));
	memcpy(name + SNAPSHOT_NAME_MAX - 4, ".ndb", 5);
	put(name, "x");
	CHECK(snapshot_take(&snapshot, dir) == 0 && snapshot.count == 1);
	snapshot_free(&snapshot);
	empty();
	memset(name, 'x', sizeof(name));
	memcpy(name + SNAPSHOT_NAME_MAX - 3, ".ndb", 5);
	put(name, "x");
	CHECK(snapshot_take(&snapshot, dir) == -1 && errno == ENAMETOOLONG);
	unlink(path_of(name));

	for (i = 0; i <= SNAPSHOT_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%u.ndb", i);
		put(name, "x");
	}
	CHECK(snapshot_take(&snapshot, dir) == -1 && errno == EMSGSIZE);
	unlink(path_of("0.ndb"));
	CHECK(snapshot_take(&snapshot, dir) == 0 &&
	      snapshot.count == SNAPSHOT_FILES_MAX);
	snapshot_free(&snapshot);
	empty();
}

/* Each of two names is there half of the time, one of them always. */
static void
test_a_directory_that_changes_is_never_half_of_each(void)
{
	struct snapshot snapshot;
	int i, taken = 0;
	pid_t pid;

	put("daily.cvd", "x");
	pid = fork();
	if (pid == 0)
		for (;;) {
			put("daily.cld", "x");
			unlink(path_of("daily.cvd"));
			usleep(2000);
			put("daily.cvd", "x");
			unlink(path_of("daily.cld"));
			usleep(2000);
		}
	for (i = 0; i < 200; i++) {
		if (snapshot_take(&snapshot, dir) < 0) {
			CHECK(errno == EAGAIN || errno == ENOENT);
			continue;
		}
		taken++;
		CHECK(snapshot.count == 1 || snapshot.count == 2);
		snapshot_free(&snapshot);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(taken > 0);
	unlink(path_of("x.tmp"));
	empty();
}

int
main(void)
{
	/* a snapshot and what else is open */
	const struct rlimit descriptors = {
	    SNAPSHOT_FILES_MAX + 100, SNAPSHOT_FILES_MAX + 100};

	setrlimit(RLIMIT_NOFILE, &descriptors);
	if (mkdtemp(dir) == NULL)
		fatal("cannot make '%s'", dir);
	TEST(it_takes_databases_and_nothing_else);
	TEST(every_change_is_noticed);
	TEST(what_is_open_stays_as_it_was);
	TEST(what_cannot_be_taken_is_an_error);
	TEST(a_directory_that_changes_is_never_half_of_each);
	rmdir(dir);
	return test_end();
}
