#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/canonical.h"
#include "node/mx.h"
#include "peer/zone.h"

#define MX_MAX 100 /* hosts for a domain: all fit into an answer */

enum { OWN_PREFERENCE = 1, BACKUP_PREFERENCE = 100 };

/* What the records call the host of a node. */
struct zone_host {
	bool known;
	bool is_alias;
	const char *fault; /* why no MX may name it, or NULL */
	char name[DNS_NAME_MAX + 1];
};

void
zone_init(struct zone *zone, const struct nodes *nodes)
{
	zone->nodes = nodes;
	zone->hosts = tree_alloc(nodes->count, sizeof(*zone->hosts));
	zone->heading = NULL;
	zone->status = STATUS_OK;
}

void
zone_free(struct zone *zone)
{
	free(zone->hosts);
}

void
zone_node(struct zone *zone, const struct member *member)
{
	zone->heading = member->manifest;
}

static void
print_heading(struct zone *zone)
{
	if (zone->heading != NULL)
		printf("; node %s, host %s\n", zone->heading->name,
		    zone->heading->host);
	zone->heading = NULL;
}

static bool
is_wanted(const struct zone *zone, const char *name)
{
	return zone->apex == NULL || mx_is_within(name, zone->apex);
}

/* The names of a host in a note and a warning; nobody outside can put anything
 * into it but names. */
#define note(zone, ...)               \
	do {                          \
		print_heading(zone);  \
		printf("; ");         \
		printf(__VA_ARGS__);  \
		printf("\n");         \
		warning(__VA_ARGS__); \
	} while (0)

/* Asks the DNS about a host. */
static void
check(
    struct zone *zone, const struct manifest *manifest, struct zone_host *host)
{
	struct canonical canonical;

	if (canonical_find(zone->dns, host->name, &canonical) < 0) {
		note(zone, "%s: cannot look up %s: %s", manifest->name,
		    host->name, canonical.reason);
		zone->status = STATUS_DEFER;
		return;
	}
	host->is_alias = strcmp(host->name, canonical.name) != 0;
	if (host->is_alias)
		note(zone, "%s: %s is an alias of %s", manifest->name,
		    host->name, canonical.name);
	memcpy(host->name, canonical.name, sizeof(host->name));
	host->fault = mx_host_fault(host->name);
	if (!canonical.has_address &&
	    (host->is_alias || manifest->addresses == NULL))
		note(zone, "%s: %s has no address", manifest->name, host->name);
}

static const struct zone_host *
host_of(struct zone *zone, const struct member *member)
{
	struct zone_host *host = &zone->hosts[member - zone->nodes->members];
	const struct manifest *manifest = member->manifest;

	if (host->known)
		return host;
	host->known = true;
	host->fault = mx_host_fault(manifest->host);
	if (host->fault == NULL) {
		snprintf(host->name, sizeof(host->name), "%s", manifest->host);
		if (zone->dns != NULL)
			check(zone, manifest, host);
	}
	if (host->fault != NULL)
		note(zone, "%s: there is no MX for it, since its host %s",
		    manifest->name, host->fault);
	return host;
}

/* The MX of a domain that are printed already. */
struct printed {
	const char *names[MX_MAX];
	size_t count;
};

/* Prints one, unless it is there. */
static void
print_mx(struct zone *zone, const char *domain, int preference,
    const struct member *member, struct printed *printed)
{
	const struct zone_host *host = host_of(zone, member);
	size_t i;

	if (host->fault != NULL)
		return;
	for (i = 0; i < printed->count; i++)
		if (strcmp(printed->names[i], host->name) == 0)
			return;
	if (printed->count == MX_MAX) {
		note(zone, "%s: left out, since %s has %d MX already",
		    member->manifest->name, domain, MX_MAX);
		return;
	}
	printed->names[printed->count++] = host->name;
	print_heading(zone);
	printf("%s.\t%" PRIu64 "\tIN\tMX\t%d %s.", domain, zone->ttl,
	    preference, host->name);
	if (preference == BACKUP_PREFERENCE)
		printf(" ; %s", member->manifest->name);
	printf("\n");
}

void
zone_domain(struct zone *zone, const struct member *owner, const char *domain)
{
	const struct nodes *nodes = zone->nodes;
	struct printed printed = {.count = 0};
	size_t i;

	if (!is_wanted(zone, domain))
		return;
	if (*domain == '[') {
		print_heading(zone);
		printf("; %s is an address, and needs no records\n", domain);
		return;
	}
	if (strlen(domain) > DNS_NAME_MAX) {
		note(zone, "%s: a domain is too long for the DNS",
		    owner->manifest->name);
		return;
	}
	print_mx(zone, domain, OWN_PREFERENCE, owner, &printed);
	for (i = 0; i < nodes->count; i++)
		if (mx_may_store(owner->manifest, nodes->members[i].manifest))
			print_mx(zone, domain, BACKUP_PREFERENCE,
			    &nodes->members[i], &printed);
}

/* One address of a host, in the one spelling that all know. */
static void
print_address(const struct zone *zone, const struct manifest *manifest,
    const struct tree *address)
{
	int family = strchr(address->text, ':') != NULL ? AF_INET6 : AF_INET;
	unsigned char octets[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(family, address->text, octets) != 1 ||
	    inet_ntop(family, octets, text, sizeof(text)) == NULL)
		return;
	printf("%s.\t%" PRIu64 "\tIN\t%s\t%s\n", manifest->host,
	    manifest->dynamic ? zone->dynamic : zone->ttl,
	    family == AF_INET6 ? "AAAA" : "A", text);
}

void
zone_addresses(struct zone *zone, const struct member *member)
{
	const struct manifest *manifest = member->manifest;
	const struct zone_host *host = host_of(zone, member);
	const struct member *owner = mx_host_owner(zone->nodes, member);
	const struct tree *address;

	if (manifest->addresses == NULL || !is_wanted(zone, manifest->host) ||
	    mx_host_fault(manifest->host) != NULL)
		return;
	if (owner != member) {
		note(zone, "%s: the addresses of %s are for node %s to say",
		    manifest->name, manifest->host, owner->manifest->name);
		return;
	}
	if (host->is_alias) {
		note(zone,
		    "%s: %s cannot have addresses as long as it is "
		    "an alias",
		    manifest->name, manifest->host);
		return;
	}
	print_heading(zone);
	for (address = manifest->addresses->child; address != NULL;
	     address = address->next)
		print_address(zone, manifest, address);
}
