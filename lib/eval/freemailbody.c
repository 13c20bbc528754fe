#include "eval/freemailbody.h"

#include "base/ascii.h"
#include "eval/globs.h"
#include "uri/uris.h"

#define LOCAL_MAX 64  /* octets, RFC 5321 4.5.3.1.1 */
#define LABEL_MAX 61  /* octets of a label */
#define LABELS_MAX 4  /* in front of the last one */
#define WEB_MAX 255   /* octets of a web address on each side of its '@' */
#define BLANKS_MAX 10 /* between an address and "wrote:" */
#define WROTE_MIN 2
#define WROTE_MAX 11 /* octets of that word */

/* RFC 5322 3.2.3 */
static bool
is_atext(char c)
{
	return ascii_is_alnum(c) ||
	       (c != '\0' && strchr("!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* How long the host's name is at the front of a text; 0 if there is none. */
static size_t
host_length(struct span text, const struct tld *tld)
{
	size_t i, begin = 0, labels = 0;

	for (;; begin = i + 1) {
		for (i = begin; i < text.len &&
				(ascii_is_alnum(text.p[i]) || text.p[i] == '-');
		     i++)
			;
		if (i == begin)
			return 0;
		if (i + 1 >= text.len || text.p[i] != '.' ||
		    !ascii_is_alnum(text.p[i + 1]))
			break;
		if (i - begin > LABEL_MAX || text.p[begin] == '-' ||
		    text.p[i - 1] == '-' || ++labels > LABELS_MAX)
			return 0;
	}
	if (labels == 0 || !tld_is_valid(tld, (struct span){text.p, i}))
		return 0;
	return i;
}

/* Where the local part in front of an '@' begins, not before low: as far to the
 * left as its atoms go within LOCAL_MAX; at itself if there is none. */
static size_t
local_begin(struct span text, size_t at, size_t low)
{
	size_t begin = at, i = at;

	for (;;) {
		while (
		    i > low && at - i <= LOCAL_MAX && is_atext(text.p[i - 1]))
			i--;
		if (at - i > LOCAL_MAX || i == begin)
			return begin;
		begin = i;
		if (i <= low + 1 || text.p[i - 1] != '.')
			return begin;
		i--;
		if (!is_atext(text.p[i - 1]))
			return begin;
	}
}

/* Whether what is behind an address is ">", or a word like "wrote:" that begins
 * a quotation; "fax:" and "mail:" do not. */
static bool
is_quoted(struct span behind)
{
	static const char *const others[] = {
	    "fax", "facsi", "tel", "phone", "mail", "email", "-mail", "e-mail"};
	size_t i = 0, len = 0;

	if (span_starts(behind, ">"))
		return true;
	while (i < behind.len && i <= BLANKS_MAX && ascii_is_space(behind.p[i]))
		i++;
	if (i == 0 || i > BLANKS_MAX)
		return false;
	behind = span_from(behind, i);
	for (i = 0; i < nitems(others); i++)
		if (span_istarts(behind, others[i]))
			return false;
	while (len < behind.len && len <= WROTE_MAX &&
	       ((behind.p[len] >= 'a' && behind.p[len] <= 'z') ||
		   (behind.p[len] >= 'A' && behind.p[len] <= 'Z')))
		len++;
	return len >= WROTE_MIN && len <= WROTE_MAX && len < behind.len &&
	       behind.p[len] == ':';
}

struct finder {
	struct mail *mail;
	const struct tld *tld;
	struct text *emails;
};

static void
add(struct finder *finder, struct span email)
{
	struct text *emails = finder->emails;
	size_t i;

	email = glob_lower(&finder->mail->arena, email);
	for (i = 0; i < emails->count; i++)
		if (span_eq(emails->lines[i], email))
			return;
	emails->lines[emails->count++] = email;
}

/* Where an address of the web that has an '@' in it ends; 0 if there is none at
 * the front. */
static size_t
web_length(struct span text)
{
	size_t i, scheme, end = 0;

	if (span_istarts(text, "http://"))
		scheme = strlen("http://");
	else if (span_istarts(text, "https://"))
		scheme = strlen("https://");
	else
		return 0;
	for (i = scheme; i < text.len && i <= scheme + WEB_MAX &&
			 !ascii_is_space(text.p[i]);
	     i++)
		if (text.p[i] == '@')
			end = i + 1;
		else if (span_starts(span_from(text, i), "%40"))
			end = i + 3;
	if (end == 0)
		return 0;
	for (i = 0;
	     end < text.len && i < WEB_MAX && !ascii_is_space(text.p[end]); i++)
		end++;
	return end;
}

/* A line without such addresses. */
static struct span
without_web(struct arena *arena, struct span line)
{
	const struct span mark = span_of("://");
	struct span rest = line;
	const char *p;
	char *text = NULL;
	size_t len = 0, at, end, back;

	while ((p = span_find(rest, mark)) != NULL) {
		at = (size_t)(p - rest.p);
		back =
		    at >= 5 && (rest.p[at - 1] == 's' || rest.p[at - 1] == 'S')
			? 5
			: 4;
		end = at >= back ? web_length(span_from(rest, at - back)) : 0;
		if (text == NULL)
			text = arena_alloc(arena, line.len + 1);
		at = end > 0 ? at - back : at + mark.len;
		memcpy(text + len, rest.p, at);
		len += at;
		if (end > 0) {
			if (len > 0 && text[len - 1] == '<')
				len--;
			text[len++] = ' ';
		}
		rest = span_from(rest, at + end);
	}
	if (text == NULL)
		return line;
	memcpy(text + len, rest.p, rest.len);
	return (struct span){text, len + rest.len};
}

static void
find_in_line(struct finder *finder, struct span line)
{
	size_t at, begin, len, low = 0;
	struct span before, local;
	const char *p;

	line = without_web(&finder->mail->arena, line);
	for (at = 0; finder->emails->count < FREEMAILBODY_MAX; at++) {
		p = memchr(line.p + at, '@', line.len - at);
		if (p == NULL)
			return;
		at = (size_t)(p - line.p);
		begin = local_begin(line, at, low);
		if (begin == at)
			continue;
		len = host_length(span_from(line, at + 1), finder->tld);
		if (len == 0)
			continue;
		low = at + 1 + len;
		before = (struct span){line.p, begin};
		local = (struct span){line.p + begin, at - begin};
		if (!is_quoted(span_from(line, low)) ||
		    (span_iends(before, "mailto:") &&
			memchr(local.p, '.', local.len) == NULL))
			add(finder, (struct span){line.p + begin, low - begin});
		at = low - 1;
	}
}

/* Links that do not show where they lead. */
static void
find_in_links(struct finder *finder)
{
	const struct uris *uris = finder->mail->uris;
	size_t i, at, len;
	struct span rest;
	const char *p;

	for (i = 0;
	     i < uris->count && finder->emails->count < FREEMAILBODY_LINKED_MAX;
	     i++) {
		rest = uris->list[i].raw;
		if ((uris->list[i].types & (URI_A | URI_PARSED)) != URI_A ||
		    !span_istarts(rest, "mailto:"))
			continue;
		rest = span_from(rest, strlen("mailto:"));
		p = rest.len > 0 ? memchr(rest.p, '@', rest.len) : NULL;
		if (p == NULL || p == rest.p)
			continue;
		at = (size_t)(p - rest.p);
		if (local_begin(rest, at, 0) != 0)
			continue;
		len = host_length(span_from(rest, at + 1), finder->tld);
		if (len > 0)
			add(finder, (struct span){rest.p, at + 1 + len});
	}
}

void
freemailbody(struct mail *mail, const struct tld *tld, struct text *emails)
{
	struct finder finder = {mail, tld, emails};
	const struct text *body = &mail->body;
	size_t i;

	emails->lines =
	    arena_array(&mail->arena, FREEMAILBODY_MAX, sizeof(*emails->lines));
	emails->count = 0;
	if (mail->uris != NULL)
		find_in_links(&finder);
	for (i = 0; i < body->count && emails->count < FREEMAILBODY_MAX; i++)
		if (body->lines[i].len > 0 &&
		    memchr(body->lines[i].p, '@', body->lines[i].len) != NULL)
			find_in_line(&finder, body->lines[i]);
}
