/*
 * gate: who is there, who may come in, and who must go when it gets full.
 *
 * Clients are accounted for by source: an IPv4 address and its /24, an IPv6 /64
 * and its /48; here a host and its network.  Nobody has to guess a limit: as
 * long as there is room everybody gets in, and when there is none the network
 * that holds most gives up its longest idle connection, of the host that holds
 * most of it.  A source that lately delivered good mail counts for less than
 * it holds.
 *
 * What counts is the weight of its undecided guests: each is worth 16 / (16 +
 * good), where good is the messages that it delivered, at most 48, so that who
 * sends good mail may hold up to four times as much.  Of those of equal weight
 * the one is taken that was quiet for longest.
 *
 * A host that asks for unknown recipients again and again, as those do who
 * guess addresses, is refused for a minute, and each time for twice as long, up
 * to a day; a day without makes that forgotten.  A good message makes up for
 * ten of them.  If a whole network asks for eight times as many, all of it is
 * refused.
 *
 * What was good and bad halves each hour.  The table has a fixed size: sources
 * that nobody is of are remembered while there is room.  It is keyed with a
 * secret, so that nobody can choose addresses that collide.  Time is given by
 * the caller, as clock_ms() has it; there are no descriptors here.
 */
#ifndef NET_GATE_H
#define NET_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"

struct gate;
struct account;

/* A connection's place; part of whatever holds the connection.  All zero when
 * it is not inside; while it is undecided it must stay where it is. */
struct gate_guest {
	struct gate_guest *next, *previous; /* of its host, longest idle first,
					       a ring; NULL if decided */
	struct account *host;
};

/* For so many guests at most.  harvest: unknown recipients after which a host
 * is refused; 0: never. */
struct gate *gate_new(size_t guests, unsigned harvest);
void gate_free(struct gate *gate);

/* Lets a client in as an undecided guest.  false if its host or network is
 * refused for now, which is counted; or if there are many more guests than it
 * is for.  An IPv4-mapped address is IPv4.  All peers that are neither IPv4 nor
 * IPv6 are one host, which is never refused. */
bool gate_enter(struct gate *gate, struct gate_guest *guest,
    const struct sockaddr_storage *peer, int64_t now);

/* It has said something sensible: it is the least idle one of its host from now
 * on. */
void gate_active(struct gate *gate, struct gate_guest *guest);

/* A worker takes it over: from now on it is the guest of `worker`, is not
 * evicted any more, and counts for gate_workers().  `worker` must not be inside
 * already.  No harm if `guest` is not. */
void gate_decide(
    struct gate *gate, struct gate_guest *guest, struct gate_guest *worker);

/* It is over, undecided or not; no harm if it is not inside. */
void gate_leave(struct gate *gate, struct gate_guest *guest);

/* Workers that its network holds. */
unsigned gate_workers(const struct gate_guest *guest);

/* The undecided guest that has to go next, or NULL if there is none. */
struct gate_guest *gate_victim(struct gate *gate);

/* Notes messages that were delivered, and recipients that there are not. */
void gate_note_good(struct gate *gate, const struct gate_guest *guest,
    unsigned messages, int64_t now);
void gate_note_bad(struct gate *gate, const struct gate_guest *guest,
    unsigned recipients, int64_t now);

/* Whether its host lately delivered good mail, and more of it than it asked for
 * unknown recipients. */
bool gate_is_known(const struct gate_guest *guest, int64_t now);

/* Appends what was refused since the last call, as "refused=N sources=N
 * worst=ADDRESS:N,..." with the worst eight; nothing if nothing was. */
void gate_summary(struct gate *gate, struct buf *text);

#endif
