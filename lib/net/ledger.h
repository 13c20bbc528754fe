/*
 * ledger: the accounts of those that connections come from.
 *
 * There is one for a host, which is an IPv4 address or an IPv6 /64, and one for
 * its network, an IPv4 /24 or an IPv6 /48.  All peers that are neither share
 * one, as if they were one host.
 *
 * The number of accounts is fixed.  One that is in use stays; the others are
 * remembered until there is need for them, and then the one goes that was out
 * of use for longest.
 */
#ifndef NET_LEDGER_H
#define NET_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/rank.h"

/* Its length says what it is of. */
enum {
	PREFIX_OTHERS = 0, /* the network of PREFIX_OTHER */
	PREFIX_OTHER = 1,
	PREFIX_FOUR_NETWORK = 24,
	PREFIX_FOUR_HOST = 32,
	PREFIX_SIX_NETWORK = 48,
	PREFIX_SIX_HOST = 64
};

struct prefix {
	uint64_t bits; /* from the highest one on; the rest is 0 */
	unsigned length;
};

struct account {
	struct rank_node rank; /* the first member of whatever is ranked */
	struct prefix prefix;
	struct account *chain;         /* the ledger's, as are these two */
	struct account *older, *newer; /* of those that are not in use */
	bool in_use;                   /* not one of those */
	struct account *network;       /* of a host in use */
	struct rank_node *noisiest;    /* of a network's hosts */
	struct gate_guest *idlest;   /* of a host's undecided guests, a ring */
	unsigned undecided, workers; /* guests */
	unsigned good, bad;          /* as they were at `since` */
	int64_t since;
	int64_t refused_until;
	int64_t refusal;  /* how long the last one was, in milliseconds */
	unsigned refused; /* connections, since the last summary */
};

struct ledger {
	struct account *accounts;
	size_t size;
	size_t used; /* once, at least */
	struct account **buckets;
	unsigned shift; /* makes a bucket of a hash */
	uint64_t secret[2];
	struct account *oldest, *newest; /* that are not in use */
};

void ledger_init(struct ledger *ledger, size_t size);
void ledger_free(struct ledger *ledger);

/* The prefix of a peer, and of the network of a host. */
struct prefix prefix_of_peer(const struct sockaddr_storage *peer);
struct prefix prefix_of_network(struct prefix host);

/* Appends "192.0.2.7", "192.0.2.0/24" or "2001:db8::/64". */
void prefix_print(struct prefix prefix, struct buf *text);

/* NULL if there is none. */
struct account *ledger_find(const struct ledger *ledger, struct prefix prefix);

/* Finds it or makes it, perhaps in the place of one that was not in use, and
 * takes it into use.  NULL if all are. */
struct account *ledger_take(
    struct ledger *ledger, struct prefix prefix, int64_t now);

/* From now on it is not in use. */
void ledger_put_back(struct ledger *ledger, struct account *account);

/* What good and bad have become: they halve each hour, in steps, so that one
 * good message counts for some time before it is none. */
unsigned account_good(const struct account *account, int64_t now);
unsigned account_bad(const struct account *account, int64_t now);

/* Writes that down, so that one may add to good or bad. */
void account_age(struct account *account, int64_t now);

#endif
