#include "rules/quantifier.h"

/* Where the class that begins there ends. */
static size_t
skip_class(struct span text, size_t at)
{
	size_t i = at + 1;

	if (i < text.len && text.p[i] == '^')
		i++;
	if (i < text.len && text.p[i] == ']')
		i++;
	for (; i < text.len && text.p[i] != ']'; i++)
		if (text.p[i] == '\\')
			i++;
	return i;
}

static bool
is_quantifier(struct span text)
{
	if (text.len == 0)
		return false;
	switch (text.p[0]) {
	case '?':
	case '*':
	case '+':
		return true;
	case '{':
		return text.len > 1 && text.p[1] >= '0' && text.p[1] <= '9';
	default:
		return false;
	}
}

bool
quantifier_mend(struct span pattern, struct buf *mended)
{
	size_t i, from = 0;
	bool found = false;

	for (i = 0; i < pattern.len; i++) {
		if (pattern.p[i] == '\\')
			i++;
		else if (pattern.p[i] == '[')
			i = skip_class(pattern, i);
		else if ((pattern.p[i] == '$' || pattern.p[i] == '^') &&
			 is_quantifier(span_from(pattern, i + 1))) {
			buf_add(mended, pattern.p + from, i - from);
			buf_addf(mended, "(?:%c)", pattern.p[i]);
			from = i + 1;
			found = true;
		}
	}
	buf_addspan(mended, span_from(pattern, from));
	return found && !mended->full;
}
