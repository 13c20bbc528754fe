/*
 * print: what is in a queue, as text for people and scripts; see relay-ls(1).
 *
 * All goes to standard output by stdio, whose errors are the caller's to ask
 * for.  Names and fields come from others: nothing is printed that a terminal
 * would take for a command.
 */
#ifndef QUEUE_PRINT_H
#define QUEUE_PRINT_H

#include "queue/listing.h"
#include "queue/schedule.h"

#define PRINT_AGE_SIZE 24
#define PRINT_LINES_MAX 2000     /* of a message's header */
#define PRINT_LATEST (7 * 86400) /* seconds; the longest pause of a runner */

/* Sums over destinations. */
struct print_sum {
	uint64_t messages;
	uint64_t octets;
	uint64_t held;
	int64_t oldest; /* the time of the first that came, if there is one */
};

/* "42s", "17m", "5h", "3d". */
const char *print_age(int64_t seconds, char text[PRINT_AGE_SIZE]);

/* A line about an entry: id, destination, octets, age, peer, state, copies,
 * with a TAB between them; of the id so many digits. */
void print_entry(const struct destination *destination,
    const struct listed *item, int digits, const char *state, int64_t now);

/* The fields of an entry's frame and the header of its message.  frame is for
 * use meanwhile.  0, or -1 with errno. */
int print_header(const struct destination *destination,
    const struct listed *item, struct frame *frame);

/* A line about a destination: name, messages, octets, how many are held, age of
 * the oldest, next attempt, failures, what the last one was; and adds it up. */
void print_destination(const struct destination *destination,
    const struct listing *listing, int64_t now, struct print_sum *sum);

/* The same for all, under the name "-". */
void print_total(const struct print_sum *sum, int64_t now);

#endif
