/*
 * lists: DNS block and allow lists (RFC 5782) of clients, asked by a process of
 * its own.
 *
 * - A client's score is the sum of the weights of all entries that it is in.
 *   What does not answer, or is not to be believed, counts nothing.
 * - A list that has 127.0.0.1 on it has everybody on it (RFC 5782, section 5):
 *   so do domains that nobody owns any more.  It is not used until that ends.
 * - A list that is silent is left alone for a while, so that nobody waits for
 *   it; then the next client's question tells whether it is back, and not even
 *   that client waits.
 *
 * The loop and the process talk through a channel; what one sends is what the
 * other may not trust.
 */
#ifndef ACCEPT_LISTS_H
#define ACCEPT_LISTS_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/dns.h"
#include "net/lists.h"

#define LISTS_OPEN_MAX 1000 /* questions at a time; others score 0 at once */
#define LISTS_TEXT_MAX 400  /* octets of the text of an answer */
#define LISTS_SILENT_MAX 3  /* answers missed in a row: it is silent */

/* Messages on the channel, and their kinds. */
enum {
	LISTS_ASK = 'L',   /* to the process: a question */
	LISTS_ANSWER = 'A' /* to the loop: an answer */
};

#define LISTS_QUESTION_SIZE 25 /* octets of the payload */
#define LISTS_ANSWER_MAX (12 + LISTS_TEXT_MAX)

struct lists_question {
	uint64_t serial; /* the answer bears it, too */
	uint8_t family;  /* 4 or 6 */
	uint8_t address[16];
};

struct lists_answer {
	uint64_t serial;
	int32_t score;
	struct span text; /* "NAME=ADDRESS" of each hit, with blanks between */
};

/* About that client; an IPv4-mapped address is IPv4.  0, or -1 if it has no
 * address of either family. */
int lists_question(struct lists_question *question, uint64_t serial,
    const struct sockaddr_storage *peer);

/* The name to ask list for (RFC 5782, sections 2.1 and 2.4). */
void lists_query(const struct lists_question *question, const char *list,
    char name[DNS_NAME_MAX + 1]);

/* Payloads.  Unpacking returns 0, or -1 if it is none; the text of an answer
 * points into its payload. */
void lists_pack_question(
    const struct lists_question *question, char payload[LISTS_QUESTION_SIZE]);
int lists_unpack_question(struct lists_question *question, struct span payload);
void lists_pack_answer(const struct lists_answer *answer, struct buf *payload);
int lists_unpack_answer(struct lists_answer *answer, struct span payload);

struct lists_config {
	struct dns_config dns; /* its timeout is that of an answer, too */
	uint64_t rest;         /* ms that a silent list is left alone */
	uint64_t test;         /* ms from one test for 127.0.0.1 to the next */
};

#define LISTS_REST_MS 60000
#define LISTS_TEST_MS 3600000

/* The process: opens what it needs, calls confine(), tests all lists, and then
 * answers what comes through the channel until that is closed.  An answer that
 * the loop does not take is dropped.  It is one thread, opens no file after
 * confine(), and leaves signals as they are. */
_Noreturn void lists_main(const struct lists *lists,
    const struct lists_config *config, int channel, void (*confine)(void));

#endif
