/*
 * Servers that are known by their own mark in the line: Exim, those of
 * Microsoft, smap, and pages on the web.
 */
#include "relay/relayip.h"
#include "relay/relayread.h"

void
relay_take_exim_values(struct trace *t, struct span text)
{
	struct span value;

	if (relay_take_value(text, "helo=", &value) && value.len > 0)
		t->relay->helo = value;
	if (relay_take_value(text, "ident=", &value))
		t->relay->ident = value;
}

/* What stands from the i-th piece on up to "by", without parentheses. */
struct span
relay_inside(const struct trace *t, const char *from)
{
	const struct piece *last = &t->pieces[t->count - 1];
	const char *end = last->text.p + last->text.len;

	if (end > from && end[-1] == ')')
		end--;
	return (struct span){from, (size_t)(end - from)};
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
bool
relay_read_exim(struct trace *t)
{
	const struct piece *p = t->pieces;
	size_t i;

	if (t->by.p != NULL && t->after.len > 0) {
		if (p[0].form == PIECE_BOX && p[0].rest.len == 0 &&
		    t->count > 1 && p[1].text.p[0] == '(') {
			relay_tell(t, relay_nothing, t->relay->helo, p[0].ip);
			relay_take_exim_values(
			    t, relay_inside(t, p[1].text.p + 1));
			return true;
		}
		if (relay_is_host(t) && relay_form(t, 1) == PIECE_BOXED &&
		    p[1].port.len == 0) {
			relay_tell(t, p[0].text, p[0].text, p[1].ip);
			relay_take_exim_values(t, relay_inside(t, p[1].rest.p));
			return true;
		}
		if (relay_is_host(t) && relay_form(t, 1) == PIECE_BOX &&
		    relay_is_by(t, 2) && p[1].port.len == 0) {
			relay_tell(t, p[0].text, p[0].text, p[1].ip);
			return true;
		}
	}
	/* any other: little bits of it, which may lead to no end */
	if (relay_is_host(t))
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
		if ((rest.p[i] < '0' || rest.p[i] > '9') && rest.p[i] != '.')
			return false;
	}
	return dots == 3;
}

/* Servers of Microsoft, which look up nothing: "([192.0.2.1] RDNS failed)",
 * "(192.0.2.1)". */
bool
relay_read_microsoft(struct trace *t)
{
	const struct piece *c = &t->pieces[1];
	bool service = span_starts(t->after, " with Microsoft SMTPSVC");

	if (relay_form(t, 0) == PIECE_BOXED && relay_is_by(t, 1) && service) {
		relay_tell(t, relay_nothing, relay_nothing, t->pieces[0].ip);
		return true;
	}
	if (!relay_is_host(t) || !relay_is_by(t, 2))
		return false;
	if (service && relay_form(t, 1) == PIECE_BOXED && c->port.len == 0) {
		relay_tell(t, relay_nothing, t->pieces[0].text, c->ip);
		return true;
	}
	if (!is_mapi(t) || c->rest.len > 0 || c->has_at || t->after.len == 0 ||
	    (relay_form(t, 1) != PIECE_BOXED &&
		relay_form(t, 1) != PIECE_IDENT))
		return false;
	if (c->port.len > 0 && c->port.p[0] != '%')
		return false;
	relay_tell(t, relay_nothing, t->pieces[0].text, c->ip);
	t->relay->id = relay_nothing;
	return true;
}

/* "host(192.0.2.1)": smap, and smtpd of Obtuse, which has "claiming to be" and
 * a comma behind the name of the server. */
bool
relay_read_smap(struct trace *t)
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
		relay_tell(t, p[0].text, relay_nothing, c->ip);
		t->relay->by.len--;
		t->looked_up = !span_is(p[0].text, "UNKNOWN");
		if (span_starts(rest, ", claiming to be \"") &&
		    relay_take_value(rest, "\"", &word) &&
		    span_ends(word, "\"")) {
			word.len--;
			t->relay->helo = word;
		}
		return true;
	}
	relay_tell(t, p[0].text, t->relay->helo, c->ip);
	t->looked_up = span_starts(t->after, " via smap ");
	if (span_iis(word, "HELO") || span_iis(word, "EHLO"))
		t->relay->helo = span_trim(rest);
	return true;
}

/* "with HTTP": a person at a web page, whose address stands somewhere in front
 * of "by". */
bool
relay_read_web(struct trace *t)
{
	struct span rest = t->line, ip;
	size_t far;

	if (relay_form(t, 0) == PIECE_IP && relay_is_by(t, 1) &&
	    relay_has(t->after, ") with HTTP (WebMailUI)")) {
		relay_tell(t, relay_nothing, t->relay->helo, t->pieces[0].ip);
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
		relay_tell(t, relay_nothing, t->relay->helo, ip);
		return true;
	}
	return false;
}
