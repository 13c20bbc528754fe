/*
 * visitors: what the tests of gate.c and ledger.c have in common.
 */
#ifndef UNIT_VISITORS_H
#define UNIT_VISITORS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/span.h"
#include "net/gate.h"
#include "net/ledger.h"
#include "test.h"

#define MINUTE ((int64_t)60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define HARVEST 20
#define REMEMBERED 8192 /* of gate.c */

static inline struct sockaddr_storage
peer_of(const char *text)
{
	struct sockaddr_storage peer = {0};
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&peer;
	struct sockaddr_in *four = (struct sockaddr_in *)&peer;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		peer.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		peer.ss_family = AF_INET6;
	return peer;
}

static inline bool
enter(
    struct gate *gate, struct gate_guest *guest, const char *text, int64_t now)
{
	struct sockaddr_storage peer = peer_of(text);

	return gate_enter(gate, guest, &peer, now);
}

/* From an IPv4 address given as a number. */
static inline bool
enter_number(
    struct gate *gate, struct gate_guest *guest, uint32_t number, int64_t now)
{
	struct sockaddr_storage peer = {0};
	struct sockaddr_in *four = (struct sockaddr_in *)&peer;

	four->sin_family = AF_INET;
	four->sin_addr.s_addr = htonl(number);
	return gate_enter(gate, guest, &peer, now);
}

/* Somebody comes, does this, and goes; false if it is refused. */
static inline bool
visit(struct gate *gate, const char *text, unsigned good, unsigned bad,
    int64_t now)
{
	struct gate_guest guest;

	if (!enter(gate, &guest, text, now))
		return false;
	gate_note_good(gate, &guest, good, now);
	gate_note_bad(gate, &guest, bad, now);
	gate_leave(gate, &guest);
	return true;
}

static inline bool
is_known(struct gate *gate, const char *text, int64_t now)
{
	struct gate_guest guest;
	bool known;

	if (!enter(gate, &guest, text, now))
		return false;
	known = gate_is_known(&guest, now);
	gate_leave(gate, &guest);
	return known;
}

/* Whether it is of the network that the next victim is taken from. */
static inline bool
is_noisiest(struct gate *gate, const struct gate_guest *guest)
{
	const struct gate_guest *victim = gate_victim(gate);

	return victim != NULL && guest->host != NULL &&
	       victim->host->network == guest->host->network;
}

/* Evicts the next one: its number in guests, or -1 if there is none. */
static inline int
evict(struct gate *gate, const struct gate_guest *guests)
{
	struct gate_guest *victim = gate_victim(gate);

	if (victim == NULL)
		return -1;
	gate_leave(gate, victim);
	return (int)(victim - guests);
}

#endif
