/*
 * headerforged: mail that says it is from one of the large mail services, and
 * did not come through its machines.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/regex.h"
#include "eval/families.h"
#include "eval/people.h"

#define GMAIL_TOKEN_MIN 60 /* octets of X-Gm-Message-State and its like */

#define OCTET "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define IP                                                              \
	"(?:\\b(?<!:)" OCTET "(?:\\." OCTET                             \
	"){3}\\b|(?i:IPv6:|(?<![a-f0-9:]))(?i:[a-f0-9]{0,4}:){2,7}(?i:" \
	"[a-f0-9]{1,4}|" OCTET "(?:\\." OCTET "){3})?(?![a-f0-9:]))"

static struct regex_fixed address = {IP, 0, NULL};

struct forged {
	bool hotmail_taken;
	bool hotmail_forged;  /* calls itself hotmail.com, and is not */
	bool hotmail_absent;  /* is from there, and never was there */
	struct span received; /* fields with their blanks made one; p NULL if
				 not needed yet */
};

struct headerforged {
	struct forged *message;
};

static struct span
single_blanks(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1), c;
	size_t i, len = 0;

	for (i = 0; i < text.len; i++) {
		c = text.p[i];
		if (c >= '\t' && c <= '\r')
			c = ' ';
		if (c != ' ' || len == 0 || p[len - 1] != ' ')
			p[len++] = c;
	}
	return (struct span){p, len};
}

/* All Received fields in one. */
static struct span
received_of(const struct eval_call *call)
{
	const struct headerforged *data = call->data;
	struct forged *message = data->message;

	if (message->received.p == NULL)
		message->received = single_blanks(
		    &call->mail->arena, people_get(call, "Received"));
	return message->received;
}

static bool
has_address(const struct eval_call *call, const char *field)
{
	return regex_has(&address, people_get(call, field));
}

/* Whether the sender's address ends in that name, of which no letter or digit
 * stands in front. */
static bool
is_from(const struct eval_call *call, const char *name)
{
	struct span from = people_get(call, "From:addr");
	size_t len = strlen(name);
	char c;

	if (!span_iends(from, name))
		return false;
	if (from.len <= len)
		return true;
	c = from.p[from.len - len - 1];
	return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		 (c >= '0' && c <= '9') || c == '_');
}

/* Whether mail came through something that takes off Received fields: ezmlm, or
 * groups of MSN.  What has none at all counts, too. */
static bool
is_gated(const struct eval_call *call)
{
	static struct regex_fixed run_by = {
	    "^contact \\S+@\\S+; run by ezmlm$", REGEX_MULTILINE, NULL};
	static struct regex_fixed list = {
	    "^mailing list \\S+@\\S", REGEX_MULTILINE, NULL};
	static struct regex_fixed qmail = {
	    "qmail \\d+ invoked (?:from network|by .{3,20})\\); "
	    "\\d+ ... \\d",
	    0, NULL};
	static struct regex_fixed msn = {
	    "from groups\\.msn\\.com \\(\\S+\\.msn\\.com ", 0, NULL};
	struct span received;

	if (mail_first(&call->mail->root.header, "Received") == NULL)
		return true;
	received = people_get(call, "Received");
	if (regex_has(&run_by, people_get(call, "Mailing-List")) &&
	    regex_has(&list, people_get(call, "Delivered-To")) &&
	    regex_has(&qmail, received))
		return true;
	return regex_has(&msn, received);
}

/* A name of AOL's relays, and not what these write. */
static bool
check_for_fake_aol_relay_in_rcvd(const struct eval_call *call)
{
	static struct regex_fixed relay = {
	    " rly-[a-z]{2}\\d\\d\\.", REGEX_NOCASE, NULL};
	static struct regex_fixed aol = {"/AOL-\\d+\\.\\d+\\.\\d+\\)|"
					 "ESMTP id (?:RELAY|MAIL(?:RELAY|IN))",
	    0, NULL};
	struct span received = received_of(call);

	return regex_has(&relay, received) && !regex_has(&aol, received);
}

