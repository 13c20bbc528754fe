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
	TEST(many);
	rc = test_end();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? rc : 1;
}
