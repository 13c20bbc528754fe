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
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "node/domain.h"
#include "node/nodes.h"
#include "peer/zone.h"

#define TTL_MAX 2147483647 /* RFC 2181, section 8 */

static struct zone zone = {.ttl = 3600, .dynamic = 300};
static struct dns_config dns = {.timeout = 5000};

static const struct conf_option options[] = {
    {"dns", CONF_TEXT, &dns.server, 0, 0,
	"name server for -c, as ADDRESS or ADDRESS@PORT"},
    {"dynamic", CONF_COUNT, &zone.dynamic, 1, TTL_MAX,
	"TTL of addresses that change, in seconds"},
    {"ttl", CONF_COUNT, &zone.ttl, 1, TTL_MAX,
	"TTL of all other records, in seconds"},
    {"wait", CONF_SECONDS, &dns.timeout, 100, 60000,
	"seconds for an answer of the name server"},
};

static void
usage(void)
{
	usage_exit("[-c] [-n dir] [-o name=value] [-z zone] [node|domain...]");
}

/* Whether one of the operands is that name; true if there are none. */
static bool
is_named(char **operand, const char *name)
{
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
print_node(
    const struct nodes *nodes, const struct member *member, char **operands)
{
	const struct manifest *manifest = member->manifest;
	bool all = is_named(operands, manifest->name), any = all;
	size_t i;

	zone_node(&zone, member);
	for (i = 0; i < nodes->claim_count; i++)
		if (nodes->claims[i].owner == member &&
		    (all ||
			is_named(operands, nodes->claims[i].domain->name))) {
			zone_domain(
			    &zone, member, nodes->claims[i].domain->name);
			any = true;
		}
	if (any)
		zone_addresses(&zone, member);
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
	static char apex[ADDRESS_DOMAIN_MAX + 1];
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
			if (domain_normal(apex, optarg) < 0 || *apex == '[')
				fatal("-z '%s': not a zone", optarg);
			zone.apex = apex;
			break;
		default:
			usage();
		}
	argv += optind;
	nodes = nodes_read(dir, NULL, &broken);
	if (nodes == NULL)
		return STATUS_DEFER;
	check_operands(nodes, argv);
	zone_init(&zone, nodes);
	if (broken > 0)
		zone.status = STATUS_DEFER;
	if (ask && (zone.dns = dns_open(&dns)) == NULL)
		return STATUS_DEFER;
	for (i = 0; i < nodes->count; i++)
		print_node(nodes, &nodes->members[i], argv);
	if (zone.dns != NULL)
		dns_free(zone.dns);
	zone_free(&zone);
	nodes_free(nodes);
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	return zone.status;
}
