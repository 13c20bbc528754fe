/*
 * relay: who handed the message to whom, and whether that is likely.
 */
#include "base/ascii.h"
#include "eval/families.h"
#include "relay/relayip.h"

#define SUSPECT_TRAIL_MIN 2 /* names that do not fit, for a forged trail */

static const struct relays *
relays_of(const struct eval_call *call)
{
	static const struct relays none;

	return call->mail->relays != NULL ? call->mail->relays : &none;
}

/* It called itself by a number.  Only the first one that did counts. */
static bool
check_for_numeric_helo(const struct eval_call *call)
{
	const struct relays *relays = relays_of(call);
	struct span helo;
	size_t i, k;

	for (i = relays->trusted; i < relays->count; i++) {
		helo = relays->list[i].helo;
		for (k = 0; k < helo.len; k++)
			if (helo.p[k] == ',' || helo.p[k] == ';')
				helo.len = k;
		if (relay_is_ip4(helo))
			return !relay_is_private(helo);
	}
	return false;
}

/* The rules that asked it are gone. */
static bool
check_for_illegal_ip(const struct eval_call *call)
{
	(void)call;
	return false;
}

/* The octets of an address up to its last dot. */
static struct span
network_of(struct span ip)
{
	while (ip.len > 0 && ip.p[ip.len - 1] != '.')
		ip.len--;
	return ip;
}

/* It called itself by a number that is another one, of another network. */
static bool
helo_ip_mismatch(const struct eval_call *call)
{
	const struct relays *relays = relays_of(call);
	const struct relay *relay;
	size_t i;

	for (i = relays->trusted; i < relays->count; i++) {
		relay = &relays->list[i];
		if (relay_is_ip4(relay->helo) && relay_is_ip4(relay->ip) &&
		    !relay_is_private(relay->helo) && !relay->is_private &&
		    !span_eq(network_of(relay->helo), network_of(relay->ip)))
			return true;
	}
	return false;
}

static bool
check_all_trusted(const struct eval_call *call)
{
	const struct relays *relays = relays_of(call);

	return relays->trusted > 0 && relays->count == relays->trusted &&
	       !relays->unparseable;
}

static bool
check_no_relays(const struct eval_call *call)
{
	const struct relays *relays = relays_of(call);

	return relays->count == 0 && !relays->unparseable;
}

static bool
check_relays_unparseable(const struct eval_call *call)
{
	return relays_of(call)->unparseable;
}

/* Its name is asked for where it is missing; so the rule says, and so it has
 * been scored. */
static bool
check_for_sender_no_reverse(const struct eval_call *call)
{
	const struct relays *relays = relays_of(call);
	const struct relay *first;

	if (relays->count == relays->trusted)
		return false;
	first = &relays->list[relays->count - 1];
	return !first->is_private && first->rdns.len > 0 &&
	       memchr(first->rdns.p, '.', first->rdns.len) != NULL;
}

/* Whether a name ends in a domain, at the begin of a label. */
static bool
ends_in(struct span name, struct span domain)
{
	size_t at;

	if (name.len < domain.len || domain.len == 0)
		return false;
	at = name.len - domain.len;
	return span_eq(span_from(name, at), domain) &&
	       (at == 0 || !ascii_is_word(name.p[at - 1]));
}

/* Whether a domain stands somewhere in a text, in any case, at the begin of a
 * label. */
static bool
names_domain(struct span text, struct span domain)
{
	struct span rest = text;
	const char *p;

	while ((p = span_ifind(rest, domain)) != NULL && domain.len > 0) {
		if (p == text.p || !ascii_is_word(p[-1]))
			return true;
		rest = span_from(text, (size_t)(p - text.p) + 1);
	}
	return false;
}

/* check_for_from_domain_in_received_headers(domain, "true"): mail of that
 * domain came from one of its machines to another; or it did not. */
static bool
check_for_from_domain_in_received_headers(const struct eval_call *call)
{
	const struct relays *relays = relays_of(call);
	struct span domain = eval_text(call, 0);
	bool want = span_is(eval_text(call, 1), "true");
	size_t i;

	if (!names_domain(
		selector_text(call->mail, "From:addr", call->tld), domain))
		return false;
	for (i = 0; i < relays->count; i++)
		if (ends_in(relays->list[i].rdns, domain) &&
		    ends_in(relays->list[i].by, domain))
			return want;
	return !want;
}

/* What is taken for the domain of a host: two labels if the last one is long,
 * or of a country where that is enough; else three. */
