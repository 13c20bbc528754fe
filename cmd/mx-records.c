/*
 * mx-records: prints what the DNS is to say about who takes mail for whom.
 *
 * - It prints lines of a zone file, and touches neither a name server nor a
 *   key for one: whoever has the zone looks at them and puts them there.
 * - Each backup is an MX of its own.  One name for all of them would have to be
 *   an alias or have addresses that belong to others, and an MX must not name
 *   an alias.
 * - Manifests of others are untrusted: a node says nothing about addresses of
 *   names in the domains of another one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "net/canonical.h"
#include "node/domain.h"
#include "node/mx.h"
#include "node/nodes.h"

#define MX_MAX 100         /* hosts for a domain: all fit into an answer */
#define TTL_MAX 2147483647 /* RFC 2181, section 8 */

enum { OWN_PREFERENCE = 1, BACKUP_PREFERENCE = 100 };

/* What the records call the host of a node. */
struct host {
	bool known;
	bool is_alias;
	const char *fault; /* why no MX may name it, or NULL */
	char name[DNS_NAME_MAX + 1];
};

struct work {
	const struct nodes *nodes;
	struct host *hosts; /* of nodes->members */
	struct dns *dns;    /* NULL: it is not asked */
	const char *zone;   /* records with names in it only; NULL: all */
	char **operands;    /* names of nodes and domains; none: all */
	const struct manifest *heading; /* of a node, if not yet printed */
	int status;
};

static struct {
	uint64_t ttl;
	uint64_t dynamic;
	struct dns_config dns;
} settings = {3600, 300, {.timeout = 5000}};

static const struct conf_option options[] = {
    {"dns", CONF_TEXT, &settings.dns.server, 0, 0,
	"name server for -c, as ADDRESS or ADDRESS@PORT"},
    {"dynamic", CONF_COUNT, &settings.dynamic, 1, TTL_MAX,
	"TTL of addresses that change, in seconds"},
    {"ttl", CONF_COUNT, &settings.ttl, 1, TTL_MAX,
	"TTL of all other records, in seconds"},
    {"wait", CONF_SECONDS, &settings.dns.timeout, 100, 60000,
	"seconds for an answer of the name server"},
};

static void
usage(void)
{
	usage_exit("[-c] [-n dir] [-o name=value] [-z zone] [node|domain...]");
}

static void
print_heading(struct work *work)
{
	if (work->heading != NULL)
		printf("; node %s, host %s\n", work->heading->name,
		    work->heading->host);
	work->heading = NULL;
}

static bool
is_wanted(const struct work *work, const char *name)
{
	return work->zone == NULL || mx_is_within(name, work->zone);
}

/* The names of a host in a note and a warning; nobody outside can put anything
 * into it but names. */
#define note(work, ...)               \
	do {                          \
		print_heading(work);  \
		printf("; ");         \
		printf(__VA_ARGS__);  \
		printf("\n");         \
		warning(__VA_ARGS__); \
	} while (0)

/* Asks the DNS about a host. */
static void
check(struct work *work, const struct manifest *manifest, struct host *host)
{
	struct canonical canonical;

	if (canonical_find(work->dns, host->name, &canonical) < 0) {
		note(work, "%s: cannot look up %s: %s", manifest->name,
		    host->name, canonical.reason);
		work->status = STATUS_DEFER;
		return;
	}
	host->is_alias = strcmp(host->name, canonical.name) != 0;
	if (host->is_alias)
		note(work, "%s: %s is an alias of %s", manifest->name,
		    host->name, canonical.name);
	memcpy(host->name, canonical.name, sizeof(host->name));
	host->fault = mx_host_fault(host->name);
	if (!canonical.has_address &&
	    (host->is_alias || manifest->addresses == NULL))
		note(work, "%s: %s has no address", manifest->name, host->name);
}

