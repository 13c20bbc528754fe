/*
 * mx: which names the DNS may have for the hosts of nodes, and who may be a
 * backup for whom.
 */
#ifndef NODE_MX_H
#define NODE_MX_H

#include "node/set.h"

/* Whether a node may take mail for another one: that one wants it as a backup,
 * and it stores for that one. */
bool mx_may_store(const struct manifest *owner, const struct manifest *peer);

/* Why no MX may name a host, or NULL. */
const char *mx_host_fault(const char *host);

/* Whether a name is that of a zone, or below it.  Both are as domain_normal()
 * has them. */
bool mx_is_within(const char *name, const char *zone);

/* The node that may say which addresses the host of a member has: whose domain
 * it is in; if it is in nobody's, the own node if it has that host, else the
 * first that has it, by name. */
const struct member *mx_host_owner(
    const struct nodes *nodes, const struct member *member);

#endif
