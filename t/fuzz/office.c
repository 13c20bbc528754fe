/*
 * Any octets as an attachment of any office program, the first octet chooses
 * the name.  All archives in it are unpacked, and what is unpacked stays within
 * its limit.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/zip.h"
#include "eval/office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct regex *
pattern(const char *text)
{
	struct buf why = BUF_INIT(1000);
	struct regex *regex = regex_new(span_of(text), REGEX_NOCASE, &why);

	if (regex == NULL)
		abort();
	return regex;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
	    "a.doc", "a.docm", "a.zip", "a.csv", "a"};
	static struct office_config config;
	struct arena arena = {0};
	struct office office = {.config = &config, .arena = &arena};
	char *copy;

	if (size == 0)
		return 0;
	if (config.plain == NULL)
		config = (struct office_config){.plain = pattern("doc$"),
		    .macro = pattern("docm$"),
		    .archives = pattern("zip$"),
		    .all = true,
		    .members_max = 8,
		    .depth_max = 3};
	/* memory of its own, so that a read behind the end is seen */
	copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	office_look(&office, span_of(names[data[0] % nitems(names)]),
	    (struct span){copy, size - 1});
	if (office.unpacked > OFFICE_ALL_MAX)
		abort();
	arena_free(&arena);
	free(copy);
	return 0;
}