/* Whether b stands right behind a text somewhere in a. */
static bool
has_before(struct span a, struct span text, const char *b)
{
	const char *p = span_find(a, span_of(b));

	return p != NULL && (size_t)(p - a.p) >= text.len &&
	       memcmp(p - text.len, text.p, text.len) == 0;
}

/* What groups of MSN send: list, server and id must go together. */
static bool
is_msn_group(const struct eval_call *call)
{
	static struct regex_fixed to = {
	    "<(\\S+)@groups\\.msn\\.com>", REGEX_NOCASE, NULL};
	static struct regex_fixed pickup = {"from mail pickup service by "
					    "(p\\d\\d\\.groups\\.msn\\.com)\\b",
	    0, NULL};
	static struct regex_fixed id = {
	    "^<(\\S+)@((?:p\\d\\d\\.)?groups\\.msn\\.com)>", 0, NULL};
	struct regex_match list, server, own;

	if (!regex_take(&to, people_get(call, "To"), 0, &list) ||
	    !regex_take(&pickup, people_get(call, "Received"), 0, &server) ||
	    !regex_take(&id, people_get(call, "Message-Id"), 0, &own))
		return false;
	if (span_is(list.groups[1], "notifications"))
		return span_eq(own.groups[2], server.groups[1]);
	return span_is(own.groups[2], "groups.msn.com") &&
	       own.groups[1].len > list.groups[1].len + 1 &&
	       memcmp(own.groups[1].p, list.groups[1].p, list.groups[1].len) ==
		   0 &&
	       own.groups[1].p[list.groups[1].len] == '-' &&
	       has_before(people_get(call, "EnvelopeFrom:addr"), list.groups[1],
		   "-bounce@groups.msn.com");
}

/* The ways in which mail comes out of Hotmail: those that go with the address
 * of the writer, and those that go with the name of the organization. */
static bool
came_through_hotmail(const struct eval_call *call)
{
	static struct regex_fixed with_address = {
	    "from (?:\\S*\\.)?hotmail.com \\(\\S+\\.hotmail(?:\\.msn)?\\.com"
	    "[ )]|from \\S*\\.hotmail.com \\(\\[" IP "\\][ ):]|"
	    "from \\S+ by \\S+\\.hotmail(?:\\.msn)?\\.com with HTTP;|"
	    "from \\[66\\.218.\\S+\\] by \\S+\\.yahoo\\.com",
	    0, NULL};
	static struct regex_fixed with_name = {
	    "from \\S*\\.outbound\\.protection\\.outlook\\.com "
	    "\\(\\S+\\.outbound\\.protection\\.outlook\\.com[ )]|"
	    "from \\S*\\.(?:eur|nam)prd\\d+\\.prod\\.outlook\\.com "
	    "\\(" IP "\\)",
	    0, NULL};
	struct span received = received_of(call),
		    name = people_get(call, "X-OriginatorOrg");

	if (has_address(call, "X-Originating-Ip") &&
	    regex_has(&with_address, received))
		return true;
	return (span_find(name, span_of("hotmail.com")) != NULL ||
		   span_find(name, span_of("msonline-outlook")) != NULL) &&
	       regex_has(&with_name, received);
}

static const struct forged *
hotmail_of(const struct eval_call *call)
{
	static struct regex_fixed called = {
	    "(?:from |HELO |helo=)\\S*hotmail\\.com\\b", 0, NULL};
	static const char pickup[] = "from mail pickup service by hotmail.com "
				     "with Microsoft SMTPSVC;";
	const struct headerforged *data = call->data;
	struct forged *message = data->message;
	struct span received;

	if (message->hotmail_taken)
		return message;
	message->hotmail_taken = true;
	received = received_of(call);
	if (span_find(received, span_of(pickup)) != NULL ||
	    is_msn_group(call) || is_gated(call) || came_through_hotmail(call))
		return message;
	if (regex_has(&called, received))
		message->hotmail_forged = true;
	else
		message->hotmail_absent = is_from(call, "hotmail.com");
	return message;
}

