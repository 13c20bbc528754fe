/*
 * lists: DNS block and allow lists (RFC 5782), asked by a process of its own.
 *
 * - A client's score is the sum of the weights of all entries that it is in.
 *   What does not answer, or is not to be believed, counts nothing.
 * - Only answers in 127.0.0.0/8 count, and never 127.255.255.0/24, by which
 *   Spamhaus says that it does not answer whoever asks
 *   (https://www.spamhaus.org/news/article/788/).
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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/dns.h"

#define LISTS_MAX 32
#define LISTS_ENTRIES_MAX 64 /* of all lists together */
#define LISTS_NAME_MAX 189   /* leaves 64 octets for an IPv6 address */
#define LISTS_WEIGHT_MAX 100
#define LISTS_OPEN_MAX 1000 /* questions at a time; others score 0 at once */
#define LISTS_TEXT_MAX 400  /* octets of the text of an answer */
#define LISTS_SILENT_MAX 3  /* answers missed in a row: it is silent */
#define LISTS_REASON_SIZE 192

/* What counts: that a list answers with an address of which each octet is in
 * the set of its place. */
struct lists_entry {
	size_t list;
	int weight;
	uint32_t octets[4][8]; /* sets of 256 bits */
};

struct lists {
	size_t count;
	char name[LISTS_MAX][LISTS_NAME_MAX + 1]; /* in lower case */
	size_t entry_count;
	struct lists_entry entries[LISTS_ENTRIES_MAX];
	char reason[LISTS_REASON_SIZE]; /* why lists_parse() failed */
};

/* Parses "NAME[=FILTER][*WEIGHT]" separated by commas or blanks, as Postfix
 * has them in postscreen_dnsbl_sites.  FILTER is four parts with dots between
 * them, each a number or "[a;b..c]" of numbers and ranges; without one every
 * answer that may count does.  WEIGHT is -100 to 100, 1 if it is not there.
 * A list may be named more than once; it is asked once.  0, or -1 with a reason
 * for the operator.  No list at all is no error. */
int lists_parse(struct lists *lists, const char *text);

/* Whether an answer with that address is one of the entry. */
bool lists_match(const struct lists_entry *entry, const uint8_t address[4]);

/* Whether it means that the list does not answer us. */
bool lists_is_refusal(const uint8_t address[4]);

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
