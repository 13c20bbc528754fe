/*
 * uriclean: what an address could be read as.
 *
 * Who wants to hide where a link leads writes it in a way that programs put
 * right and filters do not: percent signs, entities, backslashes, addresses of
 * IPv4 as one number, a user's name that looks like a host, another address
 * behind a redirect.  So an address has readings, which rules see all of, the
 * same ones that SpamAssassin makes (its uri_list_canonicalize), since patterns
 * are written for those.
 */
#include "uri/urireading.h"

size_t
uri_until(struct span text, const char *stop)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.p[i] != '\0' && strchr(stop, text.p[i]) != NULL)
			break;
	return i;
}

/* A reading, unless there is the same. */
static void
add(struct uri_cleaning *c, struct span uri)
{
	struct uri_readings *all = c->readings;
	size_t i;

	if (uri.len > URI_LEN_MAX) {
		all->is_cut = true;
		uri.len = URI_LEN_MAX;
	}
	for (i = 0; i < all->count; i++)
		if (span_eq(all->list[i], uri))
			return;
	if (all->count < URI_READINGS_MAX)
		all->list[all->count++] = uri;
}

struct span
uri_join(struct arena *arena, struct span a, struct span b, struct span d)
{
	struct span pieces[] = {a, b, d};
	char *p = arena_alloc(arena, a.len + b.len + d.len + 1), *end = p;
	size_t i;

	for (i = 0; i < nitems(pieces); i++) {
		if (pieces[i].len > 0)
			memcpy(end, pieces[i].p, pieces[i].len);
		end += pieces[i].len;
	}
	return (struct span){p, (size_t)(end - p)};
}

void
uri_add_joined(
    struct uri_cleaning *c, struct span a, struct span b, struct span d)
{
	add(c, uri_join(c->arena, a, b, d));
}

void
uri_add_target(struct uri_cleaning *c, struct span uri)
{
	if (c->target_count < URI_TARGETS_MAX)
		c->targets[c->target_count++] = uri;
}

/* --- addresses of mail --- */

/* Without what stands behind it as parameters: "?subject=..". */
static void
cut_mail(struct uri_cleaning *c, struct span uri, const char *stop, char end)
{
	size_t at = uri_until(uri, "@"), len;

	if (at == 0 || at == uri.len)
		return;
	len = uri_until(span_from(uri, at + 1), stop);
	if (len > 0 && at + 1 + len < uri.len && uri.p[at + 1 + len] == end)
		add(c, (struct span){uri.p, at + 1 + len});
}

/* Without encoded blanks around it. */
static void
trim_mail(struct uri_cleaning *c, struct span uri)
{
	size_t at, len;

	if (span_find(uri, span_of("%20")) == NULL)
		return;
	if (span_starts(uri, "mailto:"))
		uri = span_from(uri, strlen("mailto:"));
	while (span_starts(uri, "%20"))
		uri = span_from(uri, 3);
	at = uri_until(uri, "@");
	if (at == 0 || at == uri.len)
		return;
	len = uri_until(span_from(uri, at + 1), "?&%");
	if (len > 0)
		uri_add_joined(c, span_of("mailto:"),
		    (struct span){uri.p, at + 1 + len}, span_of(""));
}

/* "Name <user@example.com>" */
static void
bracket_mail(struct uri_cleaning *c, struct span uri)
{
	size_t at = uri_until(uri, "?&"), local, len;

	while (at > 0 && uri.p[at - 1] != '<')
		at--;
	if (at == 0)
		return;
	uri = span_from(uri, at);
	local = uri_until(uri, "@>");
	if (local == 0 || local == uri.len || uri.p[local] != '@')
		return;
	len = uri_until(span_from(uri, local + 1), ">");
	if (len > 0 && local + 1 + len < uri.len)
		uri_add_joined(c, span_of("mailto:"),
		    (struct span){uri.p, local + 1 + len}, span_of(""));
}

static void
read_mail(struct uri_cleaning *c, struct span uri)
{
	cut_mail(c, uri, "?", '?');
	cut_mail(c, uri, "?&", '&');
	trim_mail(c, uri);
	bracket_mail(c, uri);
}

/* --- addresses of the web --- */

