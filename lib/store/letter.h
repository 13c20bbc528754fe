/*
 * letter: a message as it goes to disk.
 *
 * Lines end in LF there: CRLF becomes LF, a CR by itself stays.  Return-Path
 * fields of the message's own header are left out, since the delivering
 * system puts its own on top (RFC 5321 4.4).  All other octets stay as they
 * are.  Only the header block is looked at, and of it at most the first
 * LETTER_FRONT octets; what is behind them is body to us.
 *
 * Life: letter_init(), letter_open() for each message, letter_free().
 */
#ifndef STORE_LETTER_H
#define STORE_LETTER_H

#include "mail/message.h"

#define LETTER_FRONT (1 << 20) /* octets, held in memory at once */
#define LETTER_HOPS_MAX 100    /* Delivered-To fields; more are a loop */

struct letter_size {
	uint64_t octets; /* as it is on disk */
	uint64_t wire;   /* with every line end as CRLF, as IMAP sends it */
	char last;       /* octet that was counted */
};

struct letter {
	const struct message *message; /* the caller's */
	struct buf text;               /* the front, as on disk */
	uint64_t rest;                 /* where in the message the rest is */
	bool cr; /* the front ended in a CR, not in text yet */
	struct letter_size size;
	struct buf delivered; /* values of Delivered-To, each with a LF */
	unsigned hops;        /* how many there are */
};

void letter_init(struct letter *letter);
void letter_free(struct letter *letter);

/* Takes a message, which must stay as it is while the letter is in use.  raw
 * leaves its Return-Path fields where they are.  0, or -1 with errno (of the
 * message's file). */
int letter_open(struct letter *letter, const struct message *message, bool raw);

/* Whether the message was delivered to that address before, or was delivered
 * so often that it is on a round trip. */
bool letter_loops(const struct letter *letter, struct span address);

/* Adds octets to what is counted. */
void letter_count(struct letter_size *size, struct span octets);

/* Writes head and letter.  0, or -1 with errno. */
int letter_write(const struct letter *letter, struct span head, int fd);

#endif
