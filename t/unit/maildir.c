#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir.h"
#include "test.h"

static struct maildirs maildirs;

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static struct maildir *
open_next(const char *path, enum maildir_make make)
{
	maildirs_next(&maildirs);
	errno = 0;
	return maildir_open(&maildirs, path, strlen("base"), make);
}

static bool
fails(const char *path, enum maildir_make make, int why)
{
	return open_next(path, make) == NULL && errno == why;
}

/* Makes a file and leaves it in tmp/. */
static struct maildir_file
make_file(struct maildir *maildir)
{
	struct maildir_file file = {.where = MAILDIR_NOWHERE};
	int fd;

	fd = maildir_create(&maildirs, maildir, 4, 5, &file);
	CHECK(fd >= 0 && write(fd, "abc\n", 4) == 4);
	CHECK(maildir_finish(&maildirs, fd, 0) == 0);
	return file;
}

static bool
is_at(const char *dir, const struct maildir_file *file)
{
	char path[512];

	snprintf(path, sizeof(path), "base/%s/%s", dir, file->name);
	return exists(path);
}

static void
test_making(void)
{
	CHECK(fails("base/a", MAILDIR_EXISTING, ENOENT));
	CHECK(!exists("base/a"));
	CHECK(open_next("base/a", MAILDIR_MAKE) != NULL);
	CHECK(mode_of("base/a") == 0700 && mode_of("base/a/new") == 0700 &&
	      mode_of("base/a/cur") == 0700 && mode_of("base/a/tmp") == 0700);
	CHECK(!exists("base/a/maildirfolder"));
	CHECK(open_next("base/x/y//z/", MAILDIR_MAKE) != NULL);
	CHECK(mode_of("base/x/y/z/new") == 0700);
	CHECK(open_next("base/a/.Junk", MAILDIR_FOLDER) != NULL);
	CHECK(mode_of("base/a/.Junk/maildirfolder") == 0600);
	errno = 0;
	CHECK(maildir_open(&maildirs, "none/a", 4, MAILDIR_MAKE) == NULL &&
	      errno == ENOENT);
	CHECK(!exists("none"));
}

static void
test_staying_inside(void)
{
	CHECK(fails("base/..", MAILDIR_MAKE, EINVAL));
	CHECK(fails("base/.", MAILDIR_MAKE, EINVAL));
	CHECK(fails("base/a/../b", MAILDIR_MAKE, EINVAL));
	CHECK(mkdir("elsewhere", 0700) == 0);
	CHECK(symlink("../elsewhere", "base/link") == 0);
	CHECK(fails("base/link", MAILDIR_MAKE, ENOTDIR));
	CHECK(fails("base/link/a", MAILDIR_MAKE, ENOTDIR));
	CHECK(!exists("elsewhere/new") && !exists("elsewhere/a"));
	CHECK(mkdir("base/open", 0700) == 0 && chmod("base/open", 0770) == 0);
	CHECK(fails("base/open", MAILDIR_MAKE, EPERM));
	CHECK(fails("base/open/a", MAILDIR_MAKE, EPERM));
	CHECK(!exists("base/open/new") && !exists("base/open/a"));
}

static void
test_a_file(void)
{
	struct maildir *maildir = open_next("base/file", MAILDIR_MAKE);
	struct maildir_file one, two;

	one = make_file(maildir);
	two = make_file(maildir);
	CHECK(strcmp(one.name, two.name) != 0);
	CHECK(strstr(one.name, ",S=4,W=5") != NULL);
	CHECK(strpbrk(one.name, "/:") == NULL);
	CHECK(is_at("file/tmp", &one) && is_at("file/tmp", &two));
	CHECK(maildir_commit(maildir, &one) == 0);
	CHECK(maildir_sync(&maildirs, maildir) == 0);
	CHECK(is_at("file/new", &one) && !is_at("file/tmp", &one));
	maildir_undo(maildir, &two);
	CHECK(!is_at("file/tmp", &two));
	CHECK(maildir_commit(maildir, &two) < 0 && errno == ENOENT);
	maildir_undo(maildir, &one);
	CHECK(!is_at("file/new", &one) && one.where == MAILDIR_NOWHERE);
}

static void
test_what_is_open_is_asked_once_a_message(void)
{
	struct maildir *maildir = open_next("base/kept", MAILDIR_MAKE);
	int dir = maildir->dir;

	CHECK(open_next("base/kept", MAILDIR_EXISTING) == maildir);
	CHECK(maildir->dir == dir);
	CHECK(rename("base/kept", "base/moved") == 0);
	CHECK(maildir_open(&maildirs, "base/kept", 4, MAILDIR_EXISTING) ==
	      maildir);
	CHECK(fails("base/kept", MAILDIR_EXISTING, ENOENT));
	CHECK(open_next("base/kept", MAILDIR_MAKE) != NULL);
	CHECK(exists("base/kept/new") && exists("base/moved/new"));
}

