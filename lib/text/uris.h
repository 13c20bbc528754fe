/*
 * uris: the addresses of a message, from its text and from its HTML.
 */
#ifndef TEXT_URIS_H
#define TEXT_URIS_H

#include "text/mail.h"
#include "text/tld.h"

#define URIS_MAX 1000 /* of a message; the rest is left out */

/* One address, as it is written.  Its readings are what it would be to those
 * who follow it: percent signs undone, scheme added, the target of a redirect,
 * the host without "www"-tricks. */
struct uri {
	struct span raw;
	struct text cleaned; /* readings, raw not among them unless it is one */
	struct text hosts;   /* host names of them, lower case */
	struct text domains; /* registered domains, each once */
	struct text anchors; /* texts on the links to it (from HTML) */
	unsigned types;      /* URI_*, or-ed: where it was seen */
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
	URI_DKIM = 256 /* domain of a signature */
};

struct uris {
	struct uri *list;
	size_t count;
	struct text all; /* what rules of kind uri look at: raw and cleaned,
			    each once */
	bool is_cut;
};

/* Finds them, after render(): mail->uris. */
void uris_find(struct mail *mail, const struct tld *tld);

/* The host of one address, in lower case, without user and port; p NULL if it
 * has none. */
struct span uri_host(struct arena *arena, struct span uri);

#endif
