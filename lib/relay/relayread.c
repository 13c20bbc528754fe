/*
 * What the pieces of a field mean: readers for the forms in which servers write
 * who the client is.  Which is the name that was looked up and which the one
 * that the client said depends on the server; where it cannot be told apart by
 * the form, its own mark in the line decides.
 */
#include "relay/relayread.h"
#include "relay/relayip.h"

const struct span relay_nothing = {"", 0};

bool
relay_has(struct span line, const char *text)
{
	return span_find(line, span_of(text)) != NULL;
}

/* The form of the i-th piece in front of "by".  One that sticks to the piece
 * before has none. */
enum piece_form
relay_form(const struct trace *t, size_t i)
{
	return i < t->count && !t->pieces[i].glued ? t->pieces[i].form
						   : PIECE_NONE;
}

/* One word in front of all else, whatever it is. */
bool
relay_is_host(const struct trace *t)
{
	enum piece_form f = relay_form(t, 0);

	return f == PIECE_WORD || f == PIECE_IP || f == PIECE_BOX;
}

bool
relay_is_by(const struct trace *t, size_t count)
{
	return t->count == count && t->by.p != NULL;
}

void
relay_tell(struct trace *t, struct span rdns, struct span helo, struct span ip)
{
	t->relay->rdns = rdns;
	t->relay->helo = helo;
	t->relay->ip = ip;
	t->relay->by = t->by;
}

/* Takes "name=value" out of what an Exim has put into its comment. */
bool
relay_take_value(struct span text, const char *name, struct span *value)
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

/* Up to the last letter of it. */
struct span
relay_strip_signs(struct span text)
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
	relay_tell(
	    t, t->looked_up ? name : relay_nothing, t->pieces[0].text, c->ip);
	if (!sendmail && !postfix &&
	    !(t->count == 2 && has_comment_behind_with(t->after)))
		t->relay->by = relay_strip_signs(t->by);
	return true;
}

/* "(host[192.0.2.1])" */
static bool
read_glued(struct trace *t)
{
	const struct piece *c = &t->pieces[1];

	if (!relay_is_by(t, 2) || t->after.len == 0 || c->rest.len > 0)
		return false;
	t->looked_up = !span_starts(c->name, "<unknown");
	relay_tell(t, t->looked_up ? c->name : relay_nothing, t->pieces[0].text,
	    c->ip);
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
		relay_tell(t, relay_nothing, t->relay->helo, c->ip);
		return true;
	}
	if (relay_is_by(t, 2) && c->port.len == 0) {
		if (c->rest.len == 0 &&
		    span_starts(t->after, " (Lotus Domino ")) {
			relay_tell(t, relay_nothing, host, c->ip);
			return true;
		}
		if (relay_form(t, 0) == PIECE_IP && c->rest.len == 0 &&
		    relay_has(t->line, " with HTTP")) {
			relay_tell(t, relay_nothing, t->relay->helo, host);
			return true;
		}
		if (span_starts(c->rest, " helo=") &&
		    span_starts(t->after, " with ") &&
		    relay_take_value(c->rest, "helo=", &value) &&
		    value.p + value.len == c->rest.p + c->rest.len) {
			relay_tell(t, host, value, c->ip);
			return true;
		}
		if (span_is(c->rest, " verified") &&
		    relay_has(t->after, " (CommuniGate Pro")) {
			t->looked_up = true;
			relay_tell(t, host, host, c->ip);
			return true;
		}
	}
	if (c->port.len > 0 && c->rest.len == 0 &&
	    relay_has(t->line, "(ecelerity")) {
		relay_tell(t, relay_nothing, t->relay->helo, c->ip);
		return true;
	}
	if (relay_is_qmail(t, 1)) {
		relay_tell_qmail(t, host, c);
		return true;
	}
	if (!is_port(c) || t->after.len == 0)
		return false;
	t->looked_up = true;
	relay_tell(t, t->relay->rdns, host, c->ip);
	return true;
}

