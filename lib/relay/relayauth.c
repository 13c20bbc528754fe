/*
 * How a client logged in, as each server has its own words for it.  Where there
 * is a protocol for it (RFC 3848, RFC 6531) that is told.
 */
#include "base/regex.h"
#include "relay/relayparse.h"

static const struct span nothing = {"", 0};

/* Whether a word of the protocol stands alone and is one of those that tell of
 * authentication. */
static bool
is_auth_word(struct span word)
{
	static const char *const words[] = {"ESMTPA", "ESMTPSA", "LMTPA",
	    "LMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "UTF8LMTPA", "UTF8LMTPSA",
	    "ASMTP", "HTTP", "HTTPS", "HTTPU"};
	size_t i;

	for (i = 0; i < nitems(words); i++)
		if (span_iis(word, words[i]))
			return true;
	return false;
}

/* The word behind " with " that tells it. */
static struct span
protocol(struct span line)
{
	struct span rest = line, word;
	const char *p;

	while ((p = span_ifind(rest, span_of(" with "))) != NULL) {
		rest = span_from(line, (size_t)(p - line.p) + 5);
		word = span_from(rest, 1);
		for (size_t i = 0; i < word.len; i++)
			if (word.p[i] == ' ' || word.p[i] == ';')
				word.len = i;
		if (is_auth_word(word))
			return word;
	}
	return nothing;
}

static struct span
join(struct arena *arena, const char *const *texts, const struct span *spans,
    size_t count)
{
	struct buf buf = BUF_INIT(1 << 16);
	struct span span;
	size_t i;

	for (i = 0; i < count; i++) {
		buf_adds(&buf, texts[i]);
		buf_addspan(&buf, spans[i]);
	}
	span = arena_copy(arena, buf_span(&buf));
	buf_free(&buf);
	return span;
}

/* What stands between two texts, from *rest on, which moves behind it. */
static bool
between(struct span *rest, const char *from, const char *to, struct span *text)
{
	const char *p = span_find(*rest, span_of(from));
	struct span tail;

	if (p == NULL)
		return false;
	tail = span_from(*rest, (size_t)(p - rest->p) + strlen(from));
	p = span_find(tail, span_of(to));
	if (p == NULL)
		return false;
	*text = (struct span){tail.p, (size_t)(p - tail.p)};
	*rest = span_from(tail, text->len + strlen(to));
	return true;
}

/* Google Mail tells it by the form of its id only. */
static struct span
google(struct arena *arena, struct span line)
{
	static struct regex_fixed form = {
	    " by mx\\.google\\.com with ESMTPS id [a-z0-9]{1,4}sm[0-9]{2,9}"
	    "[a-z]{3}\\.[0-9]{1,3}\\.[0-9]{4}(\\.[0-6][0-9]){5}",
	    0, NULL};
	static const char *const texts[] = {"GMail - transport=", " cipher="};
	struct span spans[2], rest = line;

	if (!relay_has(line, " by mx.google.com with ESMTPS id ") ||
	    !regex_has(&form, line) ||
	    !between(&rest, "(version=", " ", &spans[0]) ||
	    !span_starts(rest, "cipher=") ||
	    !between(&rest, "cipher=", ")", &spans[1]))
		return nothing;
	return join(arena, texts, spans, 2);
}

/* "(AUTH: LOGIN user)" of Courier. */
static struct span
courier(struct span line)
{
	struct span rest = line, word;

	if (!between(&rest, ") (AUTH: ", " ", &word) ||
	    !relay_has(rest, ") by "))
		return nothing;
	if (span_is(word, "LOGIN") || span_is(word, "PLAIN") ||
	    span_is(word, "DIGEST-MD5") || span_is(word, "CRAM-MD5"))
		return word;
	return nothing;
}

/* Moves behind the first place of a text; false if there is none. */
static bool
skip_to(struct span *rest, const char *text)
{
	const char *p = span_find(*rest, span_of(text));

	if (p == NULL)
		return false;
	*rest = span_from(*rest, (size_t)(p - rest->p) + strlen(text));
	return true;
}

/* Moves behind the comment with the address: "]) ", ")] ", and
 * "] (may be forged)) ". */
static bool
skip_address(struct span *rest)
{
	struct span text = *rest, comment;
	const char *p;

	for (; text.len > 1; text = span_from(text, 1)) {
		if (text.p[0] != ']' && text.p[0] != ')')
			continue;
		*rest = span_from(text, 3);
		if (span_starts(text, "]) ") || span_starts(text, ")] "))
			return true;
		if (!span_starts(text, "] ("))
			continue;
		comment = span_from(text, 3);
		p = memchr(comment.p, ')', comment.len);
		if (p == NULL)
			return false;
		*rest = span_from(comment, (size_t)(p - comment.p));
		if (span_starts(*rest, ")) ")) {
			*rest = span_from(*rest, 3);
			return true;
		}
	}
	return false;
}

