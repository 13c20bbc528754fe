/*
 * mismatch: links that show another place than they go to (plugin
 * HTTPSMismatch).
 */
#include "eval/families.h"
#include "relay/relayip.h"
#include "text/charset.h"

/* The registered domain of a host, in lower case; p NULL if it has none. */
static struct span
domain_of(const struct eval_call *call, struct span host)
{
	host = tld_ascii(&call->mail->arena, host);
	if (memchr(host.p, ' ', host.len) != NULL)
		return (struct span){0};
	return tld_domain(call->tld, host);
}

/* Takes the host off what stands behind "://". */
static struct span
host_of(struct span text)
{
	size_t len = 0;

	while (len < text.len &&
	       (text.p[len] == '\0' || strchr(":/?#", text.p[len]) == NULL))
		len++;
	return (struct span){text.p, len};
}

/* The same, in running text. */
static struct span
shown_host(struct span text)
{
	struct span host = host_of(text), rest = host;

	while (rest.len > 0) {
		host.len = (size_t)(rest.p - text.p);
		if (charset_is_space(charset_take(&rest)))
			return host;
		host.len = (size_t)(rest.p - text.p);
	}
	return host;
}

/* Whether the first "https://" in text goes to another domain. */
static bool
shows_other(const struct eval_call *call, struct span text, struct span domain)
{
	const struct span https = {"https://", 8};
	const char *p;
	struct span host;

	while ((p = span_ifind(text, https)) != NULL) {
		text = span_from(text, (size_t)(p - text.p) + https.len);
		host = shown_host(text);
		if (host.len == 0)
			continue;
		if (!relay_is_ip(host))
			host = domain_of(call, host);
		return host.len > 0 && !span_eq(host, domain);
	}
	return false;
}

/* The domain that a link really goes to; p NULL if it goes to none. */
static struct span
target_domain(const struct eval_call *call, struct span uri)
{
	struct span host, name;
	const char *at;

	if (span_istarts(uri, "http://"))
		host = host_of(span_from(uri, strlen("http://")));
	else if (span_istarts(uri, "https://"))
		host = host_of(span_from(uri, strlen("https://")));
	else
		return (struct span){0};
	/* other rules ask about addresses without a name */
	if (host.len == 0 || relay_is_ip(host))
		return (struct span){0};
	host = domain_of(call, host);
	at = host.len > 0 ? memchr(host.p, '@', host.len) : NULL;
	name = at != NULL ? span_from(host, (size_t)(at - host.p) + 1) : host;
	return tld_is_name(name) ? host : (struct span){0};
}

/* check_https_http_mismatch(least, below): so many links to the web, and one
 * shows an address of another domain. */
static bool
check_https_http_mismatch(const struct eval_call *call)
{
	double least = eval_number(call, 0);
	const struct html *html;
	struct span domain;
	size_t at = 0, i, k, anchors;
	bool hit;

	if (least == 0)
		least = 1;
	while ((html = html_next(call->mail, &at)) != NULL) {
		hit = false;
		for (i = anchors = 0; i < html->uri_count; i++) {
			const struct html_uri *uri = &html->uris[i];

			if (uri->anchors.count == 0)
				continue;
			domain = target_domain(call, uri->uri);
			if (domain.len == 0)
				continue;
			anchors++;
			for (k = 0; k < uri->anchors.count && !hit; k++)
				hit = shows_other(
				    call, uri->anchors.lines[k], domain);
		}
		if (hit && (double)anchors >= least &&
		    (call->argument_count < 2 ||
			(double)anchors < eval_number(call, 1)))
			return true;
	}
	return false;
}

static const char *const plugins[] = {"HTTPSMismatch", NULL};

static const struct eval evals[] = {
    {"check_https_http_mismatch", check_https_http_mismatch, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_mismatch = {
    .name = "mismatch", .plugins = plugins, .evals = evals};
