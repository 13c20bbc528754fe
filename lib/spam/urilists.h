/*
 * urilists: DNS lists of domains that spam leads to (RFC 5782, section 2.3).
 *
 * - The registered domains of a message's addresses are asked for, each once,
 *   at most URILISTS_DOMAINS_MAX of them; addresses of IPv4 and IPv6 are not.
 *   Each is told to the operators of the lists, so there are none by default.
 * - What counts as an answer is what smtp-accept counts (net/lists.h): only
 *   127.0.0.0/8, and never 127.255.255.0/24, by which a list says that it does
 *   not answer us.
 * - A list that has the domain "invalid" on it has everything on it (RFC 5782,
 *   section 5), and counts nothing for this message.
 * - An entry counts once for a message, however many domains are on it.
 * - All questions are asked at once, and what is not answered at the deadline
 *   counts nothing.
 */
#ifndef SPAM_URILISTS_H
#define SPAM_URILISTS_H

#include "net/dns.h"
#include "net/lists.h"
#include "text/mail.h"

#define URILISTS_DOMAINS_MAX 20
#define URILISTS_POINTS_MAX 100

struct urilists_hit {
	const char *list;   /* its name; as long as the lists are open */
	struct span domain; /* the first that is on it; as long as the mail */
	double points;
};

struct urilists_result {
	struct urilists_hit hits[LISTS_ENTRIES_MAX];
	size_t count;
	double points;  /* of all of them */
	size_t asked;   /* questions */
	size_t missing; /* of them without an answer */
};

struct urilists;

/* Makes ready.  text: "NAME[=FILTER][*POINTS]" separated by commas or blanks,
 * with filters as lists_parse() has them and points of -100 to 100 that may
 * have a fraction, 1 if there are none.  config->timeout is that of an answer.
 * NULL, and why: it is wrong, or the resolver cannot be had. */
struct urilists *urilists_open(
    const char *text, const struct dns_config *config, struct buf *why);
void urilists_close(struct urilists *lists);

/* Domains that are never asked for, with blanks between them. */
void urilists_skip(struct urilists *lists, struct span domains);

/* Asks for the domains of mail->uris, and waits until the deadline
 * (clock_ms()) at the latest. */
void urilists_ask(struct urilists *lists, const struct mail *mail,
    int64_t deadline, struct urilists_result *result);

#endif
