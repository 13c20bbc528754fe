/*
 * reputation: what the mail of a sender was like so far.
 *
 * A sender is an address of From together with who answers for it: the domain
 * that signed (RFC 6376), or, if nobody did, the network of the client (/24, or
 * /48 of IPv6).  Both are known: the two together, and the domain or network
 * alone, to which each address adds less the more it sends, so that one bad
 * customer does not make a provider bad.
 *
 * - What is known fades: its weight, counted in messages, halves in each
 *   half-life.
 * - A message is pulled towards the mean of its sender, as AWL and TxRep of
 *   SpamAssassin do, by at most half of the way.
 * - A good name is an address's own.  That of a domain or network alone only
 *   adds points, never takes any: else the first message of any address of a
 *   big provider would be better than it is.
 *
 * The file is a tally (spam/tally.h): of fixed size, for several processes.
 */
#ifndef SPAM_REPUTATION_H
#define SPAM_REPUTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "text/mail.h"
#include "uri/tld.h"

#define REPUTATION_SIZE (256 << 10)  /* octets of the file, by default */
#define REPUTATION_HALF_LIFE 2592000 /* s: 30 days, by default */
#define REPUTATION_FACTOR 0.5        /* of the way; the highest, too */
#define REPUTATION_WEIGHT_MIN 3      /* messages, by default */
#define REPUTATION_WEIGHT_MAX 1000   /* more do not count */
#define REPUTATION_SCORE_MAX 30      /* points of a message, either way */

struct reputation_config {
	uint64_t size;     /* of a file that is made */
	double half_life;  /* s */
	double factor;     /* 0 to REPUTATION_FACTOR */
	double weight_min; /* messages that make a reputation */
};

#define REPUTATION_CONFIG                                                 \
	(struct reputation_config)                                        \
	{                                                                 \
		REPUTATION_SIZE, REPUTATION_HALF_LIFE, REPUTATION_FACTOR, \
		    REPUTATION_WEIGHT_MIN                                 \
	}

struct reputation;

/* Opens the file, and makes it if it is not there and write is set.  config may
 * be NULL: REPUTATION_CONFIG.  NULL with why: it cannot be had, or is something
 * else, which stays as it is. */
struct reputation *reputation_open(const char *path,
    const struct reputation_config *config, bool write, struct buf *why);
void reputation_close(struct reputation *reputation);

/* The file was replaced or removed. */
bool reputation_is_stale(const struct reputation *reputation);

/* Who sent a message. */
struct reputation_sender {
	bool known;       /* else nothing is known, and nothing is learned */
	uint64_t address; /* keys */
	uint64_t domain;
};

/* After mail_read(). */
void reputation_sender(const struct reputation *reputation, struct mail *mail,
    const struct tld *tld, struct reputation_sender *sender);

struct reputation_answer {
	double mean;   /* points */
	double weight; /* messages; 0: nothing is known */
	bool is_own;   /* of the address, not only of its domain */
};

/* What is known of a sender.  now: seconds since 1970. */
void reputation_ask(const struct reputation *reputation,
    const struct reputation_sender *sender, int64_t now,
    struct reputation_answer *answer);

/* The points that this adds to a message of that score; 0 if too little is
 * known. */
double reputation_points(const struct reputation *reputation,
    const struct reputation_answer *answer, double score);

/* Adds a message of that score, which is that without lists and reputation.
 * 0, or -1 with errno as tally_put(). */
int reputation_add(struct reputation *reputation,
    const struct reputation_sender *sender, int64_t now, double score);

#endif