/* Without "c" anywhere; the octets themselves if there is none. */
static struct span
without(struct arena *arena, struct span text, char c)
{
	size_t i, len = 0;
	char *p;

	if (text.len == 0 || memchr(text.p, c, text.len) == NULL)
		return text;
	p = arena_alloc(arena, text.len + 1);
	for (i = 0; i < text.len; i++)
		if (text.p[i] != c)
			p[len++] = text.p[i];
	return (struct span){p, len};
}

/* Backslashes as slashes, which is what some programs take them for. */
static struct span
slashes(struct arena *arena, struct span uri)
{
	size_t i;
	char *p;

	if (memchr(uri.p, '\\', uri.len) == NULL)
		return uri;
	p = (char *)arena_copy(arena, uri).p;
	for (i = 0; i < uri.len; i++)
		if (p[i] == '\\')
			p[i] = '/';
	return (struct span){p, uri.len};
}

/* Octets of "http:" or "https:" at the front. */
static size_t
scheme_len(struct span uri)
{
	return span_istarts(uri, "http:")    ? strlen("http:")
	       : span_istarts(uri, "https:") ? strlen("https:")
					     : 0;
}

/* "http:host" and "http:/host" with two slashes. */
static struct span
two_slashes(struct arena *arena, struct span uri)
{
	size_t len = scheme_len(uri), n = 0;

	while (n < 2 && len + n < uri.len && uri.p[len + n] == '/')
		n++;
	if (len == 0 || n == 2)
		return uri;
	return uri_join(arena, (struct span){uri.p, len}, span_of("//"),
	    span_from(uri, len + n));
}

static bool
has_scheme(struct span uri)
{
	size_t i;

	for (i = 0; i < uri.len; i++)
		if (uri.p[i] != '-' && uri.p[i] != '_' &&
		    (uri.p[i] < '0' || uri.p[i] > '9') &&
		    ((uri.p[i] | 0x20) < 'a' || (uri.p[i] | 0x20) > 'z'))
			break;
	return i > 0 && i < uri.len && uri.p[i] == ':';
}

/* "http://host?query" with a path. */
static struct span
add_path(struct arena *arena, struct span uri)
{
	size_t scheme = scheme_len(uri) + 2, len;

	if (scheme == 2 || !span_starts(span_from(uri, scheme - 2), "//"))
		return uri;
	len = uri_until(span_from(uri, scheme), "/?#");
	if (len == 0 || scheme + len == uri.len || uri.p[scheme + len] == '/')
		return uri;
	return uri_join(arena, (struct span){uri.p, scheme + len}, span_of("/"),
	    span_from(uri, scheme + len));
}

static void
read_one(struct uri_cleaning *c, struct span source)
{
	struct span uri, none = span_of("");
	size_t at;

	source = span_trim(without(c->arena, source, '\n'));
	source = without(c->arena, source, '\r');
	add(c, source);
	/* "#here", "?query", "/path" are no addresses by themselves */
	if (source.len <= 1 || uri_until(source, "#?&") == 0 ||
	    (source.p[0] == '/' && source.p[1] != '/'))
		return;
	at = uri_until(source, ":@");
	if (span_istarts(source, "mailto:") ||
	    (at < source.len && source.p[at] == '@')) {
		read_mail(c, source);
		return;
	}
	uri = two_slashes(c->arena, slashes(c->arena, source));
	uri = uri_decode(c->arena, uri);
	if (!has_scheme(uri))
		uri = uri_join(c->arena,
		    span_of(span_starts(uri, "ftp.") ? "ftp://" : "http://"),
		    uri, none);
	uri = uri_undo_entities(c->arena, add_path(c->arena, uri));
	add(c, uri);
	uri_read_web(c, uri);
}

void
uri_readings(struct arena *arena, const struct tld *tld, struct span uri,
    struct uri_readings *readings)
{
	struct uri_cleaning c = {
	    .arena = arena, .tld = tld, .readings = readings};
	size_t i;

	readings->count = 0;
	readings->is_cut = false;
	uri_add_target(&c, uri);
	for (i = 0; i < c.target_count; i++)
		read_one(&c, c.targets[i]);
}
