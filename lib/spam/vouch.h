/*
 * vouch: which domains SPF and DKIM answer for, by the field "auth" of a frame.
 *
 * Its text is that of an Authentication-Results field without the name of who
 * checked (RFC 8601, 2.2): "spf=pass smtp.mailfrom=a@b.example; dkim=pass
 * header.d=b.example".  If any of it cannot be understood, nothing vouches.
 */
#ifndef SPAM_VOUCH_H
#define SPAM_VOUCH_H

#include <stdbool.h>

#include "base/span.h"
#include "uri/tld.h"

#define VOUCH_MAX 16 /* signatures; the others are left out */

struct vouch {
	struct span signers[VOUCH_MAX]; /* domains of signatures that hold */
	size_t count;
	struct span sender; /* domain whose client it is; p NULL if none */
};

void vouch_read(struct vouch *vouch, struct span auth);

/* Whether one of them has the same registered domain as that domain.  What
 * has none must be the same. */
bool vouch_for(
    const struct vouch *vouch, struct span domain, const struct tld *tld);

/* Whether two domains belong to the same registered one. */
bool vouch_same(struct span one, struct span other, const struct tld *tld);

#endif
