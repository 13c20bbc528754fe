/*
 * people: who wrote a message and to whom, by all fields that may tell.
 */
#ifndef EVAL_PEOPLE_H
#define EVAL_PEOPLE_H

#include "eval/eval.h"

#define PEOPLE_MAX 1000 /* addresses of a message that are looked at */

/* The addresses of senders, each once: of Resent-From if there is one, else of
 * From, Envelope-Sender, Resent-Sender, X-Envelope-From and the envelope. */
void people_from(struct mail *mail, const struct tld *tld, struct text *people);

/* The addresses of recipients, each once: of Resent-To and Resent-Cc if there
 * are any, else of To, Cc and what tells the envelope's recipients. */
void people_to(struct mail *mail, const struct tld *tld, struct text *people);

/* The same as a list in lower case. */
void people_lower(struct arena *arena, struct text *people);

/* Whether that is how a host's name looks: two labels or more, of letters,
 * digits and '-'; '_' below the second. */
bool people_is_host(struct arena *arena, struct span host);

/* What one selector says, one piece or as many as there are. */
static inline struct span
people_get(const struct eval_call *call, const char *selector)
{
	struct span text = selector_text(call->mail, selector, call->tld);

	return text.p != NULL ? text : span_of("");
}

void people_list(struct mail *mail, const struct tld *tld, const char *selector,
    struct text *text);

#endif