static const struct host *
host_of(struct work *work, const struct member *member)
{
	struct host *host = &work->hosts[member - work->nodes->members];
	const struct manifest *manifest = member->manifest;

	if (host->known)
		return host;
	host->known = true;
	host->fault = mx_host_fault(manifest->host);
	if (host->fault == NULL) {
		snprintf(host->name, sizeof(host->name), "%s", manifest->host);
		if (work->dns != NULL)
			check(work, manifest, host);
	}
	if (host->fault != NULL)
		note(work, "%s: there is no MX for it, since its host %s",
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
print_mx(struct work *work, const char *domain, int preference,
    const struct member *member, struct printed *printed)
{
	const struct host *host = host_of(work, member);
	size_t i;

	if (host->fault != NULL)
		return;
	for (i = 0; i < printed->count; i++)
		if (strcmp(printed->names[i], host->name) == 0)
			return;
	if (printed->count == MX_MAX) {
		note(work, "%s: left out, since %s has %d MX already",
		    member->manifest->name, domain, MX_MAX);
		return;
	}
	printed->names[printed->count++] = host->name;
	print_heading(work);
	printf("%s.\t%llu\tIN\tMX\t%d %s.", domain,
	    (unsigned long long)settings.ttl, preference, host->name);
	if (preference == BACKUP_PREFERENCE)
		printf(" ; %s", member->manifest->name);
	printf("\n");
}

static void
print_domain(struct work *work, const struct member *owner, const char *domain)
{
	const struct nodes *nodes = work->nodes;
	struct printed printed = {.count = 0};
	size_t i;

	if (!is_wanted(work, domain))
		return;
	if (*domain == '[') {
		print_heading(work);
		printf("; %s is an address, and needs no records\n", domain);
		return;
	}
	if (strlen(domain) > DNS_NAME_MAX) {
		note(work, "%s: a domain is too long for the DNS",
		    owner->manifest->name);
		return;
	}
	print_mx(work, domain, OWN_PREFERENCE, owner, &printed);
	for (i = 0; i < nodes->count; i++)
		if (mx_may_store(owner->manifest, nodes->members[i].manifest))
			print_mx(work, domain, BACKUP_PREFERENCE,
			    &nodes->members[i], &printed);
}

/* One address of a host, in the one spelling that all know. */
static void
print_address(const struct manifest *manifest, const struct tree *address)
{
	int family = strchr(address->text, ':') != NULL ? AF_INET6 : AF_INET;
	unsigned char octets[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(family, address->text, octets) != 1 ||
	    inet_ntop(family, octets, text, sizeof(text)) == NULL)
		return;
	printf("%s.\t%llu\tIN\t%s\t%s\n", manifest->host,
	    (unsigned long long)(manifest->dynamic ? settings.dynamic
						   : settings.ttl),
	    family == AF_INET6 ? "AAAA" : "A", text);
}

static void
print_addresses(struct work *work, const struct member *member)
{
	const struct manifest *manifest = member->manifest;
	const struct host *host = host_of(work, member);
	const struct member *owner = mx_host_owner(work->nodes, member);
	const struct tree *address;

	if (manifest->addresses == NULL || !is_wanted(work, manifest->host) ||
	    mx_host_fault(manifest->host) != NULL)
		return;
	if (owner != member) {
		note(work, "%s: the addresses of %s are for node %s to say",
		    manifest->name, manifest->host, owner->manifest->name);
		return;
	}
	if (host->is_alias) {
		note(work,
		    "%s: %s cannot have addresses as long as it is "
		    "an alias",
		    manifest->name, manifest->host);
		return;
	}
	print_heading(work);
	for (address = manifest->addresses->child; address != NULL;
	     address = address->next)
		print_address(manifest, address);
}

/* Whether one of the operands is that name; true if there are none. */
static bool
is_named(const struct work *work, const char *name)
{
	char **operand = work->operands;
	char normal[ADDRESS_DOMAIN_MAX + 1];

	if (*operand == NULL)
		return true;
	for (; *operand != NULL; operand++)
		if (strcmp(*operand, name) == 0 ||
		    (domain_normal(normal, *operand) == 0 &&
			strcmp(normal, name) == 0))
			return true;
	return false;
}

static void
print_node(struct work *work, const struct member *member)
{
	const struct manifest *manifest = member->manifest;
	const struct nodes *nodes = work->nodes;
	bool all = is_named(work, manifest->name), any = all;
	size_t i;

	work->heading = manifest;
	for (i = 0; i < nodes->claim_count; i++)
		if (nodes->claims[i].owner == member &&
		    (all || is_named(work, nodes->claims[i].domain->name))) {
			print_domain(
			    work, member, nodes->claims[i].domain->name);
			any = true;
		}
	if (any)
		print_addresses(work, member);
}

/* Ends the program if an operand is neither a node nor a domain. */
static void
check_operands(const struct nodes *nodes, char **operands)
{
	char normal[ADDRESS_DOMAIN_MAX + 1];
	size_t i;

	for (; *operands != NULL; operands++) {
		if (nodes_find(nodes, *operands) != NULL)
			continue;
		if (domain_normal(normal, *operands) < 0)
			normal[0] = '\0';
		for (i = 0; i < nodes->claim_count; i++)
			if (strcmp(normal, nodes->claims[i].domain->name) == 0)
				break;
		if (i == nodes->claim_count)
			fatal("'%s': no node and no domain of one", *operands);
	}
}

int
main(int argc, char **argv)
{
	const char *dir = conf_environment(NODES_ENV, NODES_DIR);
	struct work work = {.status = STATUS_OK};
	char zone[ADDRESS_DOMAIN_MAX + 1];
	struct nodes *nodes;
	size_t i, broken;
	bool ask = false;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	while ((c = getopt(argc, argv, "cn:o:z:")) != -1)
		switch (c) {
		case 'c':
			ask = true;
			break;
		case 'n':
			dir = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'z':
			if (domain_normal(zone, optarg) < 0 || *zone == '[')
				fatal("-z '%s': not a zone", optarg);
			work.zone = zone;
			break;
		default:
			usage();
		}
	work.operands = argv + optind;
	nodes = nodes_read(dir, NULL, &broken);
	if (nodes == NULL)
		return STATUS_DEFER;
	if (broken > 0)
		work.status = STATUS_DEFER;
	check_operands(nodes, work.operands);
	work.nodes = nodes;
	work.hosts = tree_alloc(nodes->count, sizeof(*work.hosts));
	if (ask && (work.dns = dns_open(&settings.dns)) == NULL)
		return STATUS_DEFER;
	for (i = 0; i < nodes->count; i++)
		print_node(&work, &nodes->members[i]);
	if (work.dns != NULL)
		dns_free(work.dns);
	free(work.hosts);
	nodes_free(nodes);
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	return work.status;
}
