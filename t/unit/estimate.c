/* estimate: memory by the number of signatures. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sigs/estimate.h"
#include "test.h"

#define MEGABYTE (1 << 20)

static char directory[] = "/tmp/estimate.XXXXXX";

/* A file of count lines. */
static void
make(const char *name, const char *line, unsigned count)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	if (file == NULL)
		abort();
	while (count-- > 0)
		fputs(line, file);
	fclose(file);
}

static void
drop(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
}

static void
test_no_more_is_wanted_with_a_smaller_profile(void)
{
	struct estimate few, more;

	make("x.ndb", "A:0:*:00\n", 100);
	CHECK(estimate_directory(directory, &few) == 0);
	CHECK(few.now == few.full && few.full == few.mail);
	make("y.ndb", "A:1:*:00\n", 10000);
	make("y.ldb", "A;Target:6;0;00\n", 1000);
	CHECK(estimate_directory(directory, &more) == 0);
	CHECK(more.mail == few.mail && more.full > few.full);
	CHECK(more.now == more.full);
	make("x.hdb", "unread\n", 10000);
	CHECK(estimate_directory(directory, &few) == 0);
	CHECK(few.now > more.now && few.full == more.full);
	drop("x.ndb");
	drop("y.ndb");
	drop("y.ldb");
	drop("x.hdb");
}

/* As it was measured: 45,000 logical ones for PE programs, 226 MB of 1000 KB;
 * 1.5 million MD5 of files, 200; on a machine of 64 bits. */
static void
test_it_is_near_what_was_measured(void)
{
	struct estimate_counts counts = {.hashes = 0};
	struct estimate estimate;

	counts.logicals[1] = 45000;
	estimate_memory(&counts, &estimate);
	CHECK(estimate.full > 200 * MEGABYTE / (8 / sizeof(void *)));
	CHECK(estimate.full < 250 * MEGABYTE);
	CHECK(estimate.mail < 20 * MEGABYTE);
	counts.logicals[1] = 0;
	counts.hashes = 1530854;
	estimate_memory(&counts, &estimate);
	CHECK(estimate.now > 180 * MEGABYTE && estimate.now < 220 * MEGABYTE);
	CHECK(estimate.full < 20 * MEGABYTE);
}

static void
test_a_container_counts_by_its_header(void)
{
	struct estimate estimate;

	make("x.cvd",
	    "ClamAV-VDB:21 Nov 2026 10-00 +0000:7:8500000:90:X:X:me:1\n", 1);
	CHECK(estimate_directory(directory, &estimate) == 0);
	CHECK(estimate.now > 1000ULL * MEGABYTE &&
	      estimate.now < 2000ULL * MEGABYTE);
	CHECK(
	    estimate.full < estimate.now / 2 && estimate.mail < estimate.full);
	drop("x.cvd");
}

static void
test_a_directory_that_is_not_there_is_an_error(void)
{
	struct estimate estimate;

	CHECK(estimate_directory("/nonexistent", &estimate) < 0);
}

int
main(void)
{
	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	TEST(no_more_is_wanted_with_a_smaller_profile);
	TEST(it_is_near_what_was_measured);
	TEST(a_container_counts_by_its_header);
	TEST(a_directory_that_is_not_there_is_an_error);
	rmdir(directory);
	return test_end();
}
