#include "eval/written.h"
#include "base/ascii.h"
#include "rules/pattern.h"

static unsigned
flag_of(char c)
{
	switch (c) {
	case 'i':
		return REGEX_NOCASE;
	case 'm':
		return REGEX_MULTILINE;
	case 's':
		return REGEX_DOTALL;
	case 'x':
		return REGEX_EXTENDED;
	}
	return 0;
}

/* The delimiter that ends what begins with one, taken off the front; 0 if none
 * does. */
static char
take_delimiter(struct span *rest)
{
	static const char pairs[] = "{}()<>[]";
	const char *pair;
	size_t at = span_starts(*rest, "m") ? 1 : 0;
	char c;

	if (rest->len <= at)
		return 0;
	c = rest->p[at];
	if (c == '\\' || ascii_is_space(c) || (at == 0 && c != '/') ||
	    (c >= '0' && c <= '9') || c == '_' ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		return 0;
	*rest = span_from(*rest, at + 1);
	pair = c != '\0' ? strchr(pairs, c) : NULL;
	return pair != NULL && (pair - pairs) % 2 == 0 ? pair[1] : c;
}

/* Octets of the flags behind a delimiter; SIZE_MAX if other things follow. */
static size_t
flags_len(struct span text, unsigned *flags)
{
	size_t i;

	*flags = 0;
	for (i = 0; i < text.len && flag_of(text.p[i]) != 0; i++)
		*flags |= flag_of(text.p[i]);
	return i == text.len || ascii_is_space(text.p[i]) ? i : (size_t)-1;
}

struct regex *
written_regex(struct span *rest, struct buf *why)
{
	char end = take_delimiter(rest);
	struct span pattern;
	unsigned flags;
	size_t at, len;

	for (at = 0; end != 0 && at < rest->len; at++) {
		if (rest->p[at] != end)
			continue;
		len = flags_len(span_from(*rest, at + 1), &flags);
		if (len == (size_t)-1)
			continue;
		pattern = (struct span){rest->p, at};
		*rest = span_from(*rest, at + 1 + len);
		return rule_regex(pattern, flags, why);
	}
	buf_adds(why, "no pattern in delimiters");
	return NULL;
}
