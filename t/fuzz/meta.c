/*
 * Any octets as an expression over rules: its value is found, whatever the
 * order in which rules are asked, and truth is the same in both orders.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long
find(void *arg, struct span name)
{
	(void)arg;
	return name.len == 1 && name.p[0] >= 'A' && name.p[0] <= 'Z'
		   ? name.p[0] - 'A'
		   : -1;
}

static void
match(void *arg, struct span glob, void (*found)(void *to, long rule), void *to)
{
	(void)arg;
	if (glob.len < 3)
		found(to, 3);
}

static double
value(void *arg, long rule, bool truth)
{
	(void)arg;
	(void)truth;
	return rule % 4;
}

static unsigned
cost(void *arg, long rule)
{
	(void)arg;
	return (unsigned)(26 - rule);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct meta_names names = {find, match, true, NULL};
	struct span text = {(const char *)data, size};
	struct buf why = BUF_INIT(256);
	struct arena arena = {0};
	struct meta *meta = meta_parse(&arena, text, &names, &why);

	if (meta != NULL) {
		meta_order(meta, cost, NULL);
		if ((meta_value(meta, true, value, NULL) != 0) !=
		    (meta_value(meta, false, value, NULL) != 0))
			abort();
	} else if (why.len == 0)
		abort();
	buf_free(&why);
	arena_free(&arena);
	return 0;
}
