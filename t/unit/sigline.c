/* sigline, sigfile: lines of signature files. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sigs/sigfile.h"
#include "sigs/sigline.h"
#include "test.h"

#define MD5 "00112233445566778899aabbccddeeff"
#define SHA1 MD5 "01234567"
#define SHA256 MD5 MD5

static enum sigline_result
parse(struct sigline *sig, const char *extension, const char *line)
{
	const struct sigline_type *type = sigline_type(extension);

	return sigline_parse(sig, type->format, span_of(line));
}

static bool
is_wrong(const char *extension, const char *line)
{
	struct sigline sig;

	return parse(&sig, extension, line) == SIGLINE_WRONG;
}

static void
test_a_file_is_known_by_its_last_extension(void)
{
	CHECK(sigline_type("main.HDB")->format == SIGLINE_FILE);
	CHECK(sigline_type("a.b.msb")->format == SIGLINE_SECTION);
	CHECK(sigline_type("x.sfp")->format == SIGLINE_GOOD);
	CHECK(sigline_type("x.ndu")->pua && !sigline_type("x.ndb")->pua);
	CHECK(sigline_type("daily.cld")->format == SIGLINE_CONTAINER);
	CHECK(sigline_type("x.ign2")->format == SIGLINE_IGNORE);
	CHECK(sigline_type("x.yara")->format == SIGLINE_OTHER);
	CHECK(sigline_type("freshclam.dat") == NULL);
	CHECK(sigline_type("hdb") == NULL && sigline_type("x.") == NULL);
	CHECK(sigline_type("x.hdb~") == NULL && sigline_type("") == NULL);
}

static void
test_a_hash_has_its_kind_by_file_and_length(void)
{
	static const struct {
		const char *extension, *line;
		enum hashes_kind kind;
		uint64_t size;
	} cases[] = {
	    {".hdb", MD5 ":7:Name", HASHES_FILE_MD5, 7},
	    {".hdb", SHA256 ":7:Name", HASHES_FILE_SHA256, 7},
	    {".hsb", SHA1 ":4294967294:Name", HASHES_FILE_SHA1, 4294967294U},
	    {".hsb", SHA1 ":*:Name:73", HASHES_FILE_SHA1, HASHES_ANY_SIZE},
	    {".mdb", "7:" MD5 ":Name", HASHES_SECTION_MD5, 7},
	    {".msb", "*:" SHA256 ":Name:73:255", HASHES_SECTION_SHA256,
		HASHES_ANY_SIZE},
	    {".fp", MD5 ":7:Name\r", HASHES_FILE_MD5, 7},
	};
	struct sigline sig;
	size_t i;

	for (i = 0; i < nitems(cases); i++) {
		CHECK(parse(&sig, cases[i].extension, cases[i].line) ==
		      SIGLINE_RIGHT);
		CHECK(sig.kind == cases[i].kind && sig.size == cases[i].size);
		CHECK(span_eq(sig.name, span_of("Name")));
		CHECK(memcmp(sig.digest, "\x00\x11\x22\x33\x44", 5) == 0);
	}
}

static void
test_hex_digits_may_be_in_any_case(void)
{
	struct sigline sig;

	CHECK(parse(&sig, ".hdb", "00112233445566778899AABBCCDDEEFf:1:N") ==
	      SIGLINE_RIGHT);
	CHECK(sig.digest[10] == 0xaa && sig.digest[15] == 0xff);
	CHECK(is_wrong(".hdb", "0011223344556677 899aabbccddeeff:1:N"));
	CHECK(is_wrong(".hdb", "0g112233445566778899aabbccddeeff:1:N"));
}

static void
test_levels_are_taken_with_their_defaults(void)
{
	struct sigline sig;

	CHECK(parse(&sig, ".hdb", MD5 ":7:N") == SIGLINE_RIGHT);
	CHECK(sig.min_level == 0 && sig.max_level == UINT64_MAX);
	CHECK(parse(&sig, ".hdb", MD5 ":7:N:10:20") == SIGLINE_RIGHT);
	CHECK(sig.min_level == 10 && sig.max_level == 20);
	CHECK(parse(&sig, ".ndb", "N:1:*:00:10") == SIGLINE_RIGHT);
	CHECK(sig.min_level == 10 && sig.max_level == UINT64_MAX);
	CHECK(is_wrong(".hdb", MD5 ":7:N:x"));
	CHECK(is_wrong(".hdb", MD5 ":7:N:1:2:3"));
}

static void
test_a_hash_that_libclamav_would_not_load_is_wrong(void)
{
	CHECK(is_wrong(".hdb", MD5 ":7"));
	CHECK(is_wrong(".hdb", MD5 ":7:"));
	CHECK(is_wrong(".hdb", MD5 ":0:N"));
	CHECK(is_wrong(".hdb", MD5 "::N"));
	CHECK(is_wrong(".hdb", MD5 ":-1:N"));
	CHECK(is_wrong(".hdb", MD5 ":4294967295:N"));
	CHECK(is_wrong(".hdb", MD5 ":99999999999999999999:N"));
	CHECK(is_wrong(".hdb", MD5 "00:7:N"));
	CHECK(is_wrong(".hsb", SHA1 ":*:N"));
	CHECK(is_wrong(".hsb", SHA1 ":*:N:72"));
	CHECK(is_wrong(".mdb", MD5 ":7:N"));
	CHECK(is_wrong(".hdb", "7:" MD5 ":N"));
}

static void
test_a_body_and_a_logical_one_have_a_target(void)
{
	struct sigline sig;

	CHECK(parse(&sig, ".ndb", "Win.A-1:1:EP+0:0011??{2-}22") ==
	      SIGLINE_RIGHT);
	CHECK(sig.target == 1 && span_eq(sig.name, span_of("Win.A-1")));
	CHECK(parse(&sig, ".ldb", "A;Target:9;0;00") == SIGLINE_RIGHT);
	CHECK(sig.target == 9);
	CHECK(parse(&sig, ".ldb",
		  "A;Engine:51-255,Target:0,FileSize:1-2;0&1;00;0/a;b/i") ==
	      SIGLINE_RIGHT);
	CHECK(sig.target == 0 && span_eq(sig.name, span_of("A")));
	CHECK(is_wrong(".ndb", "A:1:*"));
	CHECK(is_wrong(".ndb", "A:1:*:"));
	CHECK(is_wrong(".ndb", "A:x:*:00"));
	CHECK(is_wrong(".ndb", "A:32:*:00"));
	CHECK(is_wrong(".ndb", ":1:*:00"));
	CHECK(is_wrong(".ldb", "A;Target:1;0"));
	CHECK(is_wrong(".ldb", "A;Target:1;;00"));
	CHECK(is_wrong(".ldb", "A;Engine:51-255;0;00"));
	CHECK(is_wrong(".ldb", "A;Target:;0;00"));
	CHECK(sigline_is_native(1) && sigline_is_native(6) &&
	      sigline_is_native(9) && !sigline_is_native(0) &&
	      !sigline_is_native(2));
}

static void
test_ignored_names_come_in_three_forms(void)
{
	struct sigline sig;

	CHECK(parse(&sig, ".ign2", "Win.A-1") == SIGLINE_RIGHT);
	CHECK(span_eq(sig.name, span_of("Win.A-1")) && !sig.has_digest);
	CHECK(parse(&sig, ".ign2", "Win.A-1:" MD5) == SIGLINE_RIGHT);
	CHECK(span_eq(sig.name, span_of("Win.A-1")) && sig.has_digest);
	CHECK(parse(&sig, ".ign", "main.db:12:Win.A-1") == SIGLINE_RIGHT);
	CHECK(span_eq(sig.name, span_of("Win.A-1")) && !sig.has_digest);
	CHECK(is_wrong(".ign2", "Win.A-1:" SHA1));
	CHECK(is_wrong(".ign2", "a:b:c:d"));
	CHECK(is_wrong(".ign2", ":" MD5));
}

static void
test_comments_and_empty_lines_are_nothing(void)
{
	struct sigline sig;

	CHECK(parse(&sig, ".hdb", "") == SIGLINE_EMPTY);
	CHECK(parse(&sig, ".hdb", "\r") == SIGLINE_EMPTY);
	CHECK(parse(&sig, ".hdb", "# " MD5 ":7:N") == SIGLINE_EMPTY);
	CHECK(sigline_parse(&sig, SIGLINE_FILE,
		  (struct span){MD5 ":7:N\0x", 38}) == SIGLINE_WRONG);
}

/* A line at the limit, one over it, an empty one, and one without LF. */
static void
test_a_file_is_read_line_by_line(void)
{
	static char text[4 * SIGLINE_MAX];
	int fd = memfd_create("lines", MFD_CLOEXEC);
	struct sigfile file;
	struct span line;
	size_t len = 0;

	memset(text, 'a', sizeof(text));
	len = SIGLINE_MAX;
	text[len++] = '\n';
	len += SIGLINE_MAX + 1;
	text[len++] = '\n';
	text[len++] = '\n';
	text[len++] = 'b';
	CHECK(write(fd, text, len) == (ssize_t)len);
	sigfile_init(&file, fd);
	CHECK(sigfile_next(&file, &line) == 1);
	CHECK(line.len == SIGLINE_MAX && !file.too_long && file.number == 1);
	CHECK(sigfile_next(&file, &line) == 1);
	CHECK(file.too_long && file.number == 2);
	CHECK(sigfile_next(&file, &line) == 1);
	CHECK(line.len == 0 && !file.too_long && file.number == 3);
	CHECK(sigfile_next(&file, &line) == 1);
	CHECK(span_eq(line, span_of("b")) && file.number == 4);
	CHECK(sigfile_next(&file, &line) == 0);
	CHECK(sigfile_next(&file, &line) == 0);
	/* the offset is left alone */
	CHECK(lseek(fd, 0, SEEK_CUR) == (off_t)len);
	sigfile_free(&file);
	close(fd);
}

static void
test_a_line_without_end_costs_no_memory_and_ends(void)
{
	static char text[SIGFILE_BUFFER * 5];
	int fd = memfd_create("lines", MFD_CLOEXEC);
	struct sigfile file;
	struct span line;

	memset(text, 'a', sizeof(text));
	CHECK(write(fd, text, sizeof(text)) == sizeof(text));
	sigfile_init(&file, fd);
	CHECK(sigfile_next(&file, &line) == 1 && file.too_long);
	CHECK(sigfile_next(&file, &line) == 0);
	sigfile_free(&file);
	close(fd);
}

int
main(void)
{
	TEST(a_file_is_known_by_its_last_extension);
	TEST(a_hash_has_its_kind_by_file_and_length);
	TEST(hex_digits_may_be_in_any_case);
	TEST(levels_are_taken_with_their_defaults);
	TEST(a_hash_that_libclamav_would_not_load_is_wrong);
	TEST(a_body_and_a_logical_one_have_a_target);
	TEST(ignored_names_come_in_three_forms);
	TEST(comments_and_empty_lines_are_nothing);
	TEST(a_file_is_read_line_by_line);
	TEST(a_line_without_end_costs_no_memory_and_ends);
	return test_end();
}
