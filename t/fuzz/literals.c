/*
 * Any octets as a pattern and a text: what matches holds one of the pattern's
 * literals, and a look ahead for how it begins changes nothing.  The pattern
 * ends at the first LF.
 */
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include "base/regex.h"
#include "rules/literals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size}, pattern = text;
	const char *end = span_find(text, span_of("\n"));
	struct buf why = BUF_INIT(256);
	struct arena arena = {0};
	struct literals literals;
	struct starts_table *table;
	struct regex *regex;
	struct regex_match match;
	bool held;
	size_t i;

	if (end == NULL || size > 4096)
		return 0;
	pattern.len = (size_t)(end - text.p);
	text = span_from(text, pattern.len + 1);
	literals_of(&arena, pattern, REGEX_NOCASE, &literals);
	regex = regex_new(pattern, REGEX_NOCASE, &why);
	table =
	    starts_table_new(literals_starts(&arena, pattern, REGEX_NOCASE));
	if (regex != NULL && regex_find(regex, text, 0, &match) > 0) {
		if (table != NULL &&
		    starts_next(table, text, match.start) != match.start)
			abort();
		held = literals.count == 0;
		for (i = 0; i < literals.count && !held; i++)
			held = span_ifind(text, literals.list[i]) != NULL;
		if (!held)
			abort();
	}
	regex_free(regex);
	starts_table_free(table);
	buf_free(&why);
	arena_free(&arena);
	return 0;
}
