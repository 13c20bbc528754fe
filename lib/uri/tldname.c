/*
 * tldname: the form of a host's name.
 */
#include <idn2.h>

#include "base/ascii.h"
#include "text/charset.h"
#include "uri/tld.h"

/* Nothing that IDNA would change, but for case. */
static bool
is_plain(struct span host)
{
	size_t i;

	for (i = 0; i < host.len; i++)
		if (!ascii_is_alnum(host.p[i]) &&
		    (host.p[i] == '\0' || strchr("_.:[]-", host.p[i]) == NULL))
			return false;
	return true;
}

static struct span
lower(struct arena *arena, struct span host)
{
	char *copy = NULL;
	size_t i;

	for (i = 0; i < host.len; i++) {
		if (host.p[i] < 'A' || host.p[i] > 'Z')
			continue;
		if (copy == NULL)
			copy = (char *)arena_copy(arena, host).p;
		copy[i] = (char)(host.p[i] - 'A' + 'a');
	}
	return copy != NULL ? (struct span){copy, host.len} : host;
}

/* Appends, as a dot, the characters that separate labels as well as one does
 * (RFC 3490, 3.1). */
static void
plain_dots(struct buf *buf, struct span host)
{
	static const char *const dots[] = {
	    "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"};
	size_t i;

	while (host.len > 0) {
		for (i = 0; i < nitems(dots); i++)
			if (span_starts(host, dots[i]))
				break;
		if (i < nitems(dots))
			buf_adds(buf, ".");
		else
			buf_add(buf, host.p, 1);
		host = span_from(host, i < nitems(dots) ? 3 : 1);
	}
}

/* ISO-8859-1, if that is what it could be: letters only. */
static bool
latin1(struct buf *buf, struct span host)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < host.len; i++) {
		c = (unsigned char)host.p[i];
		if (c >= 0x80 ? c < 0xc0 || c == 0xd7 || c == 0xdf ||
				    c == 0xf7 || c == 0xff
			      : !ascii_is_alnum(host.p[i]) && c != '_' &&
				    c != '.' && c != '-')
			return false;
		charset_add(buf, c);
	}
	return true;
}

struct span
tld_ascii(struct arena *arena, struct span host)
{
	struct buf buf = BUF_INIT(2 * TLD_ASCII_MAX);
	struct span name;
	uint8_t *labels;
	bool utf8;

	if (host.len > TLD_ASCII_MAX || is_plain(host))
		return lower(arena, host);
	utf8 = charset_is_utf8(host);
	if (utf8)
		plain_dots(&buf, host);
	else if (!latin1(&buf, host)) {
		buf_free(&buf);
		return lower(arena, host);
	}
	if (idn2_lookup_u8((const uint8_t *)buf_str(&buf), &labels,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
		name = arena_copy(arena, span_of((const char *)labels));
		idn2_free(labels);
	} else
		name = utf8 ? arena_copy(arena, buf_span(&buf)) : host;
	buf_free(&buf);
	return name;
}

/* One label, the left-th from the end. */
static bool
is_label(struct span label, size_t left)
{
	size_t i;

	if (label.len == 0 || label.len > TLD_LABEL_MAX)
		return false;
	for (i = 0; i < label.len; i++)
		if (label.p[i] == '-'   ? i == 0 || i == label.len - 1
		    : label.p[i] == '_' ? left <= 2
					: !ascii_is_alnum(label.p[i]))
			return false;
	return true;
}

bool
tld_is_name(struct span host)
{
	size_t at, left;

	while (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	if (host.len > TLD_NAME_MAX)
		return false;
	for (left = 1;; left++) {
		for (at = host.len; at > 0 && host.p[at - 1] != '.'; at--)
			;
		if (!is_label(span_from(host, at), left))
			return false;
		if (at == 0)
			return left >= 2;
		host.len = at - 1;
	}
}
