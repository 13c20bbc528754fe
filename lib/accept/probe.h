/*
 * probe: whether the mail server of another node can be reached from here, as
 * a process of its own finds out.
 *
 * - It is up if one of its host's addresses greets with 220.  Any other
 *   greeting, none in time, a connection that is refused, and a name that leads
 *   nowhere is down: who brings us its mail will have met with the same.  That
 *   the name servers fail is down, too, for an owner's DNS is often at home
 *   with the rest.
 * - Only if we lack something, say a descriptor, nobody knows.
 * - The conversation is the greeting and QUIT (RFC 5321, section 4.1.1.10),
 *   which is said when the greeting has ended and not before.
 *
 * The loop and the process talk through a channel; what one sends is what the
 * other may not trust.
 */
#ifndef ACCEPT_PROBE_H
#define ACCEPT_PROBE_H

#include <stdint.h>

#include "base/buf.h"
#include "net/dns.h"

#define PROBE_OPEN_MAX 64     /* hosts at a time; of others nobody knows */
#define PROBE_ADDRESSES_MAX 4 /* of a host; more are not tried */
#define PROBE_WHY_MAX 160     /* octets of why a host is down */

/* Messages on the channel, and their kinds. */
enum {
	PROBE_ASK = 'P',   /* to the process: a question */
	PROBE_ANSWER = 'U' /* to the loop: an answer */
};

#define PROBE_QUESTION_MAX (8 + DNS_NAME_MAX) /* octets of the payloads */
#define PROBE_ANSWER_MAX (9 + PROBE_WHY_MAX)

struct probe_question {
	uint64_t serial; /* the answer bears it, too */
	char host[DNS_NAME_MAX + 1];
};

enum probe_state { PROBE_UP, PROBE_DOWN, PROBE_UNKNOWN };

struct probe_answer {
	uint64_t serial;
	enum probe_state state;
	struct span why; /* not PROBE_UP; printable */
};

/* Payloads.  Unpacking returns 0, or -1 if it is none; the text of an answer
 * points into its payload. */
void probe_pack_question(
    const struct probe_question *question, struct buf *payload);
int probe_unpack_question(struct probe_question *question, struct span payload);
void probe_pack_answer(const struct probe_answer *answer, struct buf *payload);
int probe_unpack_answer(struct probe_answer *answer, struct span payload);

struct probe_config {
	struct dns_config dns; /* its timeout is not more than wait */
	uint64_t port;
	uint64_t wait; /* ms for all of it */
};

/* The process: opens what it needs, confines itself, and answers what comes
 * through the channel until that is closed.  It is one thread, opens no file
 * after that, and leaves signals as they are. */
_Noreturn void probe_main(const struct probe_config *config, int channel);

#endif
