/*
 * moves: what a user has moved into the folder for junk of a Maildir++ and out
 * of it.
 *
 * A file in the Maildir, MOVES_FILE, says which messages were there last time
 * and whether among junk or not: lines "S unique" and "H unique", sorted, where
 * unique is the part of a file's name that stays when flags change.  Only
 * directories are read to compare it with what is there now.
 *
 * Some servers give a message that is moved a new name, so a message that is
 * new is a candidate too: what it says itself, and whether it was learned
 * before, tells then who has put it there.
 *
 * Folders whose name is on a list of patterns are not looked at (Trash, Sent),
 * and neither are messages with the flag T: what is thrown away changes
 * nothing.
 */
#ifndef LEARN_MOVES_H
#define LEARN_MOVES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "learn/model.h"

#define MOVES_FILE "pimail-learned"
#define MOVES_FOLDERS_MAX 10000
#define MOVES_MESSAGES_MAX 2000000 /* of a Maildir */
#define MOVES_FILE_MAX (512 << 20) /* octets of MOVES_FILE */

struct moves_item {
	const char *path;   /* below the Maildir */
	struct span unique; /* points into path */
	enum model_class class;
	bool is_new;  /* its name is */
	bool is_move; /* from the other class */
	/* Set by the caller: it is to be a candidate next time, too. */
	bool again;
};

struct moves {
	struct arena arena;
	struct buf list; /* of struct moves_item, by unique: all there are */
	struct buf old;  /* MOVES_FILE as it was */
	bool is_first;   /* there was none */
	int directory;
};

/* Finds them.  junk is the name of the folder, ignored the patterns of those
 * that do not count, with commas between; '*' at the end stands for anything.
 * Case does not matter.  The first time nothing is new unless all is.  0, or -1
 * with errno: ENOTDIR (no Maildir), EBADMSG (MOVES_FILE is damaged), EMSGSIZE
 * (there are too many). */
int moves_find(struct moves *moves, const char *maildir, const char *junk,
    const char *ignored, bool all);

size_t moves_count(const struct moves *moves);
struct moves_item *moves_get(const struct moves *moves, size_t i);

/* Writes MOVES_FILE, if it changes.  0, or -1 with errno. */
int moves_save(struct moves *moves);
void moves_free(struct moves *moves);

#endif
