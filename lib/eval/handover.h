/*
 * handover: by whom a message was handed over, as far as that can be believed,
 * and whether it is who may.
 */
#ifndef EVAL_HANDOVER_H
#define EVAL_HANDOVER_H

#include "relay/relay.h"

/* The relay that handed it to a trusted one; all of them if all are trusted. */
void handover_believed(
    const struct relays *relays, const struct relay **first, size_t *count);

/* Whether a relay is what the second word of welcomelist_from_rcvd says: the
 * end of its name, "example.com", or its address or network in brackets:
 * "[192.0.2.7]", "[192.0.2]", "[192.0.2.0/24]", "[2001:db8::]/32". */
bool handover_is(const struct relay *relay, struct span pattern);

#endif