/* "(authenticated bits=0)", between the address and "by". */
static bool
is_sendmail(struct span line)
{
	struct span rest = line;

	return relay_has(line, "authenticated") && span_starts(line, "from ") &&
	       skip_address(&rest) && skip_to(&rest, "(") &&
	       skip_to(&rest, "authenticated") && skip_to(&rest, ")") &&
	       skip_to(&rest, " by");
}

/* GMX says nothing of it, but takes mail of its own users only. */
static struct span
gmx(struct arena *arena, struct span line)
{
	static struct regex_fixed form = {
	    "from \\S* \\([HE][EH]LO \\S*\\) \\[[0-9a-fA-F:.]+\\] by "
	    "(mail\\.gmx\\.(?:net|com)) \\([^)]+\\) with (E?SMTP)",
	    0, NULL};
	static const char *const texts[] = {"GMX (", " / ", ")"};
	struct regex_match match;
	struct span spans[3];

	if (!relay_has(line, " by mail.gmx.") ||
	    !regex_take(&form, line, 0, &match))
		return nothing;
	spans[0] = match.groups[2];
	spans[1] = match.groups[1];
	spans[2] = nothing;
	return join(arena, texts, spans, 3);
}

static bool
is_critical_path(struct span line)
{
	static struct regex_fixed form = {
	    "\\) by .+ \\(\\d{1,2}\\.\\d\\.\\d{3}(?:\\.\\d{1,3})?\\) "
	    "\\(authenticated as .+\\) id ",
	    0, NULL};

	return relay_has(line, " (authenticated as ") && regex_has(&form, line);
}

/* Postfix, or what goes by another name. */
static struct span
postfix(struct arena *arena, struct span line)
{
	static const char *const texts[] = {"Postfix (", ")"};
	struct span spans[2] = {nothing, nothing}, rest = line, word;

	if (!between(&rest, ") (Authenticated sender: ", ") by ", &word) ||
	    memchr(word.p, ' ', word.len) != NULL)
		return nothing;
	span_word(&rest);
	if (!span_starts(rest, " (") || !between(&rest, " (", ")", &spans[0]) ||
	    !span_starts(rest, " with "))
		return nothing;
	if (span_is(spans[0], "Postfix"))
		return spans[0];
	return join(arena, texts, spans, 2);
}

static bool
is_communigate(struct span line)
{
	return relay_has(line, " (account ") &&
	       (relay_has(line, "CommuniGate Pro HTTP") ||
		   relay_has(line, "CommuniGate Pro SMTP") ||
		   relay_has(line, "CommuniGate Pro XIMSS") ||
		   relay_has(line, "CommuniGate Pro IMAP"));
}

/* "(via HTTP)" */
static struct span
via_http(struct span line)
{
	struct span rest, word;
	const char *p = span_ifind(line, span_of(" (via HTTP"));

	if (p == NULL)
		return nothing;
	rest = span_from(line, (size_t)(p - line.p) + 6);
	p = memchr(rest.p, ')', rest.len);
	if (p == NULL || p - rest.p > 5)
		return nothing;
	word = (struct span){rest.p, (size_t)(p - rest.p)};
	rest = span_from(rest, word.len + 1);
	return rest.len == 0 || rest.p[0] == ' ' || rest.p[0] == ';' ? word
								     : nothing;
}

struct span
relay_auth(struct arena *arena, struct span line)
{
	bool by = relay_has(line, " by ");
	struct span auth = by ? protocol(line) : nothing;

	if (auth.len == 0)
		auth = google(arena, line);
	if (auth.len == 0)
		auth = courier(line);
	if (auth.len == 0 && is_sendmail(line))
		auth = span_of("Sendmail");
	if (auth.len == 0)
		auth = gmx(arena, line);
	if (auth.len == 0 && is_critical_path(line))
		auth = span_of("CriticalPath");
	if (auth.len == 0)
		auth = postfix(arena, line);
	if (auth.len == 0 && is_communigate(line))
		auth = span_of("Communigate");
	if (auth.len == 0 &&
	    relay_has(line, " with Microsoft Exchange Server HTTP-DAV"))
		auth = span_of("HTTP-DAV");
	return auth.len == 0 && by ? via_http(line) : auth;
}
