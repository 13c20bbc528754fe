/*
 * What the pieces of a field mean: readers for the forms in which servers write
 * who the client is.  Which is the name that was looked up and which the one
 * that the client said depends on the server; where it cannot be told apart by
 * the form, its own mark in the line decides.
 */
#include "text/relayip.h"
#include "text/relayparse.h"

static const struct span nothing = {"", 0};

bool
relay_has(struct span line, const char *text)
{
	return span_find(line, span_of(text)) != NULL;
}

/* The form of the i-th piece in front of "by".  One that sticks to the piece
 * before has none. */
static enum piece_form
form(const struct trace *t, size_t i)
{
	return i < t->count && !t->pieces[i].glued ? t->pieces[i].form
						   : PIECE_NONE;
}

/* One word in front of all else, whatever it is. */
static bool
is_host(const struct trace *t)
{
	enum piece_form f = form(t, 0);

	return f == PIECE_WORD || f == PIECE_IP || f == PIECE_BOX;
}

static bool
is_by(const struct trace *t, size_t count)
{
	return t->count == count && t->by.p != NULL;
}

static void
tell(struct trace *t, struct span rdns, struct span helo, struct span ip)
{
	t->relay->rdns = rdns;
	t->relay->helo = helo;
	t->relay->ip = ip;
	t->relay->by = t->by;
}

/* Takes "name=value" out of what an Exim has put into its comment. */
static bool
take_value(struct span text, const char *name, struct span *value)
{
	const char *p = span_find(text, span_of(name));

	if (p == NULL)
		return false;
	text = span_from(text, (size_t)(p - text.p) + strlen(name));
	*value = text;
	p = memchr(text.p, ' ', text.len);
	if (p != NULL)
		value->len = (size_t)(p - text.p);
	return true;
}

static void
take_exim_values(struct trace *t, struct span text)
{
	struct span value;

	if (take_value(text, "helo=", &value) && value.len > 0)
		t->relay->helo = value;
	if (take_value(text, "ident=", &value))
		t->relay->ident = value;
}

/* What stands from the i-th piece on up to "by", without parentheses. */
static struct span
inside(const struct trace *t, const char *from)
{
	const struct piece *last = &t->pieces[t->count - 1];
	const char *end = last->text.p + last->text.len;

	if (end > from && end[-1] == ')')
		end--;
	return (struct span){from, (size_t)(end - from)};
}

/* Whether it is written as Sendmail does: a comment, "by HOST (VERSION)".  The
 * qmail-ldap looks the same. */
static bool
is_sendmail(const struct trace *t)
{
	if (t->by.p == NULL || !span_starts(t->after, " (") ||
	    t->pieces[t->count - 1].text.p[0] != '(')
		return false;
	return !span_starts(t->after, " (qmail-") ||
	       !relay_has(t->after, ") with ");
}

/* Takes the user that an ident server has told off a name. */
static struct span
without_ident(struct span name, struct span *ident)
{
	const char *at;

	if (span_starts(name, "IDENT:"))
		name = span_from(name, 6);
	at = memchr(name.p, '@', name.len);
	if (at == NULL)
		return name;
	*ident = (struct span){name.p, (size_t)(at - name.p)};
	return span_from(name, ident->len + 1);
}

/* Up to the last letter of it. */
static struct span
strip_signs(struct span text)
{
	char c;

	for (; text.len > 0; text.len--) {
		c = text.p[text.len - 1];
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c == '_')
			break;
	}
	return text;
}

/* "with SMTP (Microsoft Exchange ..." */
static bool
has_comment_behind_with(struct span after)
{
	if (!span_starts(after, " with "))
		return false;
	after = span_from(after, 6);
	span_word(&after);
	return span_starts(after, " (");
}

/* "(host [192.0.2.1])": Postfix, Sendmail, Exchange and most others. */
static bool
read_named(struct trace *t)
{
	const struct piece *c = &t->pieces[1];
	bool sendmail = is_sendmail(t);
	bool postfix = t->count == 2 && relay_has(t->after, " (Postfix) with");
	struct span name = c->name;

	if (t->by.p == NULL || (c->rest.len > 0 && !sendmail))
		return false;
	if (c->form == PIECE_HELO)
		name = (struct span){c->text.p + 1, 4};
	if (sendmail && !postfix)
		name = without_ident(name, &t->relay->ident);
	t->looked_up = !span_is(name, "softdnserr");
	tell(t, t->looked_up ? name : nothing, t->pieces[0].text, c->ip);
	if (!sendmail && !postfix &&
	    !(t->count == 2 && has_comment_behind_with(t->after)))
		t->relay->by = strip_signs(t->by);
	return true;
}

