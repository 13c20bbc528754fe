/*
 * relaynet: lists of networks, as rules' settings have them.
 */
#ifndef RELAY_RELAYNET_H
#define RELAY_RELAYNET_H

#include "relay/relay.h"

#define RELAY_NETWORKS_MAX 10000 /* of one kind */

/* Whether any network of that kind was added. */
bool relay_networks_has(const struct relay_networks *networks, char kind);

/* Whether an address is in one of them: the first that it is in decides. */
bool relay_networks_contain(
    const struct relay_networks *networks, char kind, struct span ip);

/* The i-th name of relay_networks_origins(); NULL behind the last. */
const char *relay_networks_origin(
    const struct relay_networks *networks, size_t i);

#endif
