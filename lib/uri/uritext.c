/*
 * uritext: what was found in text as the address that it stands for.
 */
#include "uri/urireading.h"

struct span
uri_trim(struct span raw)
{
	const char *open = memchr(raw.p, '(', raw.len);
	size_t len = open != NULL ? (size_t)(open - raw.p) : raw.len;

	while (len > 0 && raw.p[len - 1] != ')')
		len--;
	if (len > 0)
		raw.len = len - 1;
	while (raw.len > 0 && raw.p[raw.len - 1] != '\0' &&
	       strchr("-~!@#^&*()_+=:;'?,.", raw.p[raw.len - 1]) != NULL)
		raw.len--;
	return raw;
}

/* Identifiers of parts, and schemes with nothing behind. */
static bool
is_nothing(struct span raw)
{
	size_t i, slashes = 0;

	if (span_istarts(raw, "cid:") || span_istarts(raw, "mid:"))
		return true;
	for (; raw.len > 0 && raw.p[raw.len - 1] == '/'; raw.len--)
		slashes++;
	if (slashes > 2 || raw.len < 2 || raw.p[raw.len - 1] != ':')
		return false;
	for (i = 0; i + 1 < raw.len; i++)
		if (raw.p[i] != '_' && (raw.p[i] < '0' || raw.p[i] > '9') &&
		    ((raw.p[i] | 0x20) < 'a' || (raw.p[i] | 0x20) > 'z'))
			return false;
	return true;
}

/* Whether there is an address of mail in it, by its looks. */
static bool
is_mail(struct span raw)
{
	const char *at = memchr(raw.p, '@', raw.len), *end = raw.p + raw.len;

	return at != NULL && end - at > 2 &&
	       memchr(at + 2, '.', (size_t)(end - at) - 2) != NULL &&
	       span_find(raw, span_of("&nbsp;")) == NULL;
}

/* Without "mail:" and the like in front, as people write it. */
static struct span
without_label(struct span raw)
{
	static const char *const labels[] = {
	    "skype:", "email:", "e-mail:", "-mail:", "mail:", ":"};
	size_t i;

	for (i = 0; i < nitems(labels); i++)
		if (span_istarts(raw, labels[i])) {
			raw = span_from(raw, strlen(labels[i]));
			while (raw.len > 0 && raw.p[0] == ':')
				raw = span_from(raw, 1);
			break;
		}
	return raw;
}

/* "/" before "@", and something between them: no address of mail. */
static bool
is_path(struct span raw)
{
	const char *slash = memchr(raw.p, '/', raw.len);
	size_t at = raw.len;

	while (at > 0 && raw.p[at - 1] != '@')
		at--;
	return slash != NULL && at > 0 && raw.p + at - 1 > slash + 1;
}

static bool
is_www(struct span raw)
{
	size_t i;

	if (!span_istarts(raw, "www"))
		return false;
	for (i = 3; i < 5 && i < raw.len; i++)
		if (raw.p[i] < '0' || raw.p[i] > '9')
			break;
	return i < raw.len && raw.p[i] == '.';
}

/* The scheme that it lacks.  NULL if it is no address at all; "" if it has
 * one. */
static const char *
scheme(struct span raw, unsigned *types)
{
	static const char *const schemes[] = {
	    "http:", "https:", "ftp:", "mailto:"};
	size_t i;

	for (i = 0; i < nitems(schemes); i++)
		if (span_istarts(raw, schemes[i]))
			return "";
	*types |= URI_SCHEMELESS;
	if (span_istarts(raw, "ftp."))
		return "ftp://";
	if (is_www(raw) || is_path(raw))
		return "http://";
	if (memchr(raw.p, '@', raw.len) != NULL)
		return is_mail(raw) ? "mailto:" : NULL;
	*types |= URI_UNLINKED;
	return memchr(raw.p, '.', raw.len) != NULL ? "http://" : NULL;
}

/* An address of mail as programs understand it; p NULL if its host cannot
 * exist. */
static struct span
mail_uri(struct arena *arena, const struct tld *tld, struct span uri)
{
	struct span host, none = {NULL, 0};
	const char *at;

	uri = uri_decode(arena, uri);
	at = memchr(uri.p, '@', uri.len);
	if (at == NULL)
		return none;
	host = span_from(uri, (size_t)(at - uri.p) + 1);
	host.len = uri_until(host, "?&>");
	while (span_ends(host, "%20"))
		host.len -= 3;
	return tld_is_valid(tld, host) ? uri : none;
}

struct span
uri_complete(struct arena *arena, const struct tld *tld,
    const struct uri_found *found, unsigned *types)
{
	struct span raw = found->raw, none = {NULL, 0};
	struct buf buf = BUF_INIT(URI_LEN_MAX);
	const char *prefix;

	if (found->kind == URI_KIND_MAIL && memchr(raw.p, '@', raw.len) == NULL)
		return none;
	if (found->host.p != NULL && !tld_is_name(found->host))
		return none;
	if (is_nothing(raw) || (prefix = scheme(raw, types)) == NULL)
		return none;
	if (prefix[0] != '\0') {
		buf_adds(&buf, prefix);
		buf_addspan(&buf,
		    strcmp(prefix, "mailto:") == 0 ? without_label(raw) : raw);
		raw = arena_copy(arena, buf_span(&buf));
		buf_free(&buf);
	}
	return span_istarts(raw, "mailto:") ? mail_uri(arena, tld, raw) : raw;
}
