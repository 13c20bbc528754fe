/* A file in place of another one: whole, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "nodes.h"
#include "test.h"

static int fd;

/* Whether a file has this text, and nothing else is in the directory. */
static bool
holds(const char *file, const char *text)
{
	struct buf buf = BUF_INIT(100000);
	bool same;

	same = file_read(path_of(file), &buf) == 0 &&
	       span_is(buf_span(&buf), text) &&
	       access(path_of(".x.yaml.new"), F_OK) < 0;
	buf_free(&buf);
	return same;
}

static void
test_new_text_takes_the_old_ones_place(void)
{
	struct stat status;

	CHECK(file_replace(fd, "x.yaml", span_of("one"), 0640) == 0);
	CHECK(holds("x.yaml", "one"));
	CHECK(stat(path_of("x.yaml"), &status) == 0 &&
	      (status.st_mode & 07777) == 0640);
	CHECK(file_replace(fd, "x.yaml", span_of("two"), 0640) == 0);
	CHECK(holds("x.yaml", "two"));
	CHECK(file_replace(fd, "x.yaml", span_of(""), 0640) == 0);
	CHECK(holds("x.yaml", ""));
}

static void
test_a_new_file_never_takes_the_place_of_another(void)
{
	unlink(path_of("x.yaml"));
	CHECK(file_create(fd, "x.yaml", span_of("one"), 0600) == 0);
	CHECK(holds("x.yaml", "one"));
	CHECK(file_create(fd, "x.yaml", span_of("two"), 0600) < 0 &&
	      errno == EEXIST);
	CHECK(holds("x.yaml", "one"));
}

static void
test_what_another_left_is_no_hindrance(void)
{
	put(".x.yaml.new", "half");
	CHECK(file_replace(fd, "x.yaml", span_of("three"), 0600) == 0);
	CHECK(holds("x.yaml", "three"));
	/* a link is replaced, and not what it points to */
	put("dave.yaml", "dave");
	unlink(path_of("x.yaml"));
	if (symlink("dave.yaml", path_of("x.yaml")) < 0 ||
	    symlink("dave.yaml", path_of(".x.yaml.new")) < 0)
		fatal("cannot make a link");
	CHECK(file_replace(fd, "x.yaml", span_of("four"), 0600) == 0);
	CHECK(holds("x.yaml", "four"));
	CHECK(holds("dave.yaml", "dave"));
}

static void
test_old_text_stays_if_there_is_no_room(void)
{
	static const char large[70000];
	struct rlimit before, limit;

	put("x.yaml", "old");
	signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &before) < 0)
		fatal("cannot get a limit");
	limit = before;
	limit.rlim_cur = 65536;
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK(file_replace(fd, "x.yaml", (struct span){large, sizeof(large)},
		  0600) < 0 &&
	      errno == EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	CHECK(holds("x.yaml", "old"));
}

static void
test_only_a_regular_file_is_read_as_one(void)
{
	struct buf buf = BUF_INIT(10000);

	put("x.yaml", "text");
	CHECK(file_read_regular(path_of("x.yaml"), &buf) == 0 &&
	      span_is(buf_span(&buf), "text"));
	CHECK(file_read_regular(dir, &buf) < 0 && errno == EINVAL);
	CHECK(file_read_regular("/dev/zero", &buf) < 0 && errno == EINVAL);
	CHECK(file_read_regular(path_of("none"), &buf) < 0 && errno == ENOENT);
	unlink(path_of("x.yaml"));
	if (mkfifo(path_of("x.yaml"), 0600) < 0)
		fatal("cannot make a fifo");
	CHECK(
	    file_read_regular(path_of("x.yaml"), &buf) < 0 && errno == EINVAL);
	buf_free(&buf);
}

int
main(void)
{
	err_init("filereplace");
	umask(022);
	if (mkdtemp(dir) == NULL)
		fatal("cannot make a directory");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	TEST(new_text_takes_the_old_ones_place);
	TEST(a_new_file_never_takes_the_place_of_another);
	TEST(what_another_left_is_no_hindrance);
	TEST(old_text_stays_if_there_is_no_room);
	TEST(only_a_regular_file_is_read_as_one);
	clear();
	rmdir(dir);
	return test_end();
}
