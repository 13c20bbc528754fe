/*
 * uris: the addresses of a message, from its text and from its HTML.
 */
#ifndef URI_URIS_H
#define URI_URIS_H

#include "base/regex.h"
#include "text/mail.h"
#include "uri/tld.h"

#define URIS_MAX 1000             /* of a message; the rest is left out */
#define URIS_MEMORY_MAX (8 << 20) /* octets that they take, all together */
#define URI_ANCHORS_MAX 1000      /* texts on links to one */

/* One address, as it is written; one in the text without a scheme has got one.
 * Its readings are what it would be to those who follow it: percent signs
 * undone, scheme added, the target of a redirect, the host without
 * "www"-tricks. */
struct uri {
	struct span raw;
	struct text cleaned;  /* readings, the first is raw without blanks */
	struct text hosts;    /* host names of them, lower case */
	struct text domains;  /* registered domains, each once */
	struct text anchors;  /* texts on the links to it (from HTML) */
	struct text elements; /* names of where it was seen: "a", "img", of
				 HTML; else those of URI_*: "parsed" */
	unsigned types;       /* URI_*, or-ed: where it was seen */
};

enum {
	URI_PARSED = 1,    /* in the text */
	URI_A = 2,         /* HTML: <a href> */
	URI_IMG = 4,       /* <img src> */
	URI_FORM = 8,      /* <form action> */
	URI_LINK = 16,     /* <link href> */
	URI_OTHER = 32,    /* any other element */
	URI_UNLINKED = 64, /* without a scheme, nothing shows it as a link */
	URI_SCHEMELESS = 128,
	URI_DKIM = 256 /* "domainkeys:" and the domain of a signature; not
			  cleaned */
};

struct uris {
	struct uri *list;
	size_t count;
	struct text all; /* what rules of kind uri look at: raw and cleaned,
			    each once */
	bool is_cut;     /* there were more */
	bool truncated;  /* one was too long and is cut off */
};

/* Finds them, after render(): mail->uris. */
void uris_find(struct mail *mail, const struct tld *tld);

/* The registered domain of an address, and its host, in lower case, without
 * user and port; p NULL if it has none.  What comes without a scheme is taken
 * for a host and a path.  An address of IPv4 or IPv6 is a domain by itself.  p
 * NULL if there is none that exists. */
struct span uri_domain(struct arena *arena, const struct tld *tld,
    struct span uri, struct span *host);

/* Patterns of addresses that lead elsewhere, whose first group is where to
 * (redirector_pattern of the rules), for all messages that follow; NULL for
 * none.  The list must live as long as it is used. */
struct uri_redirects {
	const struct regex *const *list;
	size_t count;
};

void uris_redirects(const struct uri_redirects *redirects);

/* The list that is in use; NULL if there is none. */
const struct uri_redirects *uris_redirects_now(void);

#endif
