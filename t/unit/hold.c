/* hold: what is kept back is whole, or is not there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/hold.h"
#include "test.h"

static char path[] = "/tmp/pimail-hold.XXXXXX";

static void
make_frame(struct frame *frame, const char *text)
{
	frame_init(frame);
	CHECK(frame_add(frame, "id", span_of("id-1")) == 0);
	CHECK(frame_add(frame, "sender", span_of("a@b.example")) == 0);
	CHECK(message_add(&frame->message, text, strlen(text)) == 0);
}

/* How many files are there, dotted ones too. */
static int
files(int fd)
{
	int count = 0, copy = openat(fd, ".", O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(copy);
	struct dirent *entry;

	CHECK(dir != NULL);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
			 strcmp(entry->d_name, "..") != 0;
	if (dir != NULL)
		closedir(dir);
	return count;
}

static void
test_a_frame_comes_out_as_it_went_in(void)
{
	char name[HOLD_NAME_SIZE], other[HOLD_NAME_SIZE];
	struct frame frame, back;
	struct span spans[2];
	struct io_in in;
	struct stat st;
	int dir, fd;

	make_frame(&frame, "Subject: x\n\nbody");
	dir = hold_open(path);
	CHECK(dir >= 0);
	CHECK(hold_put(dir, &frame, name) == 0);
	CHECK(hold_put(dir, &frame, other) == 0);
	CHECK(strcmp(name, other) != 0 && files(dir) == 2);
	CHECK(strcmp(name + strlen(name) - 5, "-id-1") == 0);
	fd = openat(dir, name, O_RDONLY);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600);
	io_in_init(&in, fd);
	frame_init(&back);
	CHECK(frame_read(&back, &in) == 1 && back.verdict == VERDICT_PASS);
	CHECK(span_eq(buf_span(&back.fields), buf_span(&frame.fields)));
	CHECK(message_spans(&back.message, spans) &&
	      span_eq(spans[1], span_of("Subject: x\n\nbody")));
	CHECK(frame_read(&back, &in) == 0);
	io_in_free(&in);
	close(fd);
	CHECK(unlinkat(dir, name, 0) == 0 && unlinkat(dir, other, 0) == 0);
	close(dir);
	frame_free(&frame);
	frame_free(&back);
}

static void
test_a_disk_that_is_full_leaves_nothing(void)
{
	const struct rlimit small = {10, RLIM_INFINITY};
	const struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
	char name[HOLD_NAME_SIZE];
	struct frame frame;
	int dir;

	make_frame(&frame, "Subject: x\n\nbody");
	dir = hold_open(path);
	signal(SIGXFSZ, SIG_IGN);
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	CHECK(hold_put(dir, &frame, name) == -1 && errno == EFBIG);
	CHECK(setrlimit(RLIMIT_FSIZE, &any) == 0);
	CHECK(files(dir) == 0);
	close(dir);
	frame_free(&frame);
}

static void
test_a_directory_that_is_gone_is_an_error(void)
{
	char name[HOLD_NAME_SIZE];
	struct frame frame;
	int dir;

	make_frame(&frame, "Subject: x\n\nbody");
	CHECK(mkdirat(AT_FDCWD, "gone", 0700) == 0);
	dir = hold_open("gone");
	CHECK(dir >= 0 && rmdir("gone") == 0);
	CHECK(hold_put(dir, &frame, name) == -1 && errno == ENOENT);
	close(dir);
	frame_free(&frame);
}

static void
check_refused(const char *name, int error)
{
	errno = 0;
	CHECK(hold_open(name) == -1 && errno == error);
}

static void
test_what_is_no_place_for_them_is_refused(void)
{
	int fd;

	check_refused("nothing", ENOENT);
	fd = open("file", O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0 && close(fd) == 0);
	check_refused("file", ENOTDIR);
	CHECK(mkdir("maildir", 0700) == 0 && mkdir("maildir/cur", 0700) == 0);
	check_refused("maildir", EEXIST);
	CHECK(mkdir("mail", 0700) == 0 && mkdir("mail/new", 0700) == 0);
	check_refused("mail", EEXIST);
	CHECK(mkdir("open", 0700) == 0 && chmod("open", 0720) == 0);
	check_refused("open", EPERM);
	CHECK(chmod("open", 0702) == 0);
	check_refused("open", EPERM);
	unlink("file");
	rmdir("maildir/cur");
	rmdir("maildir");
	rmdir("mail/new");
	rmdir("mail");
	rmdir("open");
}

int
main(void)
{
	if (mkdtemp(path) == NULL || chdir(path) < 0)
		return EXIT_FAILURE;
	TEST(a_frame_comes_out_as_it_went_in);
	TEST(a_disk_that_is_full_leaves_nothing);
	TEST(a_directory_that_is_gone_is_an_error);
	TEST(what_is_no_place_for_them_is_refused);
	if (chdir("/") < 0 || rmdir(path) < 0)
		return EXIT_FAILURE;
	return test_end();
}
