#include "html/htmluri.h"
#include "text/charset.h"

/* RFC 3986, 3.  p NULL is a part that is not there. */
struct parts {
	struct span scheme;
	struct span authority;
	struct span path;
	struct span query;
	struct span fragment;
};

static const char *
last_character(struct span text)
{
	const char *p = text.p + text.len - 1;

	while (p > text.p && (*p & 0xc0) == 0x80)
		p--;
	return p;
}

struct span
html_uri_trim(struct span uri, bool *is_cut)
{
	struct span rest;
	const char *last;
	size_t i, count;

	for (rest = uri; rest.len > 0; uri = rest)
		if (!charset_is_space(charset_take(&rest)))
			break;
	while (uri.len > 0) {
		last = last_character(uri);
		rest = span_from(uri, (size_t)(last - uri.p));
		if (!charset_is_space(charset_take(&rest)) || rest.len > 0)
			break;
		uri.len = (size_t)(last - uri.p);
	}
	if (uri.len <= HTML_URI_MAX)
		return uri;
	for (i = count = 0; i < uri.len; i++) {
		count += (uri.p[i] & 0xc0) != 0x80;
		if (count > HTML_URI_MAX) {
			*is_cut = true;
			return (struct span){uri.p, i};
		}
	}
	return uri;
}

/* Up to one of those octets, or all. */
static struct span
take_until(struct span *rest, const char *stops)
{
	struct span part = {rest->p, 0};

	while (part.len < rest->len &&
	       (part.p[part.len] == '\0' ||
		   strchr(stops, part.p[part.len]) == NULL))
		part.len++;
	*rest = span_from(*rest, part.len);
	return part;
}

static void
split(struct span uri, struct parts *parts)
{
	struct span rest = uri, scheme;

	*parts = (struct parts){0};
	scheme = take_until(&rest, ":/?#");
	if (scheme.len > 0 && span_starts(rest, ":")) {
		parts->scheme = scheme;
		uri = span_from(rest, 1);
	}
	rest = uri;
	if (span_starts(rest, "//")) {
		rest = span_from(rest, 2);
		parts->authority = take_until(&rest, "/?#");
	}
	parts->path = take_until(&rest, "?#");
	if (span_starts(rest, "?")) {
		rest = span_from(rest, 1);
		parts->query = take_until(&rest, "#");
	}
	if (span_starts(rest, "#")) {
		rest = span_from(rest, 1);
		parts->fragment = take_until(&rest, "\n");
	}
}