/* "(host[192.0.2.1])" */
static bool
read_glued(struct trace *t)
{
	const struct piece *c = &t->pieces[1];

	if (!is_by(t, 2) || t->after.len == 0 || c->rest.len > 0)
		return false;
	t->looked_up = !span_starts(c->name, "<unknown");
	tell(t, t->looked_up ? c->name : nothing, t->pieces[0].text, c->ip);
	return true;
}

/* Behind "by HOST": the name of a qmail's protocol.  One with " id " is that
 * of a Sendmail. */
static bool
is_qmail(const struct trace *t, size_t i)
{
	const struct piece *c = &t->pieces[i];
	struct span rest = t->after;
	const char *p, *q;

	if (c->rest.len > 0 || c->port.len > 0)
		return false;
	if (i + 2 == t->count &&
	    !span_starts(t->pieces[i + 1].text, "(envelope-sender <"))
		return false;
	if (t->by.p == NULL || i + 2 < t->count)
		return false;
	p = span_find(rest, span_of(" with "));
	if (p == NULL || (p > rest.p && (rest.p[1] != '(' || p[-1] != ')')))
		return false;
	rest = span_from(rest, (size_t)(p - rest.p) + 5);
	while (rest.len > 0) {
		rest = span_from(rest, 1);
		q = memchr(rest.p, ' ', rest.len);
		if ((span_starts(rest, "SMTP") || span_starts(rest, "QMQP")) &&
		    !span_starts(span_from(rest, 4), " id "))
			return true;
		if (q == NULL)
			break;
		rest = span_from(rest, (size_t)(q - rest.p));
	}
	return false;
}

/* A name that qmail was told by whoever called it. */
static void
tell_qmail(struct trace *t, struct span helo, const struct piece *c)
{
	struct span host = t->pieces[0].text;

	t->looked_up = !span_is(host, "unknown");
	tell(t, t->looked_up ? host : nothing, helo, c->ip);
	if (c->has_at)
		t->relay->ident = c->name;
}

/* The first comment that is one word. */
static void
find_comment_word(struct span line, struct span *word)
{
	struct span rest = line;
	const char *open, *close;

	while ((open = span_find(rest, span_of(" ("))) != NULL) {
		rest = span_from(line, (size_t)(open - line.p) + 2);
		close = memchr(rest.p, ' ', rest.len);
		if (close == NULL)
			return;
		if (close - rest.p > 1 && close[-1] == ')') {
			*word =
			    (struct span){rest.p, (size_t)(close - rest.p) - 1};
			return;
		}
	}
}

/* Exim's "([192.0.2.1] helo=x ident=y)" and "[192.0.2.1] (helo=x)". */
static bool
read_exim(struct trace *t)
{
	const struct piece *p = t->pieces;
	size_t i;

	if (t->by.p != NULL && t->after.len > 0) {
		if (p[0].form == PIECE_BOX && p[0].rest.len == 0 &&
		    t->count > 1 && p[1].text.p[0] == '(') {
			tell(t, nothing, t->relay->helo, p[0].ip);
			take_exim_values(t, inside(t, p[1].text.p + 1));
			return true;
		}
		if (is_host(t) && form(t, 1) == PIECE_BOXED &&
		    p[1].port.len == 0) {
			tell(t, p[0].text, p[0].text, p[1].ip);
			take_exim_values(t, inside(t, p[1].rest.p));
			return true;
		}
		if (is_host(t) && form(t, 1) == PIECE_BOX && is_by(t, 2) &&
		    p[1].port.len == 0) {
			tell(t, p[0].text, p[0].text, p[1].ip);
			return true;
		}
	}
	/* any other: little bits of it, which may lead to no end */
	if (is_host(t))
		t->relay->rdns = p[0].text;
	find_comment_word(t->line, &t->relay->helo);
	for (i = 1; i < t->count; i++)
		if (p[i].form == PIECE_BOX && p[i].rest.len == 0) {
			t->relay->ip = p[i].ip;
			break;
		}
	if (t->by.p != NULL && t->after.len > 0)
		t->relay->by = t->by;
	return t->relay->by.len > 0 && t->relay->ip.len > 0;
}

