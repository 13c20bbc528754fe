#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "test.h"

#define BUSY_MS 30000 /* for another process to get its turn */

static char dir[] = "/tmp/bundle.XXXXXX";
static char big[300000];

static const char *
path_of(const char *file)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return path;
}

static void
put(const char *file, const void *text, size_t len)
{
	int fd = open(path_of(file), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || io_write(fd, text, len, CLOCK_NEVER) < 0)
		fatal("cannot write '%s'", path_of(file));
	close(fd);
}

static int
add(int fd, const char *file, size_t max)
{
	return bundle_add(fd, file, path_of(file), max);
}

/* The error that a file is added with; it must have no text then. */
static int
error_of(const char *path, size_t max)
{
	struct bundle_file file = {.error = -1};
	struct bundle bundle;
	int fd = bundle_create();

	CHECK(bundle_add(fd, "x", path, max) == 0);
	CHECK(bundle_open(&bundle, fd) == 0);
	CHECK(bundle_next(&bundle, &file) == 1);
	CHECK(strcmp(file.name, "x") == 0);
	CHECK(file.error == 0 || file.text.len == 0);
	CHECK(bundle_next(&bundle, &file) == 0);
	bundle_close(&bundle);
	close(fd);
	return file.error;
}

static bool
next_is(struct bundle *bundle, const char *name, struct span text)
{
	struct bundle_file file;
	struct stat status;

	return bundle_next(bundle, &file) == 1 &&
	       strcmp(file.name, name) == 0 && file.error == 0 &&
	       span_eq(file.text, text) && stat(path_of(name), &status) == 0 &&
	       file.device == status.st_dev && file.inode == status.st_ino;
}

static void
test_what_went_in_comes_out(void)
{
	static const char octets[] = "a\0b\r\n\377";
	struct bundle bundle;
	int fd = bundle_create();

	memset(big, 'x', sizeof(big));
	put("octets", octets, sizeof(octets));
	put("big", big, sizeof(big));
	put("empty", "", 0);
	CHECK(add(fd, "octets", 100) == 0);
	CHECK(add(fd, "empty", 100) == 0);
	CHECK(add(fd, "big", sizeof(big)) == 0);
	CHECK(add(fd, "empty", 0) == 0);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(bundle_open(&bundle, fd) == 0);
	close(fd);
	CHECK(
	    next_is(&bundle, "octets", (struct span){octets, sizeof(octets)}));
	CHECK(next_is(&bundle, "empty", span_of("")));
	CHECK(next_is(&bundle, "big", (struct span){big, sizeof(big)}));
	CHECK(next_is(&bundle, "empty", span_of("")));
	CHECK(!next_is(&bundle, "empty", span_of("")));
	bundle_rewind(&bundle);
	CHECK(
	    next_is(&bundle, "octets", (struct span){octets, sizeof(octets)}));
	bundle_close(&bundle);
}

static void
test_nothing_is_in_an_empty_one(void)
{
	struct bundle_file file;
	struct bundle bundle;
	int fd = bundle_create();

	CHECK(bundle_open(&bundle, fd) == 0);
	CHECK(bundle_next(&bundle, &file) == 0);
	CHECK(bundle_find(&bundle, "x", &file) == 0);
	bundle_close(&bundle);
	close(fd);
}

static void
test_a_file_is_found_by_its_name(void)
{
	struct bundle_file file;
	struct bundle bundle;
	int fd = bundle_create();

	put("one", "1", 1);
	put("two", "2", 1);
	CHECK(add(fd, "one", 1) == 0);
	CHECK(add(fd, "two", 1) == 0);
	CHECK(add(fd, "none", 1) == 0);
	CHECK(bundle_open(&bundle, fd) == 0);
	CHECK(bundle_find(&bundle, "two", &file) == 1);
	CHECK(span_eq(file.text, span_of("2")));
	CHECK(bundle_find(&bundle, "one", &file) == 1);
	CHECK(span_eq(file.text, span_of("1")));
	CHECK(bundle_find(&bundle, "none", &file) == 1);
	CHECK(file.error == ENOENT && file.inode == 0 && file.device == 0);
	CHECK(bundle_find(&bundle, "on", &file) == 0);
	bundle_close(&bundle);
	close(fd);
}

static void
test_what_cannot_be_read_has_a_reason(void)
{
	CHECK(error_of("/nonexistent", 1) == ENOENT);
	CHECK(error_of("", 1) == ENOENT);
	CHECK(error_of("/etc/passwd/x", 1) == ENOTDIR);
	/* none of these may hold us up */
	alarm(20);
	if (mkfifo(path_of("fifo"), 0600) < 0)
		fatal("cannot make a fifo");
	CHECK(error_of(path_of("fifo"), 1) == EINVAL);
	CHECK(error_of(dir, 1) == EINVAL);
	CHECK(error_of("/dev/zero", 1) == EINVAL);
	CHECK(error_of("/dev/tty", 1) == EINVAL);
	alarm(0);
	put("secret", "secret", 6);
	if (chmod(path_of("secret"), 0) < 0 || chmod(dir, 0755) < 0)
		fatal("cannot change a mode");
	if (geteuid() == 0 && seteuid(65534) < 0)
		fatal("cannot become somebody else");
	CHECK(error_of(path_of("secret"), 6) == EACCES);
	if (getuid() == 0 && seteuid(0) < 0)
		fatal("cannot become root again");
}

