/*
 * uriweb: what the host in an address could be read as.
 *
 * Continues uriclean.c for addresses with "//": a user, a port or dots that say
 * nothing are taken off, names of other scripts become what DNS asks for,
 * numbers become an address of IPv4, and where a redirect leads to is an
 * address by itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/regex.h"
#include "uri/urireading.h"

#define NUMBER_MAX 24 /* octets of a number in a host that are looked at */
#define CHUNKS 4      /* of an address of IPv4 */

static const struct uri_redirects *redirects; /* set by uris_redirects() */

/* An address of the web, in pieces. */
struct web {
	struct span scheme; /* "http://" */
	bool has_user;
	struct span host;
	struct span rest; /* port, path and so on */
	struct span port; /* digits; empty if there are none */
};

void
uris_redirects(const struct uri_redirects *list)
{
	redirects = list;
}

const struct uri_redirects *
uris_redirects_now(void)
{
	return redirects;
}

static void
add_web(struct uri_cleaning *c, const struct web *web)
{
	uri_add_joined(c, web->scheme, web->host, web->rest);
}

static bool
split(struct span uri, struct web *web)
{
	struct span rest;
	size_t len;

	if (!span_istarts(uri, "http://") && !span_istarts(uri, "https://"))
		return false;
	web->scheme = (struct span){uri.p, uri_until(uri, "/") + 2};
	rest = span_from(uri, web->scheme.len);
	len = uri_until(rest, "@/?#");
	web->has_user = len < rest.len && rest.p[len] == '@' &&
			uri_until(span_from(rest, len + 1), "/?#:") > 0;
	if (web->has_user)
		rest = span_from(rest, len + 1);
	web->host = (struct span){rest.p, uri_until(rest, "/?#:")};
	web->rest = span_from(rest, web->host.len);
	web->port = (struct span){NULL, 0};
	if (web->rest.len > 0 && web->rest.p[0] == ':') {
		rest = span_from(web->rest, 1);
		for (len = 0; len < rest.len && ascii_is_digit(rest.p[len]);
		     len++)
			;
		web->port = (struct span){rest.p, len};
	}
	return web->host.len > 0;
}

/* Without a port that is the scheme's own.  Returns the rest as it is then; p
 * NULL if no port is written. */
static struct span
read_port(struct uri_cleaning *c, const struct web *web)
{
	bool plain = span_is(web->scheme, "http://");
	struct web other = *web;

	if (web->port.len == 0)
		return (struct span){NULL, 0};
	if (span_is(web->port, plain ? "80" : "443") &&
	    (web->rest.len == web->port.len + 1 ||
		(!ascii_is_alnum(web->rest.p[web->port.len + 1]) &&
		    web->rest.p[web->port.len + 1] != '_'))) {
		other.rest = span_from(web->rest, web->port.len + 1);
		add_web(c, &other);
	}
	return other.rest;
}

/* Its name as DNS has it, which becomes its host if that is another one. */
static struct span
read_name(struct uri_cleaning *c, struct web *web, struct span no_port)
{
	struct span name = tld_ascii(c->arena, web->host);
	struct web other = *web;

	if (span_ieq(name, web->host))
		return name;
	web->host = other.host = name;
	add_web(c, web);
	other.rest = no_port;
	if (no_port.len > 0)
		add_web(c, &other);
	return name;
}

static void
read_controls(struct uri_cleaning *c, struct web *web)
{
	size_t i, len = 0;
	char *p;

	for (i = 0; i < web->host.len; i++)
		if ((unsigned char)web->host.p[i] <= ' ')
			break;
	if (i == web->host.len)
		return;
	p = arena_alloc(c->arena, web->host.len + 1);
	for (i = 0; i < web->host.len; i++)
		if ((unsigned char)web->host.p[i] > ' ')
			p[len++] = web->host.p[i];
	web->host = (struct span){p, len};
	add_web(c, web);
}

/* Where patterns say that it redirects to.  They are others', and slow ones are
 * among them, so there is an end to it. */
static bool
read_redirect(struct uri_cleaning *c, const struct web *web)
{
	struct uri_readings *all = c->readings;
	struct regex_match match;
	struct span whole;
	size_t i;
	int rc;

	if (redirects == NULL || redirects->count == 0 ||
	    all->pattern_octets > URI_PATTERNS_OCTETS_MAX)
		return false;
	whole = uri_join(c->arena, web->scheme, web->host, web->rest);
	all->pattern_octets += whole.len;
	for (i = 0; i < redirects->count; i++) {
		if (all->patterns_lost > URI_PATTERNS_LOST_MAX)
			return false;
		rc = regex_find(redirects->list[i], whole, 0, &match);
		if (rc < 0)
			all->patterns_lost++;
		if (rc > 0 && match.groups[1].p != NULL &&
		    memchr(match.groups[1].p, '.', match.groups[1].len)) {
			uri_add_target(c, match.groups[1]);
			return true;
		}
	}
	return false;
}

/* The first address that stands in its path or query. */
static void
read_inner(struct uri_cleaning *c, const struct web *web)
{
	const struct span all = web->rest;
	struct span rest = all, before, inner;
	const char *p;

	while (rest.len > 0 && (p = memchr(rest.p, ':', rest.len)) != NULL) {
		rest = span_from(rest, (size_t)(p - rest.p) + 1);
		before = (struct span){all.p, (size_t)(p - all.p)};
		if (span_iends(before, "http"))
			p -= strlen("http");
		else if (span_iends(before, "https"))
			p -= strlen("https");
		else
			continue;
		inner = span_from(all, (size_t)(p - all.p));
		inner.len = uri_until(inner, "&#");
		if (inner.p + inner.len <= rest.p)
			continue;
		if (memchr(inner.p, '.', inner.len) != NULL)
			uri_add_target(c, inner);
		return;
	}
}

