#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "store/quota.h"
#include "test.h"

static struct maildirs maildirs;
static struct maildir *maildir;

static void
put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static bool
holds(const char *want)
{
	FILE *file = fopen("box/maildirsize", "r");
	char text[8192];
	size_t len;

	if (file == NULL)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return strcmp(text, want) == 0;
}

static void
grow_old(long seconds)
{
	struct timeval times[2];

	gettimeofday(&times[0], NULL);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	CHECK(utimes("box/maildirsize", times) == 0);
}

static int
fits(uint64_t limit, uint64_t octets)
{
	return quota_fits(&maildirs, maildir, limit, octets);
}

static void
test_counting(void)
{
	CHECK(fits(100, 100) == 1 && holds("100S\n0 0\n"));
	CHECK(fits(100, 101) == 0);
	put("box/new/1.a", "12345");
	put("box/cur/2.b,S=30:2,S", "1");
	put("box/cur/.hidden", "123");
	put("box/tmp/3.c", "123");
	put("box/cur/4.d,S=x", "12");
	CHECK(mkdir("box/.list", 0700) == 0);
	CHECK(mkdir("box/.list/cur", 0700) == 0);
	put("box/.list/cur/5.e", "1234");
	CHECK(mkdir("box/.Trash", 0700) == 0);
	CHECK(mkdir("box/.Trash/cur", 0700) == 0);
	put("box/.Trash/cur/6.f", "1234");
	put("box/.file", "1234");
	CHECK(fits(200, 159) == 1 && holds("200S\n41 4\n"));
	CHECK(fits(200, 160) == 0);
	CHECK(fits(10, 0) == 0);
}

static void
test_adding(void)
{
	put("box/maildirsize", "200S\n10 1\n");
	quota_lock(maildir);
	CHECK(quota_add(maildir, 20, 1) == 0);
	CHECK(quota_add(maildir, -5, -1) == 0);
	quota_unlock(maildir);
	CHECK(holds("200S\n10 1\n20 1\n-5 -1\n"));
	CHECK(fits(200, 175) == 1 && holds("200S\n10 1\n20 1\n-5 -1\n"));
	/* more than a count: not believed when it is full */
	CHECK(fits(200, 176) == 0 && holds("200S\n41 4\n"));
}

static void
test_age(void)
{
	put("box/maildirsize", "200S\n190 9\n");
	CHECK(fits(200, 11) == 0 && holds("200S\n190 9\n"));
	grow_old(QUOTA_STALE - 60);
	CHECK(fits(200, 11) == 0 && holds("200S\n190 9\n"));
	grow_old(QUOTA_STALE + 60);
	CHECK(fits(200, 10) == 1 && holds("200S\n190 9\n"));
	CHECK(fits(200, 11) == 1 && holds("200S\n41 4\n"));
}

static void
test_damage(void)
{
	static const char *const texts[] = {"", "\n", "200", "200S", "200S\n",
	    "200S\n1", "200S\n1 1", "200S\n1 1\n\n", "200S\n1 1 1\n",
	    "200S\n--1 1\n", "200S\n-1 1\n", "200S\n1 -1\n", "0200S\n1 1\n",
	    "200S,1C\n1 1\n", "200C\n1 1\n", "201S\n1 1\n", " 200S\n1 1\n",
	    "200S\n18446744073709551616 1\n", "200S\n1\t1\n"};
	size_t i;

	for (i = 0; i < nitems(texts); i++) {
		put("box/maildirsize", texts[i]);
		CHECK(fits(200, 1) == 1);
		CHECK(holds("200S\n41 4\n"));
	}
}

static void
test_length(void)
{
	char text[QUOTA_FILE_MAX + 2] = "200S\n";
	size_t len = strlen(text);

	for (; len + 4 <= QUOTA_FILE_MAX; len += 4)
		memcpy(text + len, "0 0\n", 5);
	for (; len < QUOTA_FILE_MAX; len++)
		memcpy(text + len - 1, " \n", 3); /* padded */
	put("box/maildirsize", text);
	CHECK(fits(200, 1) == 1 && holds(text));
	memcpy(text + len - 1, " \n", 3);
	put("box/maildirsize", text);
	CHECK(fits(200, 1) == 1 && holds("200S\n41 4\n"));
}

int
main(void)
{
	char dir[] = "/tmp/unit-quota.XXXXXX", command[64];
	int rc;

	umask(077);
	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return 1;
	maildirs_init(&maildirs, false);
	maildir = maildir_open(&maildirs, "./box", 1, MAILDIR_MAKE);
	if (maildir == NULL)
		return 1;
	TEST(counting);
	TEST(adding);
	TEST(age);
	TEST(damage);
	TEST(length);
	maildirs_free(&maildirs);
	rc = test_end();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? rc : 1;
}
