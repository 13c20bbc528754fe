/*
 * zone: what the DNS is to say about nodes, as lines of a zone file (RFC 1035,
 * section 5) on standard output.  What is not to be said, and why, is a
 * comment there and a warning.
 */
#ifndef PEER_ZONE_H
#define PEER_ZONE_H

#include "net/dns.h"
#include "node/set.h"

struct zone_host;

struct zone {
	uint64_t ttl;     /* seconds */
	uint64_t dynamic; /* of addresses that change */
	const char *apex; /* records with names in it only; NULL: all */
	struct dns *dns;  /* who is asked about hosts; NULL: nobody */
	const struct nodes *nodes;
	struct zone_host *hosts;        /* of nodes->members */
	const struct manifest *heading; /* of a node, if not yet printed */
	int status; /* STATUS_DEFER: something could not be looked up */
};

/* The first four fields are the caller's. */
void zone_init(struct zone *zone, const struct nodes *nodes);
void zone_free(struct zone *zone);

/* What comes is about that node; it gets a heading if anything comes. */
void zone_node(struct zone *zone, const struct member *member);

/* Who takes mail for a domain of that node. */
void zone_domain(
    struct zone *zone, const struct member *owner, const char *domain);

/* The addresses of its host, as its manifest has them. */
void zone_addresses(struct zone *zone, const struct member *member);

#endif
