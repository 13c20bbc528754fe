#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/huge.h"
#include "base/scan.h"

#define MAPS_MAX (1 << 20)

/* What sys/mman.h has in newer libraries. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static int
digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_digit(int c)
{
	return digit(c) >= 0;
}

static bool
is_space(int c)
{
	return c == ' ';
}

static uintptr_t
take_address(struct scan *scan)
{
	struct span text = scan_while(scan, is_digit);
	uintptr_t value = 0;
	size_t i;

	for (i = 0; i < text.len; i++)
		value = value << 4 | (uintptr_t)digit(text.p[i]);
	return value;
}

/* A line of proc_pid_maps(5): "BEGIN-END rw-p OFFSET DEVICE INODE   NAME". */
static void
collapse(struct span line)
{
	uintptr_t begin, end;
	struct span name;
	struct scan scan;

	scan_init(&scan, line);
	begin = take_address(&scan);
	scan_char(&scan, '-');
	end = take_address(&scan);
	scan_text(&scan, " rw-p ");
	scan_until(&scan, ' ');
	scan_until(&scan, ' ');
	scan_text(&scan, "0");
	scan_while(&scan, is_space);
	name = scan_rest(&scan);
	if (scan_ok(&scan) &&
	    (name.len == 0 || span_eq(name, span_of("[heap]"))))
		madvise((void *)begin, end - begin, MADV_COLLAPSE);
}

void
huge_collapse(void)
{
	struct buf maps = BUF_INIT(MAPS_MAX);
	struct scan scan;

	if (file_read("/proc/self/maps", &maps) == 0) {
		scan_init(&scan, buf_span(&maps));
		while (scan_peek(&scan) >= 0 && !scan.bad)
			collapse(scan_until(&scan, '\n'));
	}
	buf_free(&maps);
}