/* "with mapi id 15.20.1943.23" */
static bool
is_mapi(const struct trace *t)
{
	static const char *const marks[] = {
	    " with mapi id ", " with Microsoft SMTP Server "};
	const char *p = NULL;
	struct span rest;
	size_t i, dots = 0;

	for (i = 0; i < nitems(marks) && p == NULL; i++)
		p = span_find(t->line, span_of(marks[i]));
	if (p == NULL)
		return false;
	rest =
	    span_from(t->line, (size_t)(p - t->line.p) + strlen(marks[i - 1]));
	if (span_starts(rest, "(") && (p = memchr(rest.p, ')', rest.len)))
		rest = span_from(rest, (size_t)(p - rest.p) + 2);
	rest = span_word(&rest);
	for (i = 0; i < rest.len; i++) {
		dots += rest.p[i] == '.';
		if (memchr("0123456789.", rest.p[i], 11) == NULL)
			return false;
	}
	return dots == 3;
}

/* Servers of Microsoft, which look up nothing: "([192.0.2.1] RDNS failed)",
 * "(192.0.2.1)". */
static bool
read_microsoft(struct trace *t)
{
	const struct piece *c = &t->pieces[1];
	bool service = span_starts(t->after, " with Microsoft SMTPSVC");

	if (form(t, 0) == PIECE_BOXED && is_by(t, 1) && service) {
		tell(t, nothing, nothing, t->pieces[0].ip);
		return true;
	}
	if (!is_host(t) || !is_by(t, 2))
		return false;
	if (service && form(t, 1) == PIECE_BOXED && c->port.len == 0) {
		tell(t, nothing, t->pieces[0].text, c->ip);
		return true;
	}
	if (!is_mapi(t) || c->rest.len > 0 || c->has_at || t->after.len == 0 ||
	    (form(t, 1) != PIECE_BOXED && form(t, 1) != PIECE_IDENT))
		return false;
	if (c->port.len > 0 && c->port.p[0] != '%')
		return false;
	tell(t, nothing, t->pieces[0].text, c->ip);
	t->relay->id = nothing;
	return true;
}

/* Whether nothing but a port stands behind the address. */
static bool
is_port(const struct piece *c)
{
	return c->rest.len == 0 &&
	       (c->port.len == 0 || c->port.p[0] == ':' || c->port.p[0] == '.');
}

/* "([192.0.2.1])" with more or less behind it. */
static bool
read_boxed(struct trace *t)
{
	const struct piece *c = &t->pieces[1];
	struct span host = t->pieces[0].text, value;

	if (t->by.p == NULL)
		return false;
	if (c->spaced) {
		tell(t, nothing, t->relay->helo, c->ip);
		return true;
	}
	if (is_by(t, 2) && c->port.len == 0) {
		if (c->rest.len == 0 &&
		    span_starts(t->after, " (Lotus Domino ")) {
			tell(t, nothing, host, c->ip);
			return true;
		}
		if (form(t, 0) == PIECE_IP && c->rest.len == 0 &&
		    relay_has(t->line, " with HTTP")) {
			tell(t, nothing, t->relay->helo, host);
			return true;
		}
		if (span_starts(c->rest, " helo=") &&
		    span_starts(t->after, " with ") &&
		    take_value(c->rest, "helo=", &value) &&
		    value.p + value.len == c->rest.p + c->rest.len) {
			tell(t, host, value, c->ip);
			return true;
		}
		if (span_is(c->rest, " verified") &&
		    relay_has(t->after, " (CommuniGate Pro")) {
			t->looked_up = true;
			tell(t, host, host, c->ip);
			return true;
		}
	}
	if (c->port.len > 0 && c->rest.len == 0 &&
	    relay_has(t->line, "(ecelerity")) {
		tell(t, nothing, t->relay->helo, c->ip);
		return true;
	}
	if (is_qmail(t, 1)) {
		tell_qmail(t, host, c);
		return true;
	}
	if (!is_port(c) || t->after.len == 0)
		return false;
	t->looked_up = true;
	tell(t, t->relay->rdns, host, c->ip);
	return true;
}

