/* zip: members of archives, and what is none. */
#include <stdlib.h>
#include <string.h>

#include "base/zip.h"
#include "test.h"
#include "zipmaker.h"

static struct zipmaker maker;
static struct arena arena;

static void
make_two(void)
{
	zipmaker_begin(&maker);
	zipmaker_add(&maker, "a.txt", span_of("stored"), false, 0);
	zipmaker_add(&maker, "b/c.txt",
	    span_of("deflated deflated deflated deflated"), true, 0);
	zipmaker_end(&maker);
}

static void
test_members_are_listed_and_read(void)
{
	struct buf octets = BUF_INIT(1 << 20);
	struct zip zip;

	make_two();
	CHECK(zip_open(&zip, &arena, buf_span(&maker.octets)));
	CHECK(zip.count == 2);
	CHECK(span_is(zip.members[0].name, "a.txt"));
	CHECK(span_is(zip.members[1].name, "b/c.txt"));
	CHECK(zip_read(&zip.members[0], &octets));
	CHECK(span_is(buf_span(&octets), "stored"));
	buf_reset(&octets);
	CHECK(zip_read(&zip.members[1], &octets));
	CHECK(
	    span_is(buf_span(&octets), "deflated deflated deflated deflated"));
	buf_free(&octets);
	zipmaker_free(&maker);
}

static void
test_what_follows_the_end_is_a_comment(void)
{
	struct zip zip;

	make_two();
	buf_adds(&maker.octets, "a comment");
	CHECK(zip_open(&zip, &arena, buf_span(&maker.octets)));
	CHECK(zip.count == 2);
	zipmaker_free(&maker);
}

static void
test_an_encrypted_member_is_known_and_not_read(void)
{
	struct buf octets = BUF_INIT(1 << 20);
	struct zip zip;

	zipmaker_begin(&maker);
	zipmaker_add(&maker, "a", span_of("secret"), false, 1);
	zipmaker_end(&maker);
	CHECK(zip_open(&zip, &arena, buf_span(&maker.octets)));
	CHECK(zip.count == 1 && zip.members[0].encrypted);
	CHECK(!zip_read(&zip.members[0], &octets));
	zipmaker_free(&maker);
}

static void
test_what_has_no_room_is_not_read(void)
{
	static char zeros[500000];
	struct buf octets = BUF_INIT(200000);
	struct zip zip;

	zipmaker_begin(&maker);
	zipmaker_add(
	    &maker, "bomb", (struct span){zeros, sizeof(zeros)}, true, 0);
	zipmaker_end(&maker);
	CHECK(maker.octets.len < 1000);
	CHECK(zip_open(&zip, &arena, buf_span(&maker.octets)));
	CHECK(!zip_read(&zip.members[0], &octets));
	CHECK(octets.len <= 200000);
	buf_free(&octets);
	zipmaker_free(&maker);
}

static void
test_no_cut_reads_past_the_end(void)
{
	struct buf octets = BUF_INIT(1 << 20);
	struct zip zip;
	size_t len, i;
	char *copy;

	make_two();
	for (len = 0; len < maker.octets.len; len++) {
		/* at the end of its own memory, so that a sanitizer sees */
		copy = malloc(len + 1);
		if (copy == NULL)
			abort();
		memcpy(copy, maker.octets.p, len);
		CHECK(!zip_open(&zip, &arena, (struct span){copy, len}));
		free(copy);
	}
	/* and any octet may be any other */
	for (i = 0; i < maker.octets.len; i++) {
		maker.octets.p[i] = (char)~maker.octets.p[i];
		if (zip_open(&zip, &arena, buf_span(&maker.octets)))
			for (len = 0; len < zip.count; len++) {
				buf_reset(&octets);
				(void)zip_read(&zip.members[len], &octets);
			}
		maker.octets.p[i] = (char)~maker.octets.p[i];
	}
	buf_free(&octets);
	zipmaker_free(&maker);
}

int
main(void)
{
	TEST(members_are_listed_and_read);
	TEST(what_follows_the_end_is_a_comment);
	TEST(an_encrypted_member_is_known_and_not_read);
	TEST(what_has_no_room_is_not_read);
	TEST(no_cut_reads_past_the_end);
	arena_free(&arena);
	return test_end();
}
