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

/* The pattern with the look ahead; NULL if there is none. */
static struct regex *
with_starts(struct arena *arena, struct span pattern)
{
	struct buf written = BUF_INIT(1 << 20), why = BUF_INIT(256);
	struct regex *regex = NULL;

	if (starts_write(
		literals_starts(arena, pattern, REGEX_NOCASE), &written)) {
		buf_addf(&written, "(?:%.*s)", SPAN_ARG(pattern));
		regex = regex_new(buf_span(&written), REGEX_NOCASE, &why);
	}
	buf_free(&written);
	buf_free(&why);
	return regex;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size}, pattern = text;
	const char *end = span_find(text, span_of("\n"));
	struct buf why = BUF_INIT(256);
	struct arena arena = {0};
	struct literals literals;
	struct regex *regex, *other;
	struct regex_match match, again;
	bool held;
	size_t i;

	if (end == NULL || size > 4096)
		return 0;
	pattern.len = (size_t)(end - text.p);
	text = span_from(text, pattern.len + 1);
	literals_of(&arena, pattern, REGEX_NOCASE, &literals);
	regex = regex_new(pattern, REGEX_NOCASE, &why);
	other = regex != NULL && memchr(pattern.p, '\0', pattern.len) == NULL
		    ? with_starts(&arena, pattern)
		    : NULL;
	if (regex != NULL && regex_find(regex, text, 0, &match) > 0) {
		if (other != NULL &&
		    (regex_find(other, text, 0, &again) <= 0 ||
			again.start != match.start || again.end != match.end))
			abort();
		held = literals.count == 0;
		for (i = 0; i < literals.count && !held; i++)
			held = span_ifind(text, literals.list[i]) != NULL;
		if (!held)
			abort();
	}
	regex_free(regex);
	regex_free(other);
	buf_free(&why);
	arena_free(&arena);
	return 0;
}
