/* hashes: the table of hash signatures on disk. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sigs/hashes.h"
#include "test.h"

/* A digest made of a number, as random as a real one. */
static void
make_digest(uint64_t number, unsigned char digest[HASHES_DIGEST_MAX])
{
	unsigned i;

	for (i = 0; i < HASHES_DIGEST_MAX; i++) {
		number = number * 6364136223846793005U + 1442695040888963407U;
		digest[i] = (unsigned char)(number >> 56);
	}
}

/* Opens what the writer wrote. */
static void
open_written(struct hashes_writer *writer, struct hashes *table)
{
	uint64_t count[HASHES_KINDS];
	int fd = memfd_create("hashes", MFD_CLOEXEC);

	CHECK(hashes_write(writer, fd, count) == 0);
	CHECK(hashes_open(table, fd) == 0);
	CHECK(memcmp(count, table->count, sizeof(count)) == 0);
	close(fd);
	hashes_writer_free(writer);
}

static bool
finds(const struct hashes *table, enum hashes_kind kind, uint64_t number,
    uint64_t size, const char *want)
{
	unsigned char digest[HASHES_DIGEST_MAX];
	char name[HASHES_NAME_MAX + 1] = "";

	make_digest(number, digest);
	return hashes_find(table, kind, digest, size, name) &&
	       strcmp(name, want) == 0;
}

static bool
finds_nothing(const struct hashes *table, enum hashes_kind kind,
    uint64_t number, uint64_t size)
{
	unsigned char digest[HASHES_DIGEST_MAX];
	char name[HASHES_NAME_MAX + 1];

	make_digest(number, digest);
	return !hashes_find(table, kind, digest, size, name);
}

static void
add(struct hashes_writer *writer, enum hashes_kind kind, uint64_t number,
    uint64_t size, const char *name)
{
	unsigned char digest[HASHES_DIGEST_MAX];

	make_digest(number, digest);
	hashes_add(writer, kind, digest, size, span_of(name));
}

static void
test_what_was_added_is_found_by_kind_digest_and_size(void)
{
	struct hashes_writer writer;
	struct hashes table;

	hashes_writer_init(&writer);
	add(&writer, HASHES_FILE_MD5, 1, 100, "One");
	add(&writer, HASHES_FILE_SHA256, 2, HASHES_ANY_SIZE, "Two");
	add(&writer, HASHES_SECTION_MD5, 3, 4096, "Three");
	add(&writer, HASHES_SECTION_SHA1, 4, 7, "Four");
	open_written(&writer, &table);
	CHECK(finds(&table, HASHES_FILE_MD5, 1, 100, "One"));
	CHECK(finds(&table, HASHES_FILE_SHA256, 2, 1, "Two"));
	CHECK(finds(&table, HASHES_FILE_SHA256, 2, 0, "Two"));
	CHECK(finds(&table, HASHES_SECTION_MD5, 3, 4096, "Three"));
	CHECK(finds(&table, HASHES_SECTION_SHA1, 4, 7, "Four"));
	CHECK(finds_nothing(&table, HASHES_FILE_MD5, 1, 101));
	CHECK(finds_nothing(&table, HASHES_FILE_MD5, 1, HASHES_ANY_SIZE));
	CHECK(finds_nothing(&table, HASHES_FILE_MD5, 2, 1));
	CHECK(finds_nothing(&table, HASHES_SECTION_MD5, 1, 100));
	CHECK(finds_nothing(&table, HASHES_FILE_SHA1, 4, 7));
	CHECK(table.count[HASHES_FILE_MD5] == 1 &&
	      table.count[HASHES_FILE_SHA1] == 0);
	CHECK(!table.any_size[HASHES_FILE_MD5] &&
	      table.any_size[HASHES_FILE_SHA256]);
	hashes_close(&table);
	CHECK(finds_nothing(&table, HASHES_FILE_MD5, 1, 100));
}

static void
test_a_hundred_thousand_are_all_found_and_nothing_else(void)
{
	struct hashes_writer writer;
	struct hashes table;
	unsigned i, wrong = 0;
	char name[32];

	hashes_writer_init(&writer);
	for (i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "Win.Test-%u", i);
		add(&writer, i % HASHES_KINDS, i, i + 1, name);
	}
	open_written(&writer, &table);
	CHECK(table.name_count == 100000);
	for (i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "Win.Test-%u", i);
		wrong += !finds(&table, i % HASHES_KINDS, i, i + 1, name);
		wrong +=
		    !finds_nothing(&table, i % HASHES_KINDS, i + 100000, i + 1);
	}
	CHECK(wrong == 0);
	hashes_close(&table);
}

/* Digests as nobody's hash function makes them: the search must not rely on
 * how they are spread. */