static bool
check_for_forged_hotmail_received_headers(const struct eval_call *call)
{
	return hotmail_of(call)->hotmail_forged;
}

static bool
check_for_no_hotmail_received_headers(const struct eval_call *call)
{
	return hotmail_of(call)->hotmail_absent;
}

static bool
check_for_forged_eudoramail_received_headers(const struct eval_call *call)
{
	static struct regex_fixed by = {"by \\S*whowhere.com;", 0, NULL};

	return is_from(call, "eudoramail.com") && !is_gated(call) &&
	       !(regex_has(&by, received_of(call)) &&
		   has_address(call, "X-Sender-Ip"));
}

/* Whether a machine of Yahoo is the one that handed it over to a trusted one,
 * or is trusted. */
static bool
is_relayed_by_yahoo(const struct mail *mail)
{
	const struct relays *relays = mail->relays;
	const char name[] = ".yahoo.com";
	size_t i;

	for (i = 0; i < relays->count && i <= relays->trusted; i++)
		if (span_ends(relays->list[i].rdns, name) &&
		    relays->list[i].rdns.len > strlen(name))
			return true;
	return false;
}

static bool
check_for_forged_yahoo_received_headers(const struct eval_call *call)
{
	static struct regex_fixed by = {
	    "by (?:web\\S+\\.mail\\S*\\.yahoo\\.com via HTTP|"
	    "sonic\\S+\\.consmr\\.mail\\S*\\.yahoo\\.com with HTTP|"
	    "smtp\\S+\\.yahoo\\.com with SMTP|"
	    "\\w+\\.\\w+\\.yahoo\\.com \\(\\d+\\.\\d+\\.\\d+/"
	    "\\d+\\.\\d+\\.\\d+\\)(?: with ESMTP)? id \\w)|"
	    "from \\[" IP "\\] by \\S+\\.(?:groups|scd|dcn)\\.yahoo\\.com "
	    "with NNFMP",
	    0, NULL};
	static struct regex_fixed bulk = {
	    "\\bmailer\\d+\\.bulk\\.scd\\.yahoo\\.com\\b", 0, NULL};
	struct span received;

	if (!is_from(call, "yahoo.com"))
		return false;
	received = received_of(call);
	if (people_get(call, "Resent-From").len > 0 &&
	    people_get(call, "Resent-To").len > 0 &&
	    people_get(call, "X-Received").len > 0)
		received = single_blanks(
		    &call->mail->arena, people_get(call, "X-Received"));
	if (is_gated(call) || is_relayed_by_yahoo(call->mail) ||
	    regex_has(&by, received))
		return false;
	return !(regex_has(&bulk, received) &&
		 span_iends(people_get(call, "From:addr"), "@reply.yahoo.com"));
}

/* What web mail of Juno says: it has no X-Originating-IP nowadays. */
static bool
is_juno_old(const struct eval_call *call, struct span received)
{
	static struct regex_fixed from_juno = {
	    "from.*\\b(?:juno|untd)\\.com.*[\\[(]" IP "[\\])].*by|"
	    " cookie\\.(?:juno|untd)\\.com ",
	    0, NULL};

	return regex_has(&from_juno, received) &&
	       span_find(people_get(call, "X-Mailer"), span_of("Juno ")) !=
		   NULL;
}

static bool
check_for_forged_juno_received_headers(const struct eval_call *call)
{
	if (!is_from(call, "juno.com") || is_gated(call))
		return false;
	/* without that field the other ways in which Juno's mail comes would
	 * need an address in it all the same */
	if (people_get(call, "X-Originating-IP").len == 0)
		return true;
	return !is_juno_old(call, people_get(call, "Received"));
}

