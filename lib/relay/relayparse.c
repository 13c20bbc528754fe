#include "base/ascii.h"
#include "relay/relayip.h"
#include "relay/relayread.h"

/* A copy with all blanks joined, and without a semicolon at the end. */
static struct span
tidy(struct arena *arena, struct span value)
{
	char *p = arena_alloc(arena, value.len + 1);
	size_t i, len = 0;

	value = span_trim(value);
	for (i = 0; i < value.len; i++) {
		if (!ascii_is_space(value.p[i]))
			p[len++] = value.p[i];
		else if (p[len - 1] != ' ')
			p[len++] = ' ';
	}
	while (len > 0 && p[len - 1] == ';') {
		len--;
		if (len > 0 && p[len - 1] == ' ')
			len--;
	}
	/* one of those that forget the blank behind a comment */
	value = (struct span){p, len};
	return value;
}

/* "(...)by host" has its blank again. */
static struct span
mend(struct arena *arena, struct span line)
{
	const char *at = span_find(line, span_of(")by "));
	size_t head;
	char *p;

	if (at == NULL)
		return line;
	head = (size_t)(at - line.p) + 1;
	p = arena_alloc(arena, line.len + 2);
	memcpy(p, line.p, head);
	p[head] = ' ';
	memcpy(p + head + 1, line.p + head, line.len - head);
	return (struct span){p, line.len + 1};
}

/* An address in brackets anywhere. */
static struct span
find_boxed(struct span line)
{
	struct span rest = line, ip;
	const char *open, *close;

	while ((open = memchr(rest.p, '[', rest.len)) != NULL) {
		rest = span_from(line, (size_t)(open - line.p) + 1);
		close = memchr(rest.p, ']', rest.len);
		if (close == NULL)
			break;
		ip = (struct span){rest.p, (size_t)(close - rest.p)};
		if (relay_is_ip(ip))
			return ip;
	}
	return relay_nothing;
}

/* Takes out octets that would spoil the texts of relays, and NUL. */
static struct span
guard(struct arena *arena, struct span text)
{
	size_t i;
	char *p = NULL;

	for (i = 0; i < text.len; i++) {
		if (strchr(" \t\n\v\f\r#[]()<>|", text.p[i]) == NULL)
			continue;
		if (p == NULL) {
			text = arena_copy(arena, text);
			p = (char *)text.p;
		}
		p[i] = '!';
	}
	return text.len > 0 ? text : relay_nothing;
}

static struct span
guard_sender(struct arena *arena, struct span text)
{
	if (text.p == NULL)
		return text;
	while (text.len > 0 && (text.p[0] == '<' || text.p[0] == ' '))
		text = span_from(text, 1);
	while (text.len > 0 &&
	       (text.p[text.len - 1] == '>' || text.p[text.len - 1] == ' '))
		text.len--;
	return guard(arena, text);
}

/* An address without its decoration; IPv4 even if it is mapped. */
static struct span
plain_ip(struct span ip)
{
	unsigned char octets[16];
	size_t i = 0;

	if (span_istarts(ip, "IPv6:"))
		ip = span_from(ip, 5);
	if (ip.len == 0 || memchr(ip.p, '.', ip.len) == NULL ||
	    memchr(ip.p, ':', ip.len) == NULL || !relay_ip_octets(ip, octets) ||
	    octets[10] != 0xff || octets[11] != 0xff || octets[9] != 0)
		return ip;
	for (i = ip.len; ip.p[i - 1] != ':';)
		i--;
	return span_from(ip, i);
}

/* Makes of what was read what is told of it. */
static void
finish(struct arena *arena, struct trace *trace)
{
	struct relay *relay = trace->relay;

	while (relay->rdns.len > 0 && relay->rdns.p[relay->rdns.len - 1] == '.')
		relay->rdns.len--;
	if (span_iis(relay->rdns, "unknown") || span_starts(relay->rdns, "["))
		relay->rdns = relay_nothing;
	if (span_ends(relay->by, ";"))
		relay->by.len--;
	relay->ip = guard(arena, plain_ip(relay->ip));
	relay->rdns = guard(arena, relay->rdns);
	relay->helo = guard(arena, relay->helo);
	relay->by = guard(arena, relay->by);
	relay->ident = guard(arena, relay->ident);
	relay->envfrom = guard_sender(arena, relay->envfrom);
	relay->is_private = relay_is_private(relay->ip);
	relay->no_reverse_dns = relay->rdns.len == 0 && trace->looked_up;
}

/* Two lines that begin in other ways: a Norton AntiVirus Gateway's
 * "(from host [192.0.2.1]) by", and those of users on the machine itself. */
static enum relay_result
read_bracketed(struct trace *trace, struct span line)
{
	struct relay *relay = trace->relay;
	struct span text = line, host;
	const char *end;

	host = (struct span){text.p, 0};
	while (host.len < text.len && text.p[host.len] != ' ')
		host.len++;
	text = span_from(text, host.len);
	end = span_find(text, span_of("]) by "));
	if (end != NULL && span_starts(text, " [") &&
	    relay_has(text, " (NAVGW ")) {
		relay->ip =
		    (struct span){text.p + 2, (size_t)(end - text.p) - 2};
		relay->helo = host;
		if (relay_is_ip(relay->ip))
			return RELAY_KNOWN;
		relay->ip = relay_nothing;
	}
	if (span_ends(host, "@localhost)") && span_starts(text, " by "))
		return RELAY_NONE;
	return RELAY_UNKNOWN;
}

