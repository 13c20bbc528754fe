/* huge: memory stays what it is. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/huge.h"
#include "base/sandbox.h"
#include "outside.h"
#include "test.h"

#define SIZE (16 << 20)

/* KB of huge pages that this process has. */
static long
huge_pages(void)
{
	struct buf text = BUF_INIT(1 << 16);
	const char *at;
	long value = -1;

	if (file_read("/proc/self/smaps_rollup", &text) == 0) {
		at = strstr(buf_str(&text), "AnonHugePages:");
		if (at != NULL)
			value = strtol(at + 14, NULL, 10);
	}
	buf_free(&text);
	return value;
}

/* Whether this kernel does it at all.  One that an emulator plays may say so
 * and not do it. */
static const char *
lacks_collapse(void)
{
	long before = huge_pages();
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool can;

	memset(map, 1, SIZE);
	can = madvise(map, SIZE, 25) == 0 && /* MADV_COLLAPSE */
	      before >= 0 && huge_pages() - before >= SIZE / 1024 / 2;
	munmap(map, SIZE);
	return SANDBOX_SANITIZED ? "the sanitizer has a shadow of all memory"
	       : can             ? NULL
				 : "the kernel has no huge pages";
}

static void
test_what_there_is_becomes_huge_and_stays_what_it_is(void)
{
	unsigned char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i, wrong = 0;
	long before;

	for (i = 0; i < SIZE; i++)
		map[i] = (unsigned char)(i * 7);
	before = huge_pages();
	huge_collapse();
	CHECK(huge_pages() > before || before >= SIZE / 1024 / 2);
	for (i = 0; i < SIZE; i++)
		wrong += map[i] != (unsigned char)(i * 7);
	CHECK(wrong == 0);
	munmap(map, SIZE);
}

int
main(void)
{
	TEST_IF(
	    lacks_collapse(), what_there_is_becomes_huge_and_stays_what_it_is);
	return test_end();
}