static bool
check_for_forged_gmail_received_headers(const struct eval_call *call)
{
	static struct regex_fixed by_inside = {
	    "by (?:10\\.|2002:a\\d\\d:\\w+:)\\S+ with SMTP id \\S", 0, NULL};
	static struct regex_fixed by_outside = {
	    "by smtp\\.googlemail\\.com with ESMTPSA id \\S", 0, NULL};

	return is_from(call, "gmail.com") &&
	       !regex_has(&by_inside, people_get(call, "X-Received")) &&
	       !regex_has(&by_outside, people_get(call, "Received")) &&
	       !(people_get(call, "X-Gm-Message-State").len >=
		       GMAIL_TOKEN_MIN &&
		   people_get(call, "X-Google-Smtp-Source").len >=
		       GMAIL_TOKEN_MIN);
}

/* "from host by gw05 with ESMTP; date": a gateway without a domain. */
static bool
check_for_forged_gw05_received_headers(const struct eval_call *call)
{
	static struct regex_fixed last = {
	    "\\nfrom\\s\\S+\\sby\\s([^\\s.]+)\\swith\\sESMTP;\\s+\\S{3},\\s+"
	    "\\d+\\s+\\S{3}\\s+\\d{4}\\s+\\d\\d:\\d\\d:\\d\\d\\s+[-+]*\\d{4}\\n"
	    "$",
	    REGEX_DOTALL, NULL};

	return regex_has(&last, people_get(call, "Received"));
}

/* Lists and servers that make a Message-ID of their own. */
static bool
check_messageid_not_usable(const struct eval_call *call)
{
	static struct regex_fixed leave = {
	    "<mailto:(?:leave-\\S+|\\S+-unsubscribe)@\\S+>$", REGEX_NOCASE,
	    NULL};
	struct span received;

	if (regex_has(&leave, people_get(call, "List-Unsubscribe")) ||
	    is_gated(call))
		return true;
	received = people_get(call, "Received");
	return span_find(received, span_of("/CWT/DCE)")) != NULL ||
	       span_find(received, span_of("iPlanet Messaging Server")) != NULL;
}

static void *
prepare(struct ruleset *set)
{
	struct headerforged *data = calloc(1, sizeof(*data));

	(void)set;
	if (data == NULL)
		fatal("out of memory");
	return data;
}

static void
begin(void *family, struct mail *mail, const struct tld *tld)
{
	struct headerforged *data = family;

	(void)tld;
	data->message = arena_alloc(&mail->arena, sizeof(*data->message));
}

static const struct eval evals[] = {
    {"check_for_fake_aol_relay_in_rcvd", check_for_fake_aol_relay_in_rcvd,
	NULL},
    {"check_for_forged_hotmail_received_headers",
	check_for_forged_hotmail_received_headers, NULL},
    {"check_for_no_hotmail_received_headers",
	check_for_no_hotmail_received_headers, NULL},
    {"check_for_msn_groups_headers", is_msn_group, NULL},
    {"check_for_forged_eudoramail_received_headers",
	check_for_forged_eudoramail_received_headers, NULL},
    {"check_for_forged_yahoo_received_headers",
	check_for_forged_yahoo_received_headers, NULL},
    {"check_for_forged_juno_received_headers",
	check_for_forged_juno_received_headers, NULL},
    {"check_for_forged_gmail_received_headers",
	check_for_forged_gmail_received_headers, NULL},
    {"check_for_forged_gw05_received_headers",
	check_for_forged_gw05_received_headers, NULL},
    {"gated_through_received_hdr_remover", is_gated, NULL},
    {"check_messageid_not_usable", check_messageid_not_usable, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_headerforged = {.name = "headerforged",
    .evals = evals,
    .prepare = prepare,
    .release = free,
    .begin = begin};
