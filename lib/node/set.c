#include <stdio.h>
#include <stdlib.h>

#include "node/set.h"

static int
compare_members(const void *a, const void *b)
{
	const struct member *one = a, *other = b;

	return strcmp(one->manifest->name, other->manifest->name);
}

/* By domain; equal ones with our own first, then by the node's name. */
static int
compare_claims(const void *a, const void *b)
{
	const struct claim *one = a, *other = b;
	int order;

	order = strcmp(one->domain->name, other->domain->name);
	if (order != 0)
		return order;
	if (one->own != other->own)
		return one->own ? -1 : 1;
	return one->owner < other->owner ? -1 : one->owner > other->owner;
}

/* Drops all claims on a domain but the first. */
static void
settle_claims(struct nodes *nodes)
{
	struct claim *claim, *kept = NULL;
	struct source source;
	size_t i, count = 0;

	for (i = 0; i < nodes->claim_count; i++) {
		claim = &nodes->claims[i];
		if (kept == NULL ||
		    strcmp(claim->domain->name, kept->domain->name) != 0) {
			kept = &nodes->claims[count++];
			*kept = *claim;
			continue;
		}
		source = (struct source){claim->owner->manifest->file, 0};
		source_error(&source, claim->domain->line,
		    "domain '%s' is node %s's already", claim->domain->name,
		    kept->owner->manifest->name);
		claim->owner->flawed = true;
	}
	nodes->claim_count = count;
}

/* Whether a member may speak for a domain of its manifest; if not, that is
 * told. */
static bool
may_claim(struct member *member, const struct domain *domain)
{
	struct source source = {member->manifest->file, 0};

	if (member->pin == NULL || pin_has_domain(member->pin, domain))
		return true;
	source_error(
	    &source, domain->line, "domain '%s' is not pinned", domain->name);
	member->flawed = true;
	return false;
}

static void
add_claims(struct nodes *nodes, struct member *member)
{
	const struct manifest *manifest = member->manifest;
	size_t i;

	for (i = 0; i < manifest->domain_count; i++)
		if (may_claim(member, &manifest->domains[i]))
			nodes->claims[nodes->claim_count++] = (struct claim){
			    .domain = &manifest->domains[i],
			    .owner = member,
			    .own = member == nodes->self,
			};
}

static void
make_claims(struct nodes *nodes)
{
	size_t i, most = 0;

	for (i = 0; i < nodes->count; i++)
		most += nodes->members[i].manifest->domain_count;
	nodes->claims = tree_alloc(most, sizeof(*nodes->claims));
	for (i = 0; i < nodes->count; i++)
		add_claims(nodes, &nodes->members[i]);
	qsort(nodes->claims, nodes->claim_count, sizeof(*nodes->claims),
	    compare_claims);
	settle_claims(nodes);
}

struct nodes *
nodes_of_members(struct member *members, size_t count, const char *self)
{
	struct nodes *nodes;
	struct member *member;
	size_t i;

	nodes = tree_alloc(1, sizeof(*nodes));
	nodes->members = members;
	nodes->count = count;
	nodes->matcher = matcher_new();
	qsort(nodes->members, count, sizeof(*nodes->members), compare_members);
	nodes->self = self != NULL ? nodes_find(nodes, self) : NULL;
	for (i = 0; i < count && nodes->self != NULL; i++) {
		member = &nodes->members[i];
		member->wants_backup = choice_has(
		    &member->manifest->backups, nodes->self->manifest->name);
	}
	make_claims(nodes);
	return nodes;
}

struct nodes *
nodes_of(struct manifest **manifests, size_t count, const char *self)
{
	struct member *members = tree_alloc(count, sizeof(*members));
	size_t i;

	for (i = 0; i < count; i++)
		members[i].manifest = manifests[i];
	return nodes_of_members(members, count, self);
}

void
nodes_free(struct nodes *nodes)
{
	size_t i;

	if (nodes == NULL)
		return;
	for (i = 0; i < nodes->count; i++) {
		manifest_free(nodes->members[i].manifest);
		pin_free(nodes->members[i].pin);
	}
	matcher_free(nodes->matcher);
	free(nodes->claims);
	free(nodes->members);
	free(nodes);
}

static int
compare_name(const void *name, const void *element)
{
	const struct member *member = element;

	return strcmp(name, member->manifest->name);
}

struct member *
nodes_find(const struct nodes *nodes, const char *name)
{
	return bsearch(name, nodes->members, nodes->count,
	    sizeof(*nodes->members), compare_name);
}

const char *
nodes_self(const struct nodes *nodes)
{
	return nodes->self->manifest->name;
}

const char *
nodes_host(const struct nodes *nodes)
{
	return nodes->self->manifest->host;
}

const char *
nodes_host_of(const struct nodes *nodes, const char *name)
{
	const struct member *member = nodes_find(nodes, name);

	return member != NULL ? member->manifest->host : NULL;
}
