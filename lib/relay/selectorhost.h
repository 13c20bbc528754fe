/*
 * selectorhost: the host or the address that a field names.
 */
#ifndef RELAY_SELECTORHOST_H
#define RELAY_SELECTORHOST_H

#include "base/arena.h"
#include "uri/tld.h"

/* What stands behind the last "@" of an address; p NULL if nothing. */
struct span selector_host_of_address(struct span address);

/* The first name of a host in a text, one behind an "@" before all others; p
 * NULL if there is none. */
struct span selector_host(
    struct arena *arena, struct span text, const struct tld *tld);

/* The first address of the internet; reversed as lists in the DNS want it. */
struct span selector_ip(struct arena *arena, struct span text, bool reversed);

#endif