/* "id <id>" and "from <sender>" behind "for". */
static void
take_xmail_values(struct trace *t)
{
	struct span value;

	if (take_value(t->after, " id <", &value) && span_ends(value, ">")) {
		value.len--;
		t->relay->id = value;
	}
	if (take_value(t->after, " from <", &value) && span_ends(value, ">")) {
		value.len--;
		t->relay->envfrom = value;
	}
}

/* "(name@192.0.2.1)", "(192.0.2.1)", "(name@[192.0.2.1])" */
static bool
read_ident(struct trace *t)
{
	const struct piece *c = &t->pieces[1];
	struct span host = t->pieces[0].text;

	if (t->by.p == NULL)
		return false;
	if (relay_has(t->line, "[XMail ") && c->port.len > 0 && is_by(t, 2)) {
		tell(t, nothing, host, c->ip);
		take_xmail_values(t);
		return true;
	}
	if (relay_has(t->line, "(Scalix SMTP Relay") && is_by(t, 2)) {
		tell(t, nothing, host, c->ip);
		return true;
	}
	if (c->spaced)
		return false;
	if (c->has_at && c->boxed && span_starts(t->after, " (")) {
		t->looked_up = true;
		tell(t, nothing, host, c->ip);
		t->relay->ident = c->name;
		return true;
	}
	if (is_qmail(t, 1)) {
		tell_qmail(t, host, c);
		return true;
	}
	if (c->has_at && span_is(c->rest, " with login") && is_by(t, 2) &&
	    span_ends(t->by, ".yahoo.com")) {
		tell(t, nothing, host, c->ip);
		return true;
	}
	return false;
}

/* The last word behind a "by" in the line. */
static struct span
last_by(const struct trace *t)
{
	struct span by = t->by, rest = t->after, word;
	const char *p;

	while ((p = span_find(rest, span_of(" by "))) != NULL) {
		rest = span_from(rest, (size_t)(p - rest.p) + 4);
		word = rest;
		p = memchr(rest.p, ' ', rest.len);
		if (p == NULL || p == rest.p)
			continue;
		word.len = (size_t)(p - rest.p);
		by = word;
	}
	return by;
}

/* What is left of it when it was not fetched from a mailbox. */
static bool
read_late_ident(struct trace *t)
{
	const struct piece *c = &t->pieces[1];

	if (t->by.p == NULL || t->after.len == 0 || c->rest.len > 0 ||
	    c->port.len > 0 || c->spaced)
		return false;
	t->looked_up = true;
	tell(t, t->pieces[0].text, t->pieces[0].text, c->ip);
	t->relay->by = last_by(t);
	t->relay->ident = c->name;
	return true;
}

/* "host (HELO name) (192.0.2.1)": qmail, qpsmtpd and their like. */
static bool
read_helo(struct trace *t)
{
	const struct piece *p = t->pieces;
	bool lmtp = span_starts(p[1].text, "(LHLO");

	if (t->by.p == NULL || memchr(p[1].name.p, ' ', p[1].name.len) != NULL)
		return false;
	if (lmtp) {
		if (form(t, 2) != PIECE_IDENT || !is_by(t, 3) ||
		    !span_starts(t->after, " with LMTP"))
			return false;
		tell(t, p[0].text, p[1].name, p[2].ip);
		return true;
	}
	if (is_by(t, 3) && span_starts(t->after, " (") &&
	    (relay_has(t->after, ") with SMTP") ||
		relay_has(t->after, ") with ESMTP")) &&
	    (form(t, 2) == PIECE_BOX ||
		(form(t, 2) == PIECE_IDENT && !p[2].has_at &&
		    span_starts(t->after, " (qpsmtpd/")))) {
		tell(t, p[0].text, p[1].name, p[2].ip);
		return true;
	}
	if ((form(t, 2) == PIECE_IDENT || form(t, 2) == PIECE_BOXED) &&
	    is_qmail(t, 2)) {
		tell_qmail(t, p[1].name, &p[2]);
		return true;
	}
	return false;
}

