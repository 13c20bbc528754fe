/* pe: the sections of Windows programs, as libclamav counts them. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "scan/pe.h"
#include "test.h"

#define PE_AT 0x80
#define OPTIONAL_SIZE 224

struct section {
	uint32_t at;
	uint32_t size;
};

static void
put(struct buf *file, size_t at, uint32_t n, unsigned width)
{
	for (; width > 0; width--, n >>= 8)
		file->p[at++] = (char)n;
}

/* A program of total octets; the octet at N is N / 16. */
static void
make(struct buf *file, uint32_t align, const struct section *sections,
    size_t count, size_t total)
{
	size_t i, table = PE_AT + 24 + OPTIONAL_SIZE;

	buf_reset(file);
	buf_room(file, total + 10000);
	for (file->len = 0; file->len < total + 10000; file->len++)
		file->p[file->len] = (char)(file->len / 16);
	memcpy(file->p, "MZ", 2);
	put(file, 0x3c, PE_AT, 4);
	memcpy(file->p + PE_AT, "PE\0", 4);
	put(file, PE_AT + 6, (uint32_t)count, 2);
	put(file, PE_AT + 20, OPTIONAL_SIZE, 2);
	put(file, PE_AT + 60, align, 4);
	for (i = 0; i < count; i++) {
		put(file, table + i * 40 + 16, sections[i].size, 4);
		put(file, table + i * 40 + 20, sections[i].at, 4);
	}
	file->len = total;
}

/* What is found for one section at that place, as "OFFSET+SIZE". */
static bool
section_is(uint32_t align, uint32_t at, uint32_t size, const char *want)
{
	struct section section = {at, size};
	struct span found[PE_SECTIONS_MAX];
	struct buf file = BUF_INIT(1 << 20), text = BUF_INIT(100);
	bool same;

	make(&file, align, &section, 1, 0x1000);
	if (pe_sections(buf_span(&file), found) > 0)
		buf_addf(&text, "%zx+%zx", (size_t)(found[0].p - file.p),
		    found[0].len);
	same = strcmp(buf_str(&text), want) == 0;
	if (!same)
		printf("# %s\n", buf_str(&text));
	buf_free(&text);
	buf_free(&file);
	return same;
}

static void
test_sections_are_aligned(void)
{
	CHECK(section_is(0x200, 0x400, 0x200, "400+200"));
	CHECK(section_is(0x200, 0x401, 0x1ff, "400+200"));
	CHECK(section_is(0x200, 0x5ff, 0x201, "400+400"));
	CHECK(section_is(0, 0x5ff, 0x201, "5ff+201"));
	CHECK(section_is(1, 0x5ff, 0x201, "5ff+201"));
	CHECK(section_is(0x10, 0x5ff, 0x201, "5f0+210"));
	CHECK(section_is(3, 0x3fe, 1, "3fc+3"));
	/* where only the usual alignment fits */
	CHECK(section_is(0x1000, 0x400, 0x201, "400+400"));
	CHECK(section_is(0x1000, 0x410, 0x201, "0+1000"));
	CHECK(section_is(0xffffffff, 0x410, 1, "0+1000"));
}

static void
test_sections_end_with_the_file(void)
{
	CHECK(section_is(0x200, 0xe00, 0x201, "e00+200"));
	CHECK(section_is(0x200, 0xfff, 0x1, "e00+200"));
	CHECK(section_is(0x200, 0x1000, 0x1, ""));
	CHECK(section_is(0x200, 0xffffffff, 0xffffffff, ""));
	CHECK(section_is(0x200, 0x200, 0xffffffff, "200+e00"));
	CHECK(section_is(0x200, 0x200, 0, ""));
}

static void
test_empty_sections_are_left_out(void)
{
	struct section sections[] = {
	    {0, 0}, {0x400, 0x200}, {0x2000, 1}, {0x600, 0}, {0x600, 0x400}};
	struct span found[PE_SECTIONS_MAX];
	struct buf file = BUF_INIT(1 << 20);

	make(&file, 0x200, sections, nitems(sections), 0x1000);
	CHECK(pe_sections(buf_span(&file), found) == 2);
	CHECK(found[0].p == file.p + 0x400 && found[0].len == 0x200);
	CHECK(found[1].p == file.p + 0x600 && found[1].len == 0x400);
	buf_free(&file);
}

static void
test_no_more_than_the_first_97_are_seen(void)
{
	struct section sections[200];
	struct span found[PE_SECTIONS_MAX];
	struct buf file = BUF_INIT(1 << 20);
	uint32_t i;

	for (i = 0; i < nitems(sections); i++)
		sections[i] = (struct section){0x200 * i, 1};
	make(&file, 0x200, sections, nitems(sections), 0x20000);
	CHECK(pe_sections(buf_span(&file), found) == PE_SECTIONS_MAX);
	CHECK(found[96].p == file.p + 0x200 * 96);
	buf_free(&file);
}

static void
test_a_file_may_end_anywhere(void)
{
	struct section sections[] = {{0x0, 0x200}, {0x10, 0x200}};
	struct span found[PE_SECTIONS_MAX];
	struct buf file = BUF_INIT(1 << 20);
	struct span part;
	size_t n, table = PE_AT + 24 + OPTIONAL_SIZE;

	make(&file, 0x200, sections, nitems(sections), 0x1000);
	for (part = buf_span(&file); part.len > 0; part.len--) {
		n = pe_sections(part, found);
		if (part.len >= table + 80)
			CHECK(n == 2);
		if (part.len < table)
			CHECK(n == 0);
	}
	CHECK(pe_sections(part, found) == 0);
	buf_free(&file);
}

static void
test_other_files_have_no_sections(void)
{
	struct section section = {0x400, 0x200};
	struct span found[PE_SECTIONS_MAX];
	struct buf file = BUF_INIT(1 << 20);

	make(&file, 0x200, &section, 1, 0x1000);
	memcpy(file.p, "ZM", 2);
	CHECK(pe_sections(buf_span(&file), found) == 1);
	memcpy(file.p, "MX", 2);
	CHECK(pe_sections(buf_span(&file), found) == 0);
	memcpy(file.p, "MZ", 2);
	memcpy(file.p + PE_AT, "NE", 2);
	CHECK(pe_sections(buf_span(&file), found) == 0);
	memcpy(file.p + PE_AT, "PE", 2);
	put(&file, 0x3c, 0, 4);
	CHECK(pe_sections(buf_span(&file), found) == 0);
	put(&file, 0x3c, 0xffffffff, 4);
	CHECK(pe_sections(buf_span(&file), found) == 0);
	put(&file, 0x3c, PE_AT, 4);
	put(&file, PE_AT + 20, 0xffff, 2);
	CHECK(pe_sections(buf_span(&file), found) == 0);
	buf_free(&file);
}

int
main(void)
{
	TEST(sections_are_aligned);
	TEST(sections_end_with_the_file);
	TEST(empty_sections_are_left_out);
	TEST(no_more_than_the_first_97_are_seen);
	TEST(a_file_may_end_anywhere);
	TEST(other_files_have_no_sections);
	return test_end();
}