/* No descriptor is lost however many Maildirs there are. */
static void
test_many(void)
{
	char path[64];
	int n, before, after;

	for (n = 0; n < 3 * MAILDIR_OPEN_MAX; n++) {
		snprintf(path, sizeof(path), "base/n%d", n);
		CHECK(open_next(path, MAILDIR_MAKE) != NULL);
		CHECK(fails("base/no", MAILDIR_EXISTING, ENOENT));
	}
	before = dup(0);
	for (n = 0; n < 3 * MAILDIR_OPEN_MAX; n++) {
		snprintf(path, sizeof(path), "base/n%d", n);
		CHECK(open_next(path, MAILDIR_EXISTING) != NULL);
	}
	after = dup(0);
	CHECK(before >= 0 && after >= 0 && after < 4 * MAILDIR_OPEN_MAX);
	close(before);
	close(after);
	maildirs_free(&maildirs);
	n = dup(0);
	CHECK(n >= 0 && n < 16);
	close(n);
}

/* Puts a file with the mark of the message there. */
static void
put_marked(const char *dir)
{
	char name[256], path[512];

	maildir_name(&maildirs, name, 200);
	CHECK(strlen(name) < 199);
	snprintf(path, sizeof(path), "base/%s/%s", dir, name);
	close(open(path, O_WRONLY | O_CREAT, 0600));
}

static bool
has(const char *once)
{
	struct maildir *maildir = open_next("base/marked", MAILDIR_MAKE);

	CHECK(maildirs_once(&maildirs, span_of(once)));
	return maildir_has(&maildirs, maildir) == 1;
}

static void
test_a_marked_file_is_found_wherever_it_is(void)
{
	static const char *const once[] = {"00000000000000000000000000000001",
	    "00000000000000000000000000000002",
	    "00000000000000000000000000000003",
	    "00000000000000000000000000000004"};
	static const char *const dirs[] = {
	    "marked/new", "marked/cur", "marked/.Junk/new", "marked/.A.B/cur"};
	size_t i;

	CHECK(open_next("base/marked/.Junk", MAILDIR_FOLDER) != NULL);
	CHECK(open_next("base/marked/.A.B", MAILDIR_FOLDER) != NULL);
	CHECK(mkdir("base/marked/.strange", 0700) == 0);
	CHECK(symlink("..", "base/marked/.link") == 0);
	close(open("base/marked/.file", O_WRONLY | O_CREAT, 0600));
	for (i = 0; i < nitems(once); i++) {
		CHECK(!has(once[i]));
		put_marked(dirs[i]);
		CHECK(has(once[i]));
	}
	/* what was never finished is nowhere */
	CHECK(!has("00000000000000000000000000000005"));
	put_marked("marked/tmp");
	CHECK(!has("00000000000000000000000000000005"));
}

static void
test_a_mark_is_of_one_message(void)
{
	char name[256];

	maildirs_next(&maildirs);
	CHECK(maildirs_once(
	    &maildirs, span_of("0123456789abcdef0123456789abcdef")));
	maildir_name(&maildirs, name, sizeof(name));
	CHECK(strstr(name, "O0123456789abcdef0123456789abcdef.") != NULL);
	maildirs_next(&maildirs);
	maildir_name(&maildirs, name, sizeof(name));
	CHECK(strchr(name, 'O') == NULL);
	CHECK(!maildirs_once(&maildirs, span_of("")));
	CHECK(!maildirs_once(&maildirs, span_of("0123")));
	CHECK(!maildirs_once(
	    &maildirs, span_of("0123456789ABCDEF0123456789ABCDEF")));
	CHECK(!maildirs_once(
	    &maildirs, span_of("../3456789abcdef0123456789abcdef")));
}

int
main(void)
{
	char dir[] = "/tmp/unit-maildir.XXXXXX", command[64];
	int rc;

	if (mkdtemp(dir) == NULL || chdir(dir) < 0 || mkdir("base", 0755) < 0)
		return 1;
	umask(022);
	maildirs_init(&maildirs, false);
	TEST(making);
	TEST(staying_inside);
	TEST(a_file);
	TEST(what_is_open_is_asked_once_a_message);
	TEST(a_marked_file_is_found_wherever_it_is);
	TEST(a_mark_is_of_one_message);
	TEST(many);
	rc = test_end();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? rc : 1;
}
