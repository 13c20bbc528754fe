/*
 * Lines that say nothing of a handing over by network: from one program to the
 * next on the same machine, or of servers that do not tell an address.
 */
#include "relay/relayip.h"
#include "relay/relayparse.h"

static struct span
comment(const struct trace *t, size_t i)
{
	struct span none = {"", 0}, text;

	if (i >= t->count || t->pieces[i].text.p[0] != '(')
		return none;
	text = span_from(t->pieces[i].text, 1);
	if (span_ends(text, ")"))
		text.len--;
	return text;
}

/* "user@localhost", "localhost", "127.0.0.1": on the machine itself.  What
 * follows the name is up to one of stops. */
static bool
is_local(struct span text, const char *stops)
{
	const char *at = memchr(text.p, '@', text.len);
	size_t len;

	if (at != NULL && memchr(text.p, ' ', (size_t)(at - text.p)) == NULL)
		text = span_from(text, (size_t)(at - text.p) + 1);
	for (len = 0; len < text.len; len++)
		if (strchr(stops, text.p[len]) != NULL && text.p[len] != '\0')
			break;
	if (*stops == '\0' && len < text.len)
		return false;
	text.len = len;
	return relay_is_localhost(text);
}

/* "(user@host [127.0.0.1])" */
static bool
is_local_user(const struct piece *piece)
{
	return piece->form == PIECE_NAMED && piece->rest.len == 0 &&
	       memchr(piece->name.p, '@', piece->name.len) != NULL &&
	       relay_is_localhost(piece->ip);
}

static bool
by_follows(const struct trace *t)
{
	return span_starts(t->after, " with") ||
	       span_starts(t->after, " via") || span_starts(t->after, " for") ||
	       span_starts(t->after, " (");
}

/* "host with LMTP by": three words, whatever they are. */
static bool
tells_how(struct span line)
{
	struct span rest = line, how;

	span_word(&rest);
	how = span_word(&rest);
	span_word(&rest);
	return span_starts(rest, " by ") &&
	       (span_is(how, "with") || span_is(how, "via") ||
		   span_is(how, "for"));
}

/* One word, then "by", or a second word that tells how. */
static bool
is_without_address(const struct trace *t)
{
	const struct piece *p = t->pieces;
	bool by = t->by.p != NULL;

	if (tells_how(t->line))
		return true;
	if (memchr(p[0].text.p, ' ', p[0].text.len) != NULL)
		return false;
	if (t->count == 1 && by)
		return by_follows(t) ||
		       (memchr(p[0].text.p, '@', p[0].text.len) != NULL &&
			   t->after.len > 0);
	if (t->count == 2 && by && p[1].glued &&
	    memchr(p[1].text.p, ' ', p[1].text.len) == NULL)
		return by_follows(t);
	if (t->count == 3 && by && span_is(p[1].text, "named"))
		return span_is(t->by, "gmailapi.google.com") &&
		       span_is(t->after, " with HTTPREST");
	return t->count == 3 && !by && span_is(p[1].text, "id") &&
	       p[2].form == PIECE_WORD;
}

/* A comment that tells that it came from inside, by who wrote it. */
static bool
is_inside_comment(const struct trace *t)
{
	struct span text = comment(t, 1);
	bool by = t->by.p != NULL;

	if (!by || t->count != 2 || text.len == 0)
		return false;
	return span_is(text, "unverified") ||
	       (span_is(text, "unknown") &&
		   span_starts(t->after, " (SG) with ")) ||
	       (span_ends(text, " [local]") &&
		   span_starts(t->after, " (OpenSMTPD) with ")) ||
	       (span_is(text, "[unix socket]") &&
		   span_starts(t->after, " (Cyrus v") &&
		   relay_has(t->after, ") with LMTPA")) ||
	       (span_starts(t->after, " with Thrift id ") &&
		   span_is(t->by, "facebook.com") &&
		   span_is(t->pieces[0].text, "facebook.com")) ||
	       (span_starts(t->after, " (Content Technologies ") &&
		   memchr(text.p, ' ', text.len) == NULL);
}

bool
relay_is_inner(const struct trace *t)
{
	const struct piece *p = t->pieces;
	struct span text = comment(t, 1);

	if (t->count == 0)
		return false;
	if (relay_has(t->line, " with BSMTP") && t->count == 1 &&
	    span_starts(t->after, " with BSMTP"))
		return true;
	if (p[0].text.p[0] != '(' && text.len > 0) {
		/* a user or a program on the same machine */
		if (is_local(text, "") ||
		    (relay_is_localhost(p[0].text) && is_local(text, "[)")))
			return true;
		if (is_local_user(&p[1]))
			return true;
	}
	if (t->count == 2 && t->by.p != NULL &&
	    (span_starts(t->after, " with local-esmtp ") ||
		span_starts(t->after, " with local-smtp ")))
		return true;
	if (span_starts(t->line, "127.0.0.1 (AVG SMTP ") ||
	    span_starts(t->line, "Unknown/Local (") ||
	    span_starts(t->line, "localhost (localhost [[UNIX: localhost]])"))
		return true;
	if (span_starts(t->line, "(AUTH: ") && t->count == 1 &&
	    span_starts(t->after, " with "))
		return true;
	if (relay_has(t->line, "(LSMTP for") ||
	    (span_starts(t->line, "[<") && relay_has(t->line, " (Jetsend")))
		return true;
	if (p[0].form == PIECE_BOXED && relay_is_localhost(p[0].ip) &&
	    relay_has(t->line, ") with MailEnable "))
		return true;
	return is_without_address(t) || is_inside_comment(t);
}