static void
test_skewed_digests_are_found_as_well(void)
{
	unsigned char digest[HASHES_DIGEST_MAX] = {0};
	struct hashes_writer writer;
	struct hashes table;
	char name[HASHES_NAME_MAX + 1];
	unsigned i, wrong = 0;

	hashes_writer_init(&writer);
	for (i = 0; i < 5000; i++) {
		digest[0] = (unsigned char)i;
		digest[1] = (unsigned char)(i >> 8);
		hashes_add(&writer, HASHES_FILE_MD5, digest, 5, span_of("x"));
	}
	open_written(&writer, &table);
	for (i = 0; i < 10000; i++) {
		digest[0] = (unsigned char)i;
		digest[1] = (unsigned char)(i >> 8);
		wrong += hashes_find(&table, HASHES_FILE_MD5, digest, 5,
			     name) != (i < 5000);
	}
	CHECK(wrong == 0);
	CHECK(table.name_count == 1);
	hashes_close(&table);
}

static void
test_of_doubles_the_first_stays(void)
{
	struct hashes_writer writer;
	struct hashes table;
	unsigned i;

	hashes_writer_init(&writer);
	for (i = 0; i < 100; i++)
		add(&writer, HASHES_FILE_MD5, i % 10, 1, i < 10 ? "A" : "B");
	open_written(&writer, &table);
	CHECK(table.count[HASHES_FILE_MD5] == 10);
	CHECK(finds(&table, HASHES_FILE_MD5, 9, 1, "A"));
	hashes_close(&table);
}

static void
test_a_name_is_cut_at_its_maximum(void)
{
	struct hashes_writer writer;
	struct hashes table;
	char name[HASHES_NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	hashes_writer_init(&writer);
	add(&writer, HASHES_FILE_MD5, 1, 1, name);
	open_written(&writer, &table);
	name[HASHES_NAME_MAX] = '\0';
	CHECK(finds(&table, HASHES_FILE_MD5, 1, 1, name));
	hashes_close(&table);
}

static void
test_a_table_of_nothing_finds_nothing(void)
{
	struct hashes_writer writer;
	struct hashes table;

	hashes_writer_init(&writer);
	open_written(&writer, &table);
	CHECK(finds_nothing(&table, HASHES_FILE_MD5, 1, 1));
	hashes_close(&table);
}

/* Writes a small table, and gives its octets. */
static size_t
sample(unsigned char *octets, size_t max)
{
	struct hashes_writer writer;
	uint64_t count[HASHES_KINDS];
	int fd = memfd_create("hashes", MFD_CLOEXEC);
	ssize_t n;

	hashes_writer_init(&writer);
	add(&writer, HASHES_FILE_MD5, 1, 100, "One");
	add(&writer, HASHES_FILE_MD5, 2, HASHES_ANY_SIZE, "Two");
	CHECK(hashes_write(&writer, fd, count) == 0);
	hashes_writer_free(&writer);
	n = pread(fd, octets, max, 0);
	close(fd);
	CHECK(n > 0 && (size_t)n < max);
	return (size_t)n;
}

static int
open_octets(struct hashes *table, const unsigned char *octets, size_t size)
{
	int rc, fd = memfd_create("hashes", MFD_CLOEXEC);

	CHECK(write(fd, octets, size) == (ssize_t)size);
	rc = hashes_open(table, fd);
	close(fd);
	return rc;
}

static void
test_a_table_that_is_cut_is_none(void)
{
	unsigned char octets[1000];
	size_t size = sample(octets, sizeof(octets)), i, opened = 0;
	struct hashes table;

	for (i = 0; i < size; i++)
		if (open_octets(&table, octets, i) == 0 || errno != EBADMSG)
			opened++;
	CHECK(opened == 0);
	CHECK(open_octets(&table, octets, size) == 0);
	hashes_close(&table);
	octets[size] = '\0';
	CHECK(open_octets(&table, octets, size + 1) < 0);
}

static void
test_a_damaged_table_is_searched_within_its_bounds(void)
{
	unsigned char octets[1000], hold;
	size_t size = sample(octets, sizeof(octets)), i;
	unsigned hits = 0, nameless = 0;
	struct hashes table;

	for (i = 0; i < size; i++) {
		hold = octets[i];
		octets[i] ^= 0xff;
		if (open_octets(&table, octets, size) == 0) {
			hits += finds(&table, HASHES_FILE_MD5, 1, 100, "One");
			nameless += finds(
			    &table, HASHES_FILE_MD5, 1, 100, HASHES_NAMELESS);
			hashes_close(&table);
		}
		octets[i] = hold;
	}
	CHECK(hits > 0 && nameless > 0);
}

int
main(void)
{
	TEST(what_was_added_is_found_by_kind_digest_and_size);
	TEST(a_hundred_thousand_are_all_found_and_nothing_else);
	TEST(skewed_digests_are_found_as_well);
	TEST(of_doubles_the_first_stays);
	TEST(a_name_is_cut_at_its_maximum);
	TEST(a_table_of_nothing_finds_nothing);
	TEST(a_table_that_is_cut_is_none);
	TEST(a_damaged_table_is_searched_within_its_bounds);
	return test_end();
}
