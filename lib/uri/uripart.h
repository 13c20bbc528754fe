/*
 * uripart: the steps of uris_find(), for themselves.
 *
 *	uri_next()      finds addresses in a line of text    (urifind.c)
 *	uri_complete()  adds what a reader would add         (uritext.c)
 *	uri_readings()  what an address could be read as     (uriclean.c)
 *	uri_decode()    percent signs undone                 (uridecode.c)
 *	uri_domain()    the host it leads to                 (uridomain.c)
 */
#ifndef URI_URIPART_H
#define URI_URIPART_H

#include "base/buf.h"
#include "uri/uris.h"

#define URI_LEN_MAX 8192     /* octets of a reading; the rest is cut off */
#define URI_READINGS_MAX 100 /* of one address */
#define URI_TARGETS_MAX 20   /* redirects in redirects */
#define URI_PATTERNS_OCTETS_MAX                                    \
	(512 << 10)              /* of a message, that patterns of \
				    redirects look at */
#define URI_PATTERNS_LOST_MAX 16 /* of those that took too many steps */

enum uri_kind {
	URI_KIND_SCHEME, /* "http://..." or "www..." */
	URI_KIND_MAIL,
	URI_KIND_HOST /* a name with a last label that exists, and a path */
};

struct uri_found {
	struct span raw;
	enum uri_kind kind;
	struct span host; /* of URI_KIND_HOST */
};

/* Addresses in a line.  Set line and tld, all else is 0. */
struct uri_search {
	struct span line;
	const struct tld *tld;
	size_t at;  /* where the next begins at the earliest */
	size_t end; /* of the word at is in */
	/* found once for many places: the first octet from there on that */
	size_t mail_at;  /* is "@", or ends a part of an address of mail */
	size_t mail_end; /* ends a part of one */
	size_t host_end; /* no host has */
};

/* Takes the next one; false if there are no more. */
bool uri_next(struct uri_search *search, struct uri_found *found);

/* Without what is the sentence's and not the address's: "(see
 * www.example.com)."
 */
struct span uri_trim(struct span raw);

/* What was found, and is trimmed, as an address with a scheme; adds to types. p
 * NULL if it is none. */
struct span uri_complete(struct arena *arena, const struct tld *tld,
    const struct uri_found *found, unsigned *types);

/* Readings of an address, each once, itself the first.  All is 0 at first, and
 * it is used for all addresses of a message. */
struct uri_readings {
	struct span list[URI_READINGS_MAX];
	size_t count;
	bool is_cut;            /* one was longer than URI_LEN_MAX */
	size_t pattern_octets;  /* of the message: what patterns looked at */
	unsigned patterns_lost; /* matches that were given up */
};

void uri_readings(struct arena *arena, const struct tld *tld, struct span uri,
    struct uri_readings *readings);

/* Percent signs undone as far as an address could have the octet as it is, and
 * what it could not have encoded.  What has no percent signs stays. */
struct span uri_decode(struct arena *arena, struct span uri);

#endif
