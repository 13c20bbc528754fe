/*
 * Any octets as an address and as a line of text: what is found lies in the
 * line, one behind the other, and has readings of bounded length.
 */
#include <stdint.h>
#include <stdlib.h>

#include "uri/uripart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_one(struct arena *arena, const struct tld *tld, struct span uri)
{
	struct uri_readings readings = {0};
	struct span host, domain;
	size_t i;

	uri_readings(arena, tld, uri, &readings);
	if (readings.count == 0 || readings.count > URI_READINGS_MAX)
		abort();
	for (i = 0; i < readings.count; i++) {
		if (readings.list[i].len > URI_LEN_MAX)
			abort();
		domain = uri_domain(arena, tld, readings.list[i], &host);
		if (domain.p != NULL &&
		    (host.p == NULL || domain.len > host.len))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = {(const char *)data, size}, uri;
	struct uri_search search = {.line = line};
	struct arena arena = {0};
	struct uri_found found;
	static struct tld *tld;
	const char *end = line.p;
	unsigned types = 0;

	if (tld == NULL) {
		tld = tld_new();
		tld_add(tld, 1, span_of("com uk us"));
		tld_add(tld, 2, span_of("co.uk"));
	}
	search.tld = tld;
	while (uri_next(&search, &found)) {
		if (found.raw.len == 0 || found.raw.p < end ||
		    found.raw.p + found.raw.len > line.p + line.len)
			abort();
		end = found.raw.p + found.raw.len;
		found.raw = uri_trim(found.raw);
		if (found.raw.len == 0)
			continue;
		uri = uri_complete(&arena, tld, &found, &types);
		if (uri.p != NULL)
			read_one(&arena, tld, uri);
	}
	read_one(&arena, tld, line);
	arena_free(&arena);
	return 0;
}
