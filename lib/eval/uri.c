/*
 * uri: what rules ask about the addresses of a message: the functions of
 * SpamAssassin's URIEval.  It also knows the patterns of redirectors, which the
 * reading of addresses uses.
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/written.h"

#define REDIRECTORS_MAX 1000

struct redirectors {
	struct uri_redirects list;
	struct regex *patterns[REDIRECTORS_MAX];
};

static void *
uri_prepare(struct ruleset *set)
{
	struct redirectors *made = calloc(1, sizeof(*made));
	struct buf why = BUF_INIT(1024);
	const struct setting *setting;
	struct regex *regex;
	struct span rest;
	size_t at = 0;

	if (made == NULL)
		fatal("out of memory");
	while ((setting = ruleset_setting(set, "redirector_pattern", &at)) !=
		   NULL &&
	       made->list.count < REDIRECTORS_MAX) {
		rest = setting->value;
		regex = written_regex(&rest, &why);
		if (regex != NULL && span_trim(rest).len == 0) {
			made->patterns[made->list.count++] = regex;
			continue;
		}
		regex_free(regex);
		ruleset_add_note(set, NOTE_ERROR, setting->file, setting->line,
		    "redirector_pattern: %s",
		    why.len > 0 ? buf_str(&why) : "not a pattern");
		buf_reset(&why);
	}
	buf_free(&why);
	made->list.list = (const struct regex *const *)made->patterns;
	uris_redirects(&made->list);
	return made;
}

static void
uri_release(void *data)
{
	struct redirectors *made = data;
	size_t i;

	/* others may have been prepared since */
	if (uris_redirects_now() == &made->list)
		uris_redirects(NULL);
	for (i = 0; i < made->list.count; i++)
		regex_free(made->patterns[i]);
	free(made);
}

/* --- check_for_http_redirector() --- */

/* Octets up to one of "/:?"; all if there is none. */
static size_t
host_len(struct span text)
{
	size_t len;

	for (len = 0; len < text.len; len++)
		if (text.p[len] == '/' || text.p[len] == ':' ||
		    text.p[len] == '?')
			break;
	return len;
}

/* Octets of "http:" or "https:" at the front. */
static size_t
scheme_len(struct span text)
{
	return span_istarts(text, "http:")    ? strlen("http:")
	       : span_istarts(text, "https:") ? strlen("https:")
					      : 0;
}

/* The address in an address: cuts off what stands before it.  host is that of
 * the outer one, other that of the inner one. */
static bool
take_inner(struct span *uri, struct span *host, struct span *other)
{
	struct span text = span_from(*uri, scheme_len(*uri));
	size_t slashes;

	if (text.len == uri->len || !span_starts(text, "//"))
		return false;
	text = span_from(text, 2);
	*host = (struct span){text.p, host_len(text)};
	if (host->len == 0)
		return false;
	for (text = span_from(text, host->len + 1); text.len > 0;
	     text = span_from(text, 1)) {
		if (scheme_len(text) == 0)
			continue;
		*other = span_from(text, scheme_len(text));
		for (slashes = 0; slashes < 2 && span_starts(*other, "/");
		     slashes++)
			*other = span_from(*other, 1);
		other->len = host_len(*other);
		if (other->len > 0) {
			*uri = text;
			return true;
		}
	}
	return false;
}

static struct span
domain_or_host(const struct eval_call *call, struct span host)
{
	struct arena *arena = &call->mail->arena;
	struct span full, domain;

	domain = uri_domain(arena, call->tld, host, &full);
	return domain.p != NULL ? domain : host;
}

/* Whether an address leads to another one of somebody else. */
static bool
check_for_http_redirector(const struct eval_call *call)
{
	const struct text *all = &call->mail->uris->all;
	struct span uri, host, other;
	size_t i;

	for (i = 0; i < all->count; i++) {
		uri = all->lines[i];
		while (take_inner(&uri, &host, &other))
			if (!span_eq(domain_or_host(call, host),
				domain_or_host(call, other)))
				return true;
	}
	return false;
}

/* --- check_https_ip_mismatch() --- */

/* A number and a dot, or a number. */
static bool
take_number(struct span *text, bool dot)
{
	size_t len = 0;

	while (len < text->len && text->p[len] >= '0' && text->p[len] <= '9')
		len++;
	if (len == 0 || (dot && (len == text->len || text->p[len] != '.')))
		return false;
	*text = span_from(*text, len + dot);
	return true;
}

/* Whether a scheme, a user perhaps, and an address of IPv4 stand at its
 * front. */
static bool
leads_to_number(struct span text, bool https)
{
	size_t i;

	if (https ? !span_istarts(text, "https:") : scheme_len(text) == 0)
		return false;
	text = span_from(text, scheme_len(text));
	while (span_starts(text, "/"))
		text = span_from(text, 1);
	for (i = 0; i < text.len; i++)
		if (text.p[i] == '/' || text.p[i] == '@')
			break;
	if (i > 0 && i < text.len && text.p[i] == '@')
		text = span_from(text, i + 1);
	return take_number(&text, true) && take_number(&text, true) &&
	       take_number(&text, true) && take_number(&text, false);
}

static bool
lies(const struct html_uri *uri)
{
	const struct text *anchors = &uri->anchors;
	size_t i;

	if (anchors->count == 0 || !leads_to_number(uri->uri, false))
		return false;
	for (i = 0; i < anchors->count; i++)
		if (!leads_to_number(anchors->lines[i], true) &&
		    span_ifind(anchors->lines[i], span_of("https:")) != NULL)
			return true;
	return false;
}

/* Whether a link shows "https:" and a name, but leads to a number. */
static bool
check_https_ip_mismatch(const struct eval_call *call)
{
	const struct html *html;
	size_t i, k;

	for (i = 0; i < call->mail->leaf_count; i++) {
		html = call->mail->leaves[i]->html;
		for (k = 0; html != NULL && k < html->uri_count; k++)
			if (lies(&html->uris[k]))
				return true;
	}
	return false;
}

static bool
check_uri_truncated(const struct eval_call *call)
{
	return call->mail->uris->truncated;
}

static bool
is_plain(const struct span *arguments, size_t count)
{
	(void)arguments;
	return count == 0;
}

static const char *const plugins[] = {"URIEval", NULL};
static const char *const settings[] = {"redirector_pattern", NULL};

static const struct eval evals[] = {
    {"check_for_http_redirector", check_for_http_redirector, is_plain},
    {"check_https_ip_mismatch", check_https_ip_mismatch, is_plain},
    {"check_uri_truncated", check_uri_truncated, is_plain},
    {NULL, NULL, NULL},
};

const struct eval_family eval_uri = {.name = "uri",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = uri_prepare,
    .release = uri_release};
