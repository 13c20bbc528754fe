#include "base/scan.h"

void
scan_init(struct scan *scan, struct span text)
{
	scan->p = text.p;
	scan->end = text.len > 0 ? text.p + text.len : text.p;
	scan->bad = false;
}

int
scan_peek(const struct scan *scan)
{
	if (scan->bad || scan->p == scan->end)
		return -1;
	return (unsigned char)*scan->p;
}

bool
scan_ok(const struct scan *scan)
{
	return !scan->bad && scan->p == scan->end;
}

void
scan_fail(struct scan *scan)
{
	scan->bad = true;
}

bool
scan_maybe(struct scan *scan, char c)
{
	if (scan_peek(scan) != (unsigned char)c)
		return false;
	scan->p++;
	return true;
}

bool
scan_maybe_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if (scan->bad || (size_t)(scan->end - scan->p) < len ||
	    strncasecmp(scan->p, word, len) != 0)
		return false;
	scan->p += len;
	return true;
}

void
scan_char(struct scan *scan, char c)
{
	if (!scan_maybe(scan, c))
		scan->bad = true;
}

void
scan_text(struct scan *scan, const char *text)
{
	size_t len = strlen(text);

	if (scan->bad || (size_t)(scan->end - scan->p) < len ||
	    memcmp(scan->p, text, len) != 0) {
		scan->bad = true;
		return;
	}
	scan->p += len;
}

struct span
scan_until(struct scan *scan, char c)
{
	struct span span = {scan->p, 0};
	const char *hit;

	if (scan->bad || scan->p == scan->end ||
	    (hit = memchr(scan->p, c, (size_t)(scan->end - scan->p))) == NULL) {
		scan->bad = true;
		return span;
	}
	span.len = (size_t)(hit - scan->p);
	scan->p = hit + 1;
	return span;
}

struct span
scan_while(struct scan *scan, bool (*is)(int c))
{
	struct span span = {scan->p, 0};

	while (scan_peek(scan) >= 0 && is(scan_peek(scan)))
		scan->p++;
	span.len = (size_t)(scan->p - span.p);
	return span;
}

struct span
scan_rest(struct scan *scan)
{
	struct span span = {scan->p, 0};

	if (!scan->bad)
		span.len = (size_t)(scan->end - scan->p);
	scan->p = scan->bad ? scan->p : scan->end;
	return span;
}

uint64_t
scan_number(struct scan *scan, uint64_t max)
{
	uint64_t n = 0, digit;
	int c = scan_peek(scan);

	if (c < '0' || c > '9') {
		scan->bad = true;
		return 0;
	}
	if (scan_maybe(scan, '0')) {
		c = scan_peek(scan);
		if (c >= '0' && c <= '9')
			scan->bad = true;
		return 0;
	}
	while ((c = scan_peek(scan)) >= '0' && c <= '9') {
		digit = (uint64_t)(c - '0');
		if (n > max / 10 || digit > max - n * 10) {
			scan->bad = true;
			return 0;
		}
		n = n * 10 + digit;
		scan->p++;
	}
	return n;
}