/* Without its last segment. */
static size_t
without_last(const char *p, size_t len)
{
	while (len > 0 && p[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/* Whether a segment "." or ".." begins it, behind its "/". */
static bool
is_dots(struct span path, const char *dots)
{
	size_t len = strlen(dots);

	return span_starts(path, dots) &&
	       (path.len == len || path.p[len] == '/');
}

/* RFC 3986, 5.2.4. */
static struct span
remove_dots(struct arena *arena, struct span path)
{
	struct span rest = path, segment;
	char *p;
	size_t len = 0;

	/* there are none in most */
	if (span_find(path, span_of("/.")) == NULL && !span_starts(path, "."))
		return path;
	p = arena_alloc(arena, path.len + 1);
	if (span_starts(rest, "./"))
		rest = span_from(rest, 1);
	else if (span_starts(rest, "../"))
		rest = span_from(rest, 2);
	while (rest.len > 0) {
		if (is_dots(rest, "/.")) {
			rest = span_from(rest, 2);
		} else if (is_dots(rest, "/..")) {
			rest = span_from(rest, 3);
			len = without_last(p, len);
		} else {
			segment = (struct span){rest.p, 1};
			while (segment.len < rest.len &&
			       segment.p[segment.len] != '/')
				segment.len++;
			memcpy(p + len, segment.p, segment.len);
			len += segment.len;
			rest = span_from(rest, segment.len);
			continue;
		}
		if (rest.len == 0) {
			/* a "/" is left */
			p[len++] = '/';
		}
	}
	return (struct span){p, len};
}

static struct span
merge(struct arena *arena, const struct parts *base, struct span path)
{
	struct span head = base->path;
	char *p;

	if (base->authority.p != NULL && head.len == 0)
		head = span_of("/");
	while (head.len > 0 && head.p[head.len - 1] != '/')
		head.len--;
	p = arena_alloc(arena, head.len + path.len + 1);
	if (head.len > 0)
		memcpy(p, head.p, head.len);
	memcpy(p + head.len, path.p, path.len);
	return (struct span){p, head.len + path.len};
}

/* As it would be for somebody who reads the base. */
static struct parts
resolve(struct arena *arena, const struct parts *base, const struct parts *uri)
{
	struct parts target = *uri;

	if (uri->scheme.p != NULL && base->scheme.p != NULL &&
	    span_eq(uri->scheme, base->scheme))
		target.scheme = (struct span){0};
	if (target.scheme.p == NULL && uri->authority.p == NULL) {
		target.authority = base->authority;
		if (uri->path.len == 0) {
			target.path = base->path;
			if (uri->query.p == NULL)
				target.query = base->query;
		} else if (uri->path.p[0] != '/') {
			target.path = merge(arena, base, uri->path);
		}
	}
	if (target.scheme.p == NULL)
		target.scheme = base->scheme;
	if (uri->path.len > 0)
		target.path = remove_dots(arena, target.path);
	return target;
}

/* "www2.": a host that tells what it is. */
static bool
is_host_of(struct span authority, const char *kind)
{
	size_t i = strlen(kind);

	if (!span_istarts(authority, kind))
		return false;
	while (
	    i < authority.len && authority.p[i] >= '0' && authority.p[i] <= '9')
		i++;
	return i < authority.len && authority.p[i] == '.';
}

/* Appends it, and returns where it ends. */
static char *
add(char *p, struct span part)
{
	if (part.len > 0)
		memcpy(p, part.p, part.len);
	return p + part.len;
}

static struct span
join(struct arena *arena, const struct parts *parts)
{
	size_t room = parts->scheme.len + parts->authority.len +
		      parts->path.len + parts->query.len + parts->fragment.len +
		      sizeof("http://?#");
	char *start = arena_alloc(arena, room), *p = start;

	if (parts->scheme.len > 0) {
		p = add(p, parts->scheme);
		p = add(p, span_of(":"));
	} else if (is_host_of(parts->authority, "www")) {
		p = add(p, span_of("http:"));
	} else if (is_host_of(parts->authority, "ftp")) {
		p = add(p, span_of("ftp:"));
	}
	if (parts->authority.p != NULL)
		p = add(add(p, span_of("//")), parts->authority);
	p = add(p, parts->path);
	if (parts->query.p != NULL)
		p = add(add(p, span_of("?")), parts->query);
	if (parts->fragment.p != NULL)
		p = add(add(p, span_of("#")), parts->fragment);
	return (struct span){start, (size_t)(p - start)};
}

struct span
html_uri_target(struct arena *arena, struct span base, struct span uri)
{
	struct parts from, to, target;

	split(base, &from);
	split(uri, &to);
	target = resolve(arena, &from, &to);
	return join(arena, &target);
}

static bool
has_file_name(struct span name)
{
	const char *dot = memchr(name.p, '.', name.len);
	size_t stem, ending;

	if (dot == NULL)
		return false;
	stem = (size_t)(dot - name.p);
	ending = name.len - stem - 1;
	return stem > 0 && ending >= 2 && ending <= 4 &&
	       memchr(dot + 1, '.', ending) == NULL;
}

struct span
html_uri_base(struct arena *arena, struct span uri)
{
	struct span rest = uri, host, copy;
	size_t len;

	if (!span_istarts(uri, "http:") && !span_istarts(uri, "https:") &&
	    !span_istarts(uri, "ftp:"))
		return (struct span){0};
	take_until(&rest, "/");
	for (len = 0; len < 2 && span_starts(rest, "/"); len++)
		rest = span_from(rest, 1);
	host = take_until(&rest, "/");
	if (host.len > 0 && rest.len > 0) {
		for (len = uri.len; uri.p[len - 1] != '/';)
			len--;
		if (has_file_name(span_from(uri, len)))
			uri.len = len;
	}
	if (span_ends(uri, "/"))
		return uri;
	copy = (struct span){arena_alloc(arena, uri.len + 1), uri.len + 1};
	memcpy((char *)copy.p, uri.p, uri.len);
	((char *)copy.p)[uri.len] = '/';
	return copy;
}