/* A comment stands first: nobody said HELO. */
static bool
read_without_host(struct trace *t)
{
	const struct piece *c = t->pieces;
	struct span value;

	if (!relay_is_by(t, 1) || t->after.len == 0)
		return false;
	if (c->form == PIECE_NAMED && c->rest.len == 0) {
		relay_tell(t, relay_nothing, c->name, c->ip);
		return true;
	}
	if ((c->form == PIECE_IDENT && !c->has_at && c->rest.len == 0 &&
		c->port.len == 0) ||
	    (c->form == PIECE_BOXED && c->rest.len == 0 && c->port.len == 0)) {
		relay_tell(t, relay_nothing, t->relay->helo, c->ip);
		return true;
	}
	if (c->form == PIECE_BOXED && relay_has(t->line, "(ecelerity") &&
	    relay_take_value(c->rest, " helo=", &value)) {
		relay_tell(t, relay_nothing, value, c->ip);
		return true;
	}
	return false;
}

/* "host [192.0.2.1]" */
static bool
read_box(struct trace *t, bool late)
{
	const struct piece *p = t->pieces;

	if (!relay_is_by(t, 2) || p[1].rest.len > 0 || p[1].port.len > 0 ||
	    t->after.len == 0)
		return false;
	if (!late &&
	    !(span_starts(t->after, " [") && relay_has(t->after, "] with ")))
		return false;
	t->looked_up = !late;
	relay_tell(t, t->relay->rdns, p[0].text, p[1].ip);
	return true;
}

/* Only an address, and perhaps a comment: by whom counts. */
static bool
read_address(struct trace *t, bool late)
{
	const struct piece *p = t->pieces;
	enum piece_form f = relay_form(t, 0);

	if (t->by.p == NULL || t->after.len == 0)
		return false;
	if (!late) {
		if (span_ends(t->by, ".hotmail.msn.com")) {
			relay_tell(t, t->relay->rdns, t->relay->helo,
			    f == PIECE_IP ? p[0].ip : relay_nothing);
			return true;
		}
		if (f != PIECE_BOX || p[0].rest.len > 0 || t->count != 1)
			return false;
		relay_tell(t, t->relay->rdns, t->relay->helo, p[0].ip);
		return true;
	}
	if (f == PIECE_IP &&
	    ((t->count == 1 && (span_starts(t->after, " with ") ||
				   span_starts(t->after, " (SMTPL") ||
				   span_starts(t->after, " (InterScan"))) ||
		(t->count == 2 && relay_form(t, 1) == PIECE_OTHER &&
		    span_starts(t->after, " with ")))) {
		relay_tell(t, t->relay->rdns, t->relay->helo, p[0].ip);
		return true;
	}
	if (f != PIECE_BOX || p[0].rest.len > 0 || t->count != 2 ||
	    p[1].text.p[0] != '(' ||
	    memchr(p[1].text.p, ')', p[1].text.len - 1) != NULL)
		return false;
	relay_tell(t, t->relay->rdns, t->relay->helo, p[0].ip);
	relay_take_exim_values(t, relay_inside(t, p[1].text.p + 1));
	return true;
}

/* In the first round: what a server's own mark tells. */
static bool
read_first(struct trace *t)
{
	enum piece_form second = relay_form(t, 1);
	bool boxed;

	if (relay_read_web(t) || relay_read_microsoft(t))
		return true;
	if (relay_has(t->line, "Exim") && relay_read_exim(t))
		return true;
	if (!relay_is_host(t))
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
	if (second == PIECE_HELO && relay_read_helo(t))
		return true;
	if (boxed)
		return read_named(t);
	if (second == PIECE_IDENT)
		return relay_read_ident(t);
	return second == PIECE_BOX && read_box(t, false);
}

static bool
read_second(struct trace *t)
{
	enum piece_form second = relay_form(t, 1);

	if (!relay_is_host(t))
		return false;
	if (second == PIECE_HELO && relay_read_late_helo(t))
		return true;
	if (relay_read_smap(t))
		return true;
	if (second == PIECE_IDENT && relay_read_late_ident(t))
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
