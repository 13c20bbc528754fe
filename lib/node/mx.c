#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "node/mx.h"

#define DNS_NAME_OCTETS 253 /* RFC 1035, section 2.3.4, as text */

bool
mx_may_store(const struct manifest *owner, const struct manifest *peer)
{
	return strcmp(owner->name, peer->name) != 0 &&
	       choice_has(&owner->backups, peer->name) &&
	       choice_has(&peer->stores, owner->name);
}

const char *
mx_host_fault(const char *host)
{
	unsigned char octets[4];

	if (strlen(host) > DNS_NAME_OCTETS)
		return "is too long for the DNS";
	/* RFC 1123, section 2.1 */
	if (strchr(host, '_') != NULL)
		return "has an underscore";
	if (inet_pton(AF_INET, host, octets) == 1)
		return "is an address";
	return NULL;
}

bool
mx_is_within(const char *name, const char *zone)
{
	size_t len = strlen(name), end = strlen(zone);

	return len >= end && strcmp(name + len - end, zone) == 0 &&
	       (len == end || name[len - end - 1] == '.');
}

static int
compare_claim(const void *name, const void *element)
{
	const struct claim *claim = element;

	return strcmp(name, claim->domain->name);
}

/* Whose domain a name is, or is in; NULL if it is nobody's. */
static const struct member *
domain_owner(const struct nodes *nodes, const char *name)
{
	const struct claim *claim;
	const char *dot;

	for (;; name = dot + 1) {
		claim = bsearch(name, nodes->claims, nodes->claim_count,
		    sizeof(*nodes->claims), compare_claim);
		if (claim != NULL)
			return claim->owner;
		dot = strchr(name, '.');
		if (dot == NULL)
			return NULL;
	}
}

const struct member *
mx_host_owner(const struct nodes *nodes, const struct member *member)
{
	const char *host = member->manifest->host;
	const struct member *owner = domain_owner(nodes, host);
	size_t i;

	if (owner != NULL)
		return owner;
	if (nodes->self != NULL &&
	    strcmp(nodes->self->manifest->host, host) == 0)
		return nodes->self;
	for (i = 0; i < nodes->count; i++)
		if (strcmp(nodes->members[i].manifest->host, host) == 0)
			return &nodes->members[i];
	return member;
}
