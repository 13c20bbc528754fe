#include "spam/vouch.h"
#include "base/ascii.h"
#include "base/scan.h"

#define COMMENTS_MAX 10 /* comments in comments */

static bool
is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static bool
is_value(int c)
{
	return c > ' ' && c != 0x7f && c != ';' && c != '(' && c != '"' &&
	       c != '@';
}

static int
take(struct scan *scan)
{
	int c = scan_peek(scan);

	if (c < 0)
		scan_fail(scan);
	else
		scan_char(scan, (char)c);
	return c;
}

/* Blanks and comments (RFC 5322, 3.2.2). */
static void
skip(struct scan *scan)
{
	int c, depth = 0;

	for (;;) {
		if (depth == 0)
			scan_while(scan, ascii_is_space);
		if (depth == 0 && scan_peek(scan) != '(')
			return;
		c = take(scan);
		if (c < 0)
			return;
		if (c == '\\')
			take(scan);
		else if (c == '(' && ++depth > COMMENTS_MAX)
			scan_fail(scan);
		else if (c == ')')
			depth--;
	}
}

static void
take_quoted(struct scan *scan)
{
	int c;

	scan_char(scan, '"');
	while ((c = take(scan)) >= 0 && c != '"')
		if (c == '\\')
			take(scan);
}

/* A value, of which only the domain matters: what stands behind the last '@',
 * or all of it. */
static struct span
take_domain(struct scan *scan)
{
	const char *start = scan->p;

	for (;;) {
		scan_while(scan, is_value);
		if (scan_maybe(scan, '@'))
			start = scan->p;
		else if (scan_peek(scan) == '"')
			take_quoted(scan);
		else
			break;
	}
	return (struct span){start, (size_t)(scan->p - start)};
}

static struct span
take_word(struct scan *scan)
{
	struct span word = scan_while(scan, is_word);

	skip(scan);
	return word;
}

/* "method=result", with a version perhaps, then "what.of=value"s. */
static void
take_result(struct scan *scan, struct vouch *vouch)
{
	struct span method = take_word(scan), result, name, domain;

	if (span_iis(method, "none") && scan_peek(scan) != '=')
		return;
	if (scan_maybe(scan, '/')) {
		skip(scan);
		take_word(scan);
	}
	scan_char(scan, '=');
	skip(scan);
	result = take_word(scan);
	if (method.len == 0 || result.len == 0)
		scan_fail(scan);
	while (!scan->bad && scan_peek(scan) >= 0 && scan_peek(scan) != ';') {
		name = take_word(scan);
		scan_char(scan, '=');
		skip(scan);
		domain = take_domain(scan);
		skip(scan);
		if (name.len == 0)
			scan_fail(scan);
		if (!span_iis(result, "pass") || domain.len == 0)
			continue;
		if (span_iis(method, "dkim") && span_iis(name, "header.d") &&
		    vouch->count < VOUCH_MAX)
			vouch->signers[vouch->count++] = domain;
		if (span_iis(method, "spf") && span_iis(name, "smtp.mailfrom"))
			vouch->sender = domain;
	}
}

void
vouch_read(struct vouch *vouch, struct span auth)
{
	struct scan scan;

	*vouch = (struct vouch){.count = 0};
	if (auth.len == 0)
		return;
	scan_init(&scan, auth);
	do {
		skip(&scan);
		if (scan_peek(&scan) < 0)
			break;
		take_result(&scan, vouch);
	} while (scan_maybe(&scan, ';'));
	if (!scan_ok(&scan))
		*vouch = (struct vouch){.count = 0};
}

bool
vouch_same(struct span one, struct span other, const struct tld *tld)
{
	struct span a = tld_domain(tld, one), b = tld_domain(tld, other);

	if (a.p == NULL || b.p == NULL)
		return one.len > 0 && span_ieq(one, other);
	return span_ieq(a, b);
}

bool
vouch_for(const struct vouch *vouch, struct span domain, const struct tld *tld)
{
	size_t i;

	for (i = 0; i < vouch->count; i++)
		if (vouch_same(vouch->signers[i], domain, tld))
			return true;
	return vouch->sender.p != NULL &&
	       vouch_same(vouch->sender, domain, tld);
}