static struct span
domain_of(struct span host)
{
	struct span last;
	size_t i, letters = 0, dots = 0, want;

	while (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	last = host;
	for (i = 0; i < host.len; i++) {
		letters += (host.p[i] >= 'A' && host.p[i] <= 'Z') ||
			   (host.p[i] >= 'a' && host.p[i] <= 'z');
		if (host.p[i] == '.') {
			dots++;
			last = span_from(host, i + 1);
		}
	}
	if (letters == 0)
		return host;
	want = last.len >= 3 || span_iis(last, "ie") || span_iis(last, "fr") ||
		       span_iis(last, "de")
		   ? 2
		   : 3;
	for (i = 0; dots >= want && i < host.len; i++)
		dots -= host.p[i] == '.';
	return span_from(host, i);
}

/* Whether it has the form of a domain: at least two octets in front of the last
 * dot, and letters or digits behind it. */
static bool
is_domain(struct span text)
{
	size_t i, dot = 0;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '.')
			dot = i;
		else if (!ascii_is_word(text.p[i]) && text.p[i] != '-')
			return false;
	}
	return dot >= 2 && dot + 1 < text.len && ascii_is_word(text.p[0]) &&
	       memchr(text.p + dot, '-', text.len - dot) == NULL;
}

/* What does not fit in the trail of the untrusted relays. */
struct suspects {
	unsigned names;     /* the next one's name is another than it says */
	unsigned addresses; /* HELO with an address far from its own */
};

/* Two octets are enough to be near. */
static bool
is_far(struct span helo, struct span ip)
{
	return relay_is_ip4(helo) && relay_is_ip4(ip) &&
	       !relay_is_private(helo) &&
	       !span_eq(
		   network_of((struct span){helo.p, network_of(helo).len - 1}),
		   network_of((struct span){ip.p, network_of(ip).len - 1}));
}

/* Mail of these two is handed over under either name. */
static bool
is_same_house(struct span by, struct span from)
{
	return span_iis(by, "msn.com") && span_iis(from, "hotmail.com");
}

static struct suspects
find_suspects(const struct relays *relays)
{
	struct suspects suspects = {0, 0};
	struct span from, by, before = {NULL, 0};
	const struct relay *relay;
	size_t i;

	for (i = relays->trusted; i < relays->count; i++) {
		relay = &relays->list[i];
		from = domain_of(relay->rdns);
		by = domain_of(relay->by);
		if (!is_domain(by)) {
			before = from;
			continue;
		}
		/* from one program to the next on the same machine */
		if (span_iis(from, "localhost.localdomain") &&
		    span_is(relay->ip, "127.0.0.1"))
			from = (struct span){NULL, 0};
		if (is_far(relay->helo, relay->ip))
			suspects.addresses++;
		if (is_domain(before) && !span_ieq(by, before) &&
		    !is_same_house(by, before))
			suspects.names++;
		before = from;
	}
	return suspects;
}

static bool
check_for_forged_received_trail(const struct eval_call *call)
{
	return find_suspects(relays_of(call)).names >= SUSPECT_TRAIL_MIN;
}

static bool
check_for_forged_received_ip_helo(const struct eval_call *call)
{
	return find_suspects(relays_of(call)).addresses > 0;
}

/* Names that a machine without a name of its own likes to use. */
static bool
is_great_house(struct span helo)
{
	static const char *const names[] = {"lycos.com", "lycos.co.uk",
	    "hotmail.com", "localhost.com", "excite.com", "caramail.com",
	    "cs.com", "aol.com", "msn.com", "yahoo.com", "drizzle.com"};
	size_t i, at;

	for (i = 0; i < nitems(names); i++) {
		if (!span_iends(helo, names[i]))
			continue;
		at = helo.len - strlen(names[i]);
		if (at == 0 || helo.p[at - 1] == '.')
			return true;
	}
	return false;
}

/* Of all public ones, the last to be looked at decides. */
static bool
check_for_no_rdns_dotcom_helo(const struct eval_call *call)
{
	const struct relays *relays = relays_of(call);
	const struct relay *relay;
	size_t i;

	for (i = relays->count; i > relays->trusted; i--) {
		relay = &relays->list[i - 1];
		if (!relay->is_private)
			return relay->no_reverse_dns &&
			       is_great_house(relay->helo);
	}
	return false;
}

static bool
is_pair(const struct span *arguments, size_t count)
{
	return count == 2 && arguments[0].len > 0;
}

static const char *const plugins[] = {"RelayEval", NULL};

static const struct eval evals[] = {
    {"check_for_numeric_helo", check_for_numeric_helo, NULL},
    {"check_for_illegal_ip", check_for_illegal_ip, NULL},
    {"helo_ip_mismatch", helo_ip_mismatch, NULL},
    {"check_all_trusted", check_all_trusted, NULL},
    {"check_no_relays", check_no_relays, NULL},
    {"check_relays_unparseable", check_relays_unparseable, NULL},
    {"check_for_sender_no_reverse", check_for_sender_no_reverse, NULL},
    {"check_for_from_domain_in_received_headers",
	check_for_from_domain_in_received_headers, is_pair},
    {"check_for_forged_received_trail", check_for_forged_received_trail, NULL},
    {"check_for_forged_received_ip_helo", check_for_forged_received_ip_helo,
	NULL},
    {"check_for_no_rdns_dotcom_helo", check_for_no_rdns_dotcom_helo, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_relay = {
    .name = "relay", .plugins = plugins, .evals = evals};