static bool
read_late_helo(struct trace *t)
{
	const struct piece *p = t->pieces;
	enum piece_form third = form(t, 2);

	if (t->by.p == NULL || span_starts(p[1].text, "(LHLO"))
		return false;
	if ((third == PIECE_IDENT || third == PIECE_BOXED) &&
	    (p[2].rest.len == 0 || third == PIECE_IDENT) && t->after.len > 0) {
		t->looked_up = true;
		tell(t, p[0].text, p[1].name, p[2].ip);
		t->relay->by = last_by(t);
		t->relay->ident = p[2].name;
		return true;
	}
	if (!is_by(t, 2) || t->after.len == 0)
		return false;
	if (form(t, 0) == PIECE_IP ||
	    (form(t, 0) == PIECE_BOX &&
		(p[0].rest.len > 0 || span_starts(t->after, " (")))) {
		tell(t, nothing, p[1].name, p[0].ip);
		return true;
	}
	return false;
}

/* A comment stands first: nobody said HELO. */
static bool
read_without_host(struct trace *t)
{
	const struct piece *c = t->pieces;
	struct span value;

	if (!is_by(t, 1) || t->after.len == 0)
		return false;
	if (c->form == PIECE_NAMED && c->rest.len == 0) {
		tell(t, nothing, c->name, c->ip);
		return true;
	}
	if ((c->form == PIECE_IDENT && !c->has_at && c->rest.len == 0 &&
		c->port.len == 0) ||
	    (c->form == PIECE_BOXED && c->rest.len == 0 && c->port.len == 0)) {
		tell(t, nothing, t->relay->helo, c->ip);
		return true;
	}
	if (c->form == PIECE_BOXED && relay_has(t->line, "(ecelerity") &&
	    take_value(c->rest, " helo=", &value)) {
		tell(t, nothing, value, c->ip);
		return true;
	}
	return false;
}

/* "host [192.0.2.1]" */
static bool
read_box(struct trace *t, bool late)
{
	const struct piece *p = t->pieces;

	if (!is_by(t, 2) || p[1].rest.len > 0 || p[1].port.len > 0 ||
	    t->after.len == 0)
		return false;
	if (!late &&
	    !(span_starts(t->after, " [") && relay_has(t->after, "] with ")))
		return false;
	t->looked_up = !late;
	tell(t, t->relay->rdns, p[0].text, p[1].ip);
	return true;
}

/* "host(192.0.2.1)": smap, and smtpd of Obtuse, which has "claiming to be" and
 * a comma behind the name of the server. */
static bool
read_smap(struct trace *t)
{
	const struct piece *p = t->pieces, *c = &t->pieces[1];
	struct span rest = c->rest, word;

	if (t->count < 2 || c->form != PIECE_IDENT || !c->glued || c->has_at ||
	    t->by.p == NULL || t->after.len == 0)
		return false;
	span_word(&rest); /* a comma */
	word = span_word(&rest);
	if (t->count > 2) {
		rest = span_from(
		    t->line, (size_t)(c->text.p + c->text.len - t->line.p));
		if (!relay_has(rest, " via ") || !span_ends(t->by, ","))
			return false;
		tell(t, p[0].text, nothing, c->ip);
		t->relay->by.len--;
		t->looked_up = !span_is(p[0].text, "UNKNOWN");
		if (span_starts(rest, ", claiming to be \"") &&
		    take_value(rest, "\"", &word) && span_ends(word, "\"")) {
			word.len--;
			t->relay->helo = word;
		}
		return true;
	}
	tell(t, p[0].text, t->relay->helo, c->ip);
	t->looked_up = span_starts(t->after, " via smap ");
	if (span_iis(word, "HELO") || span_iis(word, "EHLO"))
		t->relay->helo = span_trim(rest);
	return true;
}

