/*
 * qmail and its like: "host (HELO name) (ident@192.0.2.1)", where what is known
 * already or not told is left out.
 */
#include "relay/relayread.h"

/* Behind "by HOST": the name of a qmail's protocol.  One with " id " is that
 * of a Sendmail. */
bool
relay_is_qmail(const struct trace *t, size_t i)
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
void
relay_tell_qmail(struct trace *t, struct span helo, const struct piece *c)
{
	struct span host = t->pieces[0].text;

	t->looked_up = !span_is(host, "unknown");
	relay_tell(t, t->looked_up ? host : relay_nothing, helo, c->ip);
	if (c->has_at)
		t->relay->ident = c->name;
}

/* "id <id>" and "from <sender>" behind "for". */
static void
take_xmail_values(struct trace *t)
{
	struct span value;

	if (relay_take_value(t->after, " id <", &value) &&
	    span_ends(value, ">")) {
		value.len--;
		t->relay->id = value;
	}
	if (relay_take_value(t->after, " from <", &value) &&
	    span_ends(value, ">")) {
		value.len--;
		t->relay->envfrom = value;
	}
}

/* "(name@192.0.2.1)", "(192.0.2.1)", "(name@[192.0.2.1])" */
bool
relay_read_ident(struct trace *t)
{
	const struct piece *c = &t->pieces[1];
	struct span host = t->pieces[0].text;

	if (t->by.p == NULL)
		return false;
	if (relay_has(t->line, "[XMail ") && c->port.len > 0 &&
	    relay_is_by(t, 2)) {
		relay_tell(t, relay_nothing, host, c->ip);
		take_xmail_values(t);
		return true;
	}
	if (relay_has(t->line, "(Scalix SMTP Relay") && relay_is_by(t, 2)) {
		relay_tell(t, relay_nothing, host, c->ip);
		return true;
	}
	if (c->spaced)
		return false;
	if (c->has_at && c->boxed && span_starts(t->after, " (")) {
		t->looked_up = true;
		relay_tell(t, relay_nothing, host, c->ip);
		t->relay->ident = c->name;
		return true;
	}
	if (relay_is_qmail(t, 1)) {
		relay_tell_qmail(t, host, c);
		return true;
	}
	if (c->has_at && span_is(c->rest, " with login") && relay_is_by(t, 2) &&
	    span_ends(t->by, ".yahoo.com")) {
		relay_tell(t, relay_nothing, host, c->ip);
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
bool
relay_read_late_ident(struct trace *t)
{
	const struct piece *c = &t->pieces[1];

	if (t->by.p == NULL || t->after.len == 0 || c->rest.len > 0 ||
	    c->port.len > 0 || c->spaced)
		return false;
	t->looked_up = true;
	relay_tell(t, t->pieces[0].text, t->pieces[0].text, c->ip);
	t->relay->by = last_by(t);
	t->relay->ident = c->name;
	return true;
}

/* "host (HELO name) (192.0.2.1)": qmail, qpsmtpd and their like. */
bool
relay_read_helo(struct trace *t)
{
	const struct piece *p = t->pieces;
	bool lmtp = span_starts(p[1].text, "(LHLO");

	if (t->by.p == NULL || memchr(p[1].name.p, ' ', p[1].name.len) != NULL)
		return false;
	if (lmtp) {
		if (relay_form(t, 2) != PIECE_IDENT || !relay_is_by(t, 3) ||
		    !span_starts(t->after, " with LMTP"))
			return false;
		relay_tell(t, p[0].text, p[1].name, p[2].ip);
		return true;
	}
	if (relay_is_by(t, 3) && span_starts(t->after, " (") &&
	    (relay_has(t->after, ") with SMTP") ||
		relay_has(t->after, ") with ESMTP")) &&
	    (relay_form(t, 2) == PIECE_BOX ||
		(relay_form(t, 2) == PIECE_IDENT && !p[2].has_at &&
		    span_starts(t->after, " (qpsmtpd/")))) {
		relay_tell(t, p[0].text, p[1].name, p[2].ip);
		return true;
	}
	if ((relay_form(t, 2) == PIECE_IDENT ||
		relay_form(t, 2) == PIECE_BOXED) &&
	    relay_is_qmail(t, 2)) {
		relay_tell_qmail(t, p[1].name, &p[2]);
		return true;
	}
	return false;
}

bool
relay_read_late_helo(struct trace *t)
{
	const struct piece *p = t->pieces;
	enum piece_form third = relay_form(t, 2);

	if (t->by.p == NULL || span_starts(p[1].text, "(LHLO"))
		return false;
	if ((third == PIECE_IDENT || third == PIECE_BOXED) &&
	    (p[2].rest.len == 0 || third == PIECE_IDENT) && t->after.len > 0) {
		t->looked_up = true;
		relay_tell(t, p[0].text, p[1].name, p[2].ip);
		t->relay->by = last_by(t);
		t->relay->ident = p[2].name;
		return true;
	}
	if (!relay_is_by(t, 2) || t->after.len == 0)
		return false;
	if (relay_form(t, 0) == PIECE_IP ||
	    (relay_form(t, 0) == PIECE_BOX &&
		(p[0].rest.len > 0 || span_starts(t->after, " (")))) {
		relay_tell(t, relay_nothing, p[1].name, p[0].ip);
		return true;
	}
	return false;
}