/* A host that still has an "@" in it, or ends in what no host ends in. */
static void
read_cruft(struct uri_cleaning *c, struct web *web)
{
	size_t at = uri_until(web->host, "@");

	if (at > 0 && at < web->host.len) {
		web->host = span_from(web->host, at + 1);
		add_web(c, web);
	}
	at = web->host.len;
	while (web->host.len > 0 &&
	       !ascii_is_alnum(web->host.p[web->host.len - 1]))
		web->host.len--;
	if (web->host.len < at)
		add_web(c, web);
}

/* --- hosts that are numbers --- */

enum base { NO_NUMBER, DECIMAL, HEX };

static enum base
base_of(struct span text)
{
	bool hex = span_istarts(text, "0x") && text.len > 2;
	size_t i;

	for (i = hex ? 2 : 0; i < text.len; i++)
		if (hex ? !ascii_is_hex(text.p[i]) : !ascii_is_digit(text.p[i]))
			return NO_NUMBER;
	return hex ? HEX : text.len > 0 ? DECIMAL : NO_NUMBER;
}

/* As many of its last digits as fit are looked at. */
static unsigned long long
number(struct span text, int base)
{
	char digits[NUMBER_MAX];

	while (text.len > 0 && text.p[0] == '0')
		text = span_from(text, 1);
	if (text.len >= sizeof(digits))
		text = span_from(text, text.len - sizeof(digits) + 1);
	memcpy(digits, text.p, text.len);
	digits[text.len] = '\0';
	return strtoull(digits, NULL, base);
}

/* Whether it is one to three octal digits behind zeros. */
static bool
is_octal(struct span text)
{
	size_t i;

	if (text.len == 0 || text.p[0] != '0')
		return false;
	while (text.len > 0 && text.p[0] == '0')
		text = span_from(text, 1);
	for (i = 0; i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '7')
			return false;
	return text.len > 0 && text.len <= (text.p[0] <= '3' ? 3 : 2);
}

static void
add_chunk(struct buf *host, struct span chunk, enum base base)
{
	unsigned long long n = 0;

	if (base == HEX)
		n = number(span_from(chunk, 2), 16);
	else if (is_octal(chunk))
		n = number(chunk, 8);
	else {
		while (chunk.len > 0 && chunk.p[0] == '0')
			chunk = span_from(chunk, 1);
		buf_addspan(host, chunk);
	}
	if (n > 0)
		buf_addf(host, "%llu", n);
}

/* Four numbers, each decimal, octal or hexadecimal.  A number 0 vanishes, as it
 * does in SpamAssassin. */
static bool
read_chunks(struct uri_cleaning *c, const struct web *web)
{
	struct buf host = BUF_INIT(TLD_ASCII_MAX);
	struct span rest = web->host, chunk;
	struct web other = *web;
	enum base base;
	int i;

	for (i = 0; i < CHUNKS; i++) {
		chunk = (struct span){rest.p, uri_until(rest, ".")};
		rest = span_from(rest, chunk.len);
		base = base_of(chunk);
		if (base == NO_NUMBER || (rest.len == 0) != (i == CHUNKS - 1))
			break;
		rest = span_from(rest, 1);
		add_chunk(&host, chunk, base);
		if (i < CHUNKS - 1)
			buf_adds(&host, ".");
	}
	if (i == CHUNKS) {
		other.host = arena_copy(c->arena, buf_span(&host));
		add_web(c, &other);
	}
	buf_free(&host);
	return i == CHUNKS;
}

static bool
read_one_number(struct uri_cleaning *c, const struct web *web)
{
	enum base base = base_of(web->host);
	struct web other = *web;
	unsigned long long n;
	char host[sizeof("255.255.255.255")];
	struct span digits = web->host;

	if (base == NO_NUMBER)
		return false;
	if (base == HEX && digits.len > 8 + 2)
		digits = span_from(digits, digits.len - 8);
	else if (base == HEX)
		digits = span_from(digits, 2);
	n = number(digits, base == HEX ? 16 : 10);
	while (n > 0xffffffff)
		n >>= 4; /* the first digits are taken there */
	snprintf(host, sizeof(host), "%u.%u.%u.%u", (unsigned)(n >> 24),
	    (unsigned)(n >> 16 & 255), (unsigned)(n >> 8 & 255),
	    (unsigned)(n & 255));
	other.host = arena_copy(c->arena, span_of(host));
	add_web(c, &other);
	return true;
}

/* "http://example" as browsers complete it. */
static void
read_short(struct uri_cleaning *c, const struct web *web, struct span name)
{
	struct web other = *web;
	struct span label = name;

	if (!span_is(web->scheme, "http://") || web->has_user ||
	    span_is(name, "localhost") ||
	    (web->port.len > 0 && !span_is(web->port, "80")))
		return;
	if (span_starts(name, "www.") && name.len > 4)
		label = span_from(name, 4);
	if (label.len == 0 || memchr(label.p, '.', label.len) != NULL ||
	    tld_is_valid(c->tld, name))
		return;
	other.host =
	    uri_join(c->arena, span_of("www."), label, span_of(".com"));
	add_web(c, &other);
}

void
uri_read_web(struct uri_cleaning *c, struct span uri)
{
	struct span name;
	struct web web;

	if (!split(uri, &web))
		return;
	name = read_name(c, &web, read_port(c, &web));
	read_controls(c, &web);
	if (!read_redirect(c, &web))
		read_inner(c, &web);
	read_cruft(c, &web);
	if (!read_chunks(c, &web) && !read_one_number(c, &web))
		read_short(c, &web, name);
}