/* Only an address, and perhaps a comment: by whom counts. */
static bool
read_address(struct trace *t, bool late)
{
	const struct piece *p = t->pieces;
	enum piece_form f = form(t, 0);

	if (t->by.p == NULL || t->after.len == 0)
		return false;
	if (!late) {
		if (span_ends(t->by, ".hotmail.msn.com")) {
			tell(t, t->relay->rdns, t->relay->helo,
			    f == PIECE_IP ? p[0].ip : nothing);
			return true;
		}
		if (f != PIECE_BOX || p[0].rest.len > 0 || t->count != 1)
			return false;
		tell(t, t->relay->rdns, t->relay->helo, p[0].ip);
		return true;
	}
	if (f == PIECE_IP &&
	    ((t->count == 1 && (span_starts(t->after, " with ") ||
				   span_starts(t->after, " (SMTPL") ||
				   span_starts(t->after, " (InterScan"))) ||
		(t->count == 2 && form(t, 1) == PIECE_OTHER &&
		    span_starts(t->after, " with ")))) {
		tell(t, t->relay->rdns, t->relay->helo, p[0].ip);
		return true;
	}
	if (f != PIECE_BOX || p[0].rest.len > 0 || t->count != 2 ||
	    p[1].text.p[0] != '(' ||
	    memchr(p[1].text.p, ')', p[1].text.len - 1) != NULL)
		return false;
	tell(t, t->relay->rdns, t->relay->helo, p[0].ip);
	take_exim_values(t, inside(t, p[1].text.p + 1));
	return true;
}

/* "with HTTP": a person at a web page, whose address stands somewhere in front
 * of "by". */
static bool
read_web(struct trace *t)
{
	struct span rest = t->line, ip;
	size_t far;

	if (form(t, 0) == PIECE_IP && is_by(t, 1) &&
	    relay_has(t->after, ") with HTTP (WebMailUI)")) {
		tell(t, nothing, t->relay->helo, t->pieces[0].ip);
		return true;
	}
	if (t->by.p == NULL || !span_starts(t->after, " with HTTP") ||
	    !relay_has(t->line, "Mail authenticated user "))
		return false;
	rest.len = (size_t)(t->by.p - rest.p) - 3;
	while ((ip = relay_find_ip(rest)).p != NULL) {
		rest = span_from(rest, (size_t)(ip.p - rest.p) + ip.len);
		far = rest.len;
		if (far < 10 || far > 80)
			continue;
		tell(t, nothing, t->relay->helo, ip);
		return true;
	}
	return false;
}

/* In the first round: what a server's own mark tells. */
static bool
read_first(struct trace *t)
{
	enum piece_form second = form(t, 1);
	bool boxed;

	if (read_web(t) || read_microsoft(t))
		return true;
	if (relay_has(t->line, "Exim") && read_exim(t))
		return true;
	if (!is_host(t))
		return read_without_host(t);
	if (second == PIECE_NAMED && read_named(t))
		return true;
	/* "(HELO [192.0.2.1])" looks as if it were the name of a client */
	boxed = second == PIECE_HELO && t->pieces[1].ip.len > 0 &&
		!span_starts(t->pieces[1].text, "(account ");
	if (boxed && is_sendmail(t) && read_named(t))
		return true;
	if (second == PIECE_GLUED && read_glued(t))
		return true;
	if (read_address(t, false))
		return true;
	if (second == PIECE_BOXED)
		return read_boxed(t);
	if (second == PIECE_HELO && read_helo(t))
		return true;
	if (boxed)
		return read_named(t);
	if (second == PIECE_IDENT)
		return read_ident(t);
	return second == PIECE_BOX && read_box(t, false);
}

static bool
read_second(struct trace *t)
{
	enum piece_form second = form(t, 1);

	if (!is_host(t))
		return false;
	if (second == PIECE_HELO && read_late_helo(t))
		return true;
	if (read_smap(t))
		return true;
	if (second == PIECE_IDENT && read_late_ident(t))
		return true;
	if (second == PIECE_BOX)
		return read_box(t, true);
	return read_address(t, true);
}

enum relay_result
relay_read(struct trace *t)
{
	if (relay_has(t->line, " SMTPSVC") &&
	    span_starts(t->line, "mail pickup service by "))
		return RELAY_NONE;
	if (relay_has(t->line, "Exim") &&
	    (relay_has(t->line, " with local ") ||
		relay_has(t->line, " with local-")))
		return RELAY_NONE;
	if (read_first(t))
		return RELAY_KNOWN;
	if (relay_has(t->line, "with POP3") || relay_has(t->line, "with IMAP"))
		return RELAY_FETCHED;
	return read_second(t) ? RELAY_KNOWN : RELAY_UNKNOWN;
}