/* "FROM host (host [192.0.2.1]) BY host ID id": only servers of one kind. */
static enum relay_result
read_upper(struct trace *trace)
{
	const struct piece *p = trace->pieces;
	struct relay *relay = trace->relay;
	struct span rest = trace->after;
	const char *id = span_find(rest, span_of(" ID "));

	if (trace->count != 2 || p[1].form != PIECE_NAMED ||
	    p[1].rest.len > 0 || trace->by.p == NULL || id == NULL)
		return RELAY_UNKNOWN;
	relay->helo = p[0].text;
	relay->rdns =
	    span_is(p[1].name, "unverified") ? relay_nothing : p[1].name;
	relay->ip = p[1].ip;
	relay->by = trace->by;
	rest = span_from(rest, (size_t)(id - rest.p) + 4);
	relay->id = span_word(&rest);
	if (span_starts(relay->id, "<"))
		relay->id = span_from(relay->id, 1);
	if (span_ends(relay->id, ">"))
		relay->id.len--;
	trace->looked_up = true;
	return RELAY_KNOWN;
}

/* Up to here nobody knew its form: it says nothing, or a guess is made. */
static enum relay_result
guess(struct trace *trace)
{
	struct relay *relay = trace->relay;
	size_t len = 0;

	if (relay_is_inner(trace))
		return RELAY_NONE;
	if (relay->helo.len > 0 || trace->line.len == 0)
		return RELAY_UNKNOWN;
	while (len < trace->line.len && trace->line.p[len] != ' ')
		len++;
	if (len == trace->line.len)
		while (len > 0 && (ascii_is_word(trace->line.p[len - 1]) ||
				      trace->line.p[len - 1] == '-' ||
				      trace->line.p[len - 1] == '.'))
			len--;
	relay->helo = (struct span){trace->line.p, len};
	return RELAY_UNKNOWN;
}

static enum relay_result
read_line(struct arena *arena, struct span line, struct trace *trace)
{
	struct relay *relay = trace->relay;
	enum relay_result result;

	if (span_starts(line, RELAY_ORIGIN) &&
	    relay_is_ip(span_from(line, strlen(RELAY_ORIGIN)))) {
		relay->ip = span_from(line, strlen(RELAY_ORIGIN));
		return RELAY_KNOWN;
	}
	if (span_starts(line, "from ")) {
		relay->envfrom = relay_take_sender(line);
		trace->line = span_from(line, 5);
		relay_split(trace);
		result = relay_read(trace);
		if (result != RELAY_UNKNOWN)
			return result;
		result = guess(trace);
		if (result == RELAY_NONE &&
		    relay_has(line, ") with qmail-scanner") &&
		    trace->count == 1) {
			relay->envfrom = guard_sender(arena, relay->envfrom);
			return RELAY_SCANNER;
		}
	} else if (span_starts(line, "FROM ")) {
		trace->line = span_from(line, 5);
		trace->upper = true;
		relay_split(trace);
		result = read_upper(trace);
	} else if (span_starts(line, "(from ")) {
		result = read_bracketed(trace, span_from(line, 6));
	} else {
		result = RELAY_UNKNOWN;
	}
	if (result != RELAY_UNKNOWN)
		return result;
	if (relay->ip.len == 0)
		relay->ip = find_boxed(line);
	return relay->ip.len > 0 && relay->by.len > 0 ? RELAY_KNOWN
						      : RELAY_UNKNOWN;
}

/* "from host by host ; date": not even an address. */
static bool
is_bare(struct span line)
{
	struct span host, by;

	line = span_from(line, 5);
	host = span_word(&line);
	if (!span_istarts(line, " by ") ||
	    (span_starts(host, "[") && span_ends(host, "]") && host.len > 2 &&
		strspn(host.p + 1, "0123456789.") >= host.len - 2))
		return false;
	line = span_from(line, 4);
	by = line;
	by.len = 0;
	while (
	    by.len < line.len && line.p[by.len] != ' ' && line.p[by.len] != ';')
		by.len++;
	line = span_from(line, by.len);
	return by.len > 0 &&
	       (span_starts(line, ";") || span_starts(line, " ;"));
}

enum relay_result
relay_parse(struct arena *arena, struct span value, struct relay *relay)
{
	struct trace trace = {.relay = relay};
	struct span line = tidy(arena, value);
	enum relay_result result;

	*relay = (struct relay){relay_nothing, relay_nothing, relay_nothing,
	    relay_nothing, relay_nothing, {NULL, 0}, relay_nothing,
	    relay_nothing, false, false, false, 0};
	if (!span_istarts(line, "from ") && !span_istarts(line, "(from "))
		return RELAY_NONE;
	if (relay_has(line, " with local for ") ||
	    (line.p[0] != '(' && is_bare(line)))
		return RELAY_NONE;
	line = mend(arena, relay_without_date(line));
	relay_take_clues(line, relay);
	relay->auth = relay_auth(arena, line);
	result = read_line(arena, line, &trace);
	if (result == RELAY_KNOWN)
		finish(arena, &trace);
	return result;
}
