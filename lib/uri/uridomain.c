/*
 * uridomain: the host that an address leads to.
 */
#include <arpa/inet.h>

#include "uri/urireading.h"

#define LITERAL_MAX INET6_ADDRSTRLEN

/* Whether it is an address of IPv4 or IPv6 and no name. */
static bool
is_literal(struct span host)
{
	unsigned char octets[16];
	char text[LITERAL_MAX];

	if (host.len == 0 || host.len >= sizeof(text) ||
	    memchr(host.p, '\0', host.len) != NULL)
		return false;
	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	return inet_pton(AF_INET, text, octets) == 1 ||
	       inet_pton(AF_INET6, text, octets) == 1;
}

/* Where the last c is; host.len if there is none. */
static size_t
last(struct span text, char c)
{
	size_t at;

	for (at = text.len; at > 0; at--)
		if (text.p[at - 1] == c)
			return at - 1;
	return text.len;
}

/* What stands behind the only "@"; p NULL if there is not exactly one. */
static struct span
mail_host(struct span uri)
{
	size_t at = uri_until(uri, "@");

	uri.len = uri_until(uri, "?");
	if (at >= uri.len || last(uri, '@') != at)
		return (struct span){NULL, 0};
	return span_from(uri, at + 1);
}

/* Without scheme, user, port and path. */
static struct span
web_host(struct span uri)
{
	size_t at;

	for (at = 0; at < uri.len; at++)
		if ((uri.p[at] | 0x20) < 'a' || (uri.p[at] | 0x20) > 'z')
			break;
	if (at > 0 && at < uri.len && uri.p[at] == ':') {
		uri = span_from(uri, at + 1);
		for (at = 0; at < 2 && uri.len > 0 && uri.p[0] == '/'; at++)
			uri = span_from(uri, 1);
	}
	uri.len = uri_until(uri, "/?#");
	at = last(uri, '@');
	if (at < uri.len)
		uri = span_from(uri, at + 1);
	for (at = uri.len; at > 0; at--)
		if (uri.p[at - 1] < '0' || uri.p[at - 1] > '9')
			break;
	if (at > 0 && uri.p[at - 1] == ':')
		uri.len = at - 1;
	return uri;
}

/* Whether something is encoded that need not be: another reading of the address
 * has it decoded. */
static bool
is_encoded(struct span host)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	const char *p;
	size_t i;

	for (i = 0; i + 2 < host.len; i++) {
		if (host.p[i] != '%' || host.p[i + 1] < '2' ||
		    host.p[i + 1] > '7' || host.p[i + 2] == '\0')
			continue;
		p = strchr(hex, host.p[i + 2]);
		if (p != NULL && !(host.p[i + 1] == '2' && *p == '0') &&
		    !(host.p[i + 1] == '7' && (*p | 0x20) == 'f'))
			return true;
	}
	return false;
}

static struct span
host_of(struct arena *arena, struct span uri)
{
	struct span none = {NULL, 0};

	if (span_istarts(uri, "javascript:") || span_istarts(uri, "cid:") ||
	    span_istarts(uri, "file:"))
		return none;
	uri = span_istarts(uri, "mailto:")
		  ? mail_host(span_from(uri, strlen("mailto:")))
		  : web_host(uri);
	if (uri.p == NULL || is_encoded(uri))
		return none;
	uri = tld_ascii(arena, uri);
	return is_literal(uri) || tld_is_name(uri) ? uri : none;
}

struct span
uri_domain(struct arena *arena, const struct tld *tld, struct span uri,
    struct span *host)
{
	*host = host_of(arena, uri);
	if (is_literal(*host))
		return *host;
	/* a dot at the end is good in DNS, and no rule's author meant it */
	if (host->len == 0 || host->p[host->len - 1] == '.')
		return (struct span){NULL, 0};
	return tld_domain(tld, *host);
}
