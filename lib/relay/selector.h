/*
 * selector: which part of a header a rule looks at: "Subject", "From:addr",
 * "ToCc:name", "ALL:raw", "X-Spam-Relays-Untrusted", "MESSAGEID",
 * "EnvelopeFrom", "Received:first:ip"; see spam-rules(5).
 */
#ifndef RELAY_SELECTOR_H
#define RELAY_SELECTOR_H

#include "text/mail.h"
#include "uri/tld.h"

struct selector {
	struct span name; /* without what stands behind its colons */
	unsigned flags;
};

/* Takes a selector of a rule apart: text must live as long as it. */
void selector_parse(struct span text, struct selector *selector);

/* What it selects: one piece for each field or address, as rules see it (with a
 * LF at the end of a whole field).  Lies in the arena of mail; the caller keeps
 * it to ask only once. */
void selector_get(struct mail *mail, const struct selector *selector,
    const struct tld *tld, struct text *text);

/* The same from a text, joined to one piece, as a scalar get of SpamAssassin:
 * the first of addresses and names, all of other fields.  p NULL if nothing. */
struct span selector_text(
    struct mail *mail, const char *selector, const struct tld *tld);

#endif