static void
test_texts_and_names_have_a_maximum(void)
{
	char name[BUNDLE_NAME_MAX + 2] = "";
	int fd = bundle_create();

	put("big", big, sizeof(big));
	CHECK(error_of(path_of("big"), sizeof(big)) == 0);
	CHECK(error_of(path_of("big"), sizeof(big) - 1) == EMSGSIZE);
	CHECK(error_of(path_of("big"), 0) == EMSGSIZE);
	CHECK(add(fd, "big", BUNDLE_MAX) == 0);
	CHECK(add(fd, "big", (size_t)BUNDLE_MAX + 1) < 0 && errno == EINVAL);
	memset(name, 'n', BUNDLE_NAME_MAX);
	CHECK(bundle_add(fd, name, "/nonexistent", 0) == 0);
	name[BUNDLE_NAME_MAX] = 'n';
	CHECK(bundle_add(fd, name, "/nonexistent", 0) < 0 && errno == EINVAL);
	close(fd);
}

/* Another process makes the file longer and shorter all the time.  On a machine
 * that is busy it may rest for long where the file is empty. */
static void
test_a_file_may_change_while_it_is_copied(void)
{
	const int64_t deadline = clock_ms() + BUSY_MS;
	const size_t max[2] = {sizeof(big) / 2, sizeof(big)};
	struct bundle_file file = {0};
	struct bundle bundle;
	int fd = bundle_create(), count, changing, added, whole = 0;
	off_t empty;
	pid_t child;

	put("moving", "", 0);
	CHECK(add(fd, "moving", max[0]) == 0);
	empty = lseek(fd, 0, SEEK_END);
	changing = open(path_of("moving"), O_RDWR);
	child = fork();
	if (child == 0)
		for (;;)
			if (ftruncate(changing, 0) < 0 ||
			    write(changing, big, sizeof(big)) < 0 ||
			    lseek(changing, 0, SEEK_SET) < 0)
				_exit(1);
	close(changing);
	/* until one has a text */
	for (added = 1;
	     added < 200 ||
	     (lseek(fd, 0, SEEK_END) == added * empty && clock_ms() < deadline);
	     added++)
		CHECK(add(fd, "moving", max[added % 2]) == 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK(bundle_open(&bundle, fd) == 0);
	for (count = 0; bundle_next(&bundle, &file) == 1; count++) {
		CHECK(strcmp(file.name, "moving") == 0);
		CHECK(file.error == 0 ||
		      (file.error == EMSGSIZE && count % 2 == 0));
		CHECK(memcmp(file.text.p, big, file.text.len) == 0);
		whole += file.text.len > 0;
	}
	CHECK(count == added && whole > 0);
	bundle_close(&bundle);
	close(fd);
}

static void
test_nobody_changes_one_that_is_open(void)
{
	struct bundle bundle;
	int fd = bundle_create();
	void *p;

	put("one", "1", 1);
	CHECK(add(fd, "one", 1) == 0);
	p = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(bundle_open(&bundle, fd) < 0 && errno == EBUSY);
	munmap(p, 1);
	CHECK(bundle_open(&bundle, fd) == 0);
	CHECK(write(fd, "x", 1) < 0 && errno == EPERM);
	CHECK(ftruncate(fd, 1) < 0 && errno == EPERM);
	CHECK(add(fd, "one", 1) < 0 && errno == EPERM);
	CHECK(next_is(&bundle, "one", span_of("1")));
	CHECK(!next_is(&bundle, "one", span_of("1")));
	bundle_close(&bundle);
	/* and again, though it is sealed already */
	CHECK(bundle_open(&bundle, fd) == 0);
	CHECK(next_is(&bundle, "one", span_of("1")));
	bundle_close(&bundle);
	close(fd);
}

static void
test_a_full_one_stays_as_it_was(void)
{
	struct rlimit limit, small;
	struct bundle bundle;
	int fd = bundle_create();

	put("one", "1", 1);
	put("big", big, sizeof(big));
	CHECK(add(fd, "one", 1) == 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = sizeof(big) / 2;
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK(add(fd, "big", sizeof(big)) < 0 && errno == EFBIG);
	CHECK(add(fd, "one", 1) == 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK(bundle_open(&bundle, fd) == 0);
	CHECK(next_is(&bundle, "one", span_of("1")));
	CHECK(next_is(&bundle, "one", span_of("1")));
	CHECK(!next_is(&bundle, "one", span_of("1")));
	bundle_close(&bundle);
	close(fd);
}

static void
test_what_is_no_bundle_is_not_opened(void)
{
	struct bundle bundle;
	int fd, ends[2];

	fd = open(path_of("one"), O_RDWR);
	CHECK(bundle_open(&bundle, fd) < 0);
	close(fd);
	if (pipe(ends) < 0)
		fatal("cannot make a pipe");
	CHECK(bundle_open(&bundle, ends[1]) < 0 && errno == EINVAL);
	close(ends[0]);
	close(ends[1]);
	CHECK(bundle_open(&bundle, -1) < 0 && errno == EBADF);
	fd = bundle_create();
	CHECK(ftruncate(fd, (off_t)BUNDLE_MAX + 1) == 0);
	CHECK(bundle_open(&bundle, fd) < 0 && errno == EBADMSG);
	close(fd);
}

/* Walks through these octets as a bundle.  How many records there are before
 * the end, or before something wrong. */
static int
walk(const char *octets, size_t len, bool *good)
{
	struct bundle_file file;
	struct bundle bundle;
	int fd = bundle_create(), count = 0, rc;

	if (io_write(fd, octets, len, CLOCK_NEVER) < 0 ||
	    bundle_open(&bundle, fd) < 0)
		fatal("cannot make a bundle");
	while ((rc = bundle_next(&bundle, &file)) == 1) {
		CHECK(memchr(file.name, '\0', len) < (void *)file.text.p);
		CHECK(file.text.p >= bundle.p && file.text.len <= len &&
		      file.text.p + file.text.len <= bundle.p + len);
		count++;
	}
	CHECK(rc == 0 || errno == EBADMSG);
	/* what is bad stays bad */
	CHECK(bundle_next(&bundle, &file) == rc);
	CHECK(bundle_find(&bundle, "no such name", &file) == rc);
	bundle_close(&bundle);
	close(fd);
	*good = rc == 0;
	return count;
}

static void
test_a_wrong_record_is_an_error(void)
{
	char octets[200], wrong[200];
	ssize_t len, first;
	int fd = bundle_create(), count, i;
	bool good;

	put("one", "first", 5);
	CHECK(add(fd, "one", 100) == 0);
	first = lseek(fd, 0, SEEK_END);
	CHECK(add(fd, "one", 100) == 0);
	len = pread(fd, octets, sizeof(octets), 0);
	close(fd);
	CHECK(len == 2 * first);
	for (i = 0; i <= len; i++) {
		count = walk(octets, (size_t)i, &good);
		CHECK(count == (i < first ? 0 : i < len ? 1 : 2));
		CHECK(good == (i % first == 0));
	}
	for (i = 0; i < first; i++) {
		memcpy(wrong, octets, (size_t)len);
		wrong[i] = '\377';
		walk(wrong, (size_t)len, &good);
		wrong[i] = '\0';
		walk(wrong, (size_t)len, &good);
		memset(wrong, '\377', (size_t)i);
		CHECK(walk(wrong, (size_t)len, &good) == 0 || i == 0);
	}
	/* a length that wraps round, a name that ends early, one that does not
	 * end */
	memcpy(wrong, octets, (size_t)len);
	memset(wrong, '\377', 8);
	CHECK(walk(wrong, (size_t)len, &good) == 0 && !good);
	memcpy(wrong, octets, (size_t)len);
	memcpy(memmem(wrong, (size_t)len, "one", 4), "o\0e", 4);
	CHECK(walk(wrong, (size_t)len, &good) == 0 && !good);
	memcpy(memmem(wrong, (size_t)first, "o\0e", 4), "onex", 4);
	CHECK(walk(wrong, (size_t)len, &good) == 0 && !good);
	memset(wrong, 0, sizeof(wrong));
	CHECK(walk(wrong, (size_t)len, &good) == 0 && !good);
}

static void
clear(void)
{
	static const char *const files[] = {
	    "big", "empty", "fifo", "moving", "octets", "one", "secret", "two"};
	size_t i;

	for (i = 0; i < nitems(files); i++)
		unlink(path_of(files[i]));
	rmdir(dir);
}

int
main(void)
{
	err_init("bundle");
	if (mkdtemp(dir) == NULL)
		fatal("cannot make a directory");
	TEST(what_went_in_comes_out);
	TEST(nothing_is_in_an_empty_one);
	TEST(a_file_is_found_by_its_name);
	TEST(what_cannot_be_read_has_a_reason);
	TEST(texts_and_names_have_a_maximum);
	TEST(a_file_may_change_while_it_is_copied);
	TEST(nobody_changes_one_that_is_open);
	TEST(a_full_one_stays_as_it_was);
	TEST(what_is_no_bundle_is_not_opened);
	TEST(a_wrong_record_is_an_error);
	clear();
	return test_end();
}
