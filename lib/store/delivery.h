/*
 * delivery: one message into any number of Maildirs, all or none.
 *
 * All files are written and synced in tmp/ before the first is moved to new/.
 * If a move or the last sync fails, what was moved is taken away again; only
 * what a reader has moved on in that moment stays, and comes again when the
 * message does.
 *
 * Life: delivery_init(); for each message delivery_begin(), delivery_add() for
 * each recipient, delivery_run(); delivery_free().
 */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include "mail/frame.h"
#include "store/letter.h"
#include "store/maildir.h"
#include "store/place.h"

/* One file to write. */
struct delivery_target {
	char *home;          /* the Maildir's path */
	char *path;          /* the same text, or that of a folder in it */
	struct span address; /* for Delivered-To; p is NULL: no header */
	uint64_t octets;     /* of the file */
	bool there;          /* it was there before: nothing is to be done */
	struct maildir_file file;
};

struct delivery {
	struct maildirs maildirs;
	uint64_t quota; /* octets a Maildir may hold; 0: any number */
	size_t base;    /* octets of each path that the operator wrote */
	bool again;     /* some targets may have it */
	size_t count;
	size_t now; /* the target that is worked on, or has failed */
	struct delivery_target target[FRAME_RECIPIENTS_MAX];
};

void delivery_init(struct delivery *delivery, bool sync, uint64_t quota);
void delivery_free(struct delivery *delivery);

/* Drops the targets of the message before.  base: see maildir_open(). */
void delivery_begin(struct delivery *delivery, size_t base);

/* The message has a mark, see maildirs_once(); again: it may have been
 * delivered to some, and if a Maildir or a folder in it has it, it counts as
 * delivered. False if it is no mark. */
bool delivery_once(struct delivery *delivery, struct span once, bool again);

/* Adds a file for the Maildir at path, which is made if it is not there.
 * 0, or -1 with errno of maildir_open(). */
int delivery_add(
    struct delivery *delivery, const char *path, struct span address);

/* Turns the file that was added last to a folder.  0, or -1 with errno; then
 * it still goes to the Maildir itself. */
int delivery_folder(
    struct delivery *delivery, struct span folder, enum maildir_make make);

/* Drops the file that was added last if its directory has one already. */
void delivery_merge(struct delivery *delivery);

/* Writes the letter to all.  sender is for Return-Path.  0; 1 if the mailbox
 * of delivery->now is full; -1 with errno.  Unless 0 nothing is delivered. */
int delivery_run(
    struct delivery *delivery, const struct letter *letter, struct span sender);

#endif
