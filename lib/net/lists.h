/*
 * lists: which DNS lists (RFC 5782) are asked, and which of their answers count
 * how much.
 *
 * Only answers in 127.0.0.0/8 count, and never 127.255.255.0/24, by which
 * Spamhaus says that it does not answer whoever asks
 * (https://www.spamhaus.org/news/article/788/).
 */
#ifndef NET_LISTS_H
#define NET_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTS_MAX 32
#define LISTS_ENTRIES_MAX 64 /* of all lists together */
#define LISTS_NAME_MAX 189   /* leaves 64 octets for an IPv6 address */
#define LISTS_WEIGHT_MAX 100
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

#endif
