/*
 * queue: frames that wait for their destination, one file each; see
 * relay-put(1).
 *
 *	DIR/.queue            "pimail-queue 1"
 *	DIR/.clock            see guard.h
 *	DIR/NAME/             a destination: a node, or a domain
 *	DIR/NAME/ID           an entry: a whole frame, verdict pass
 *	DIR/NAME/ID.held      one that is held
 *	DIR/NAME/ID.copies    the peers that have a copy, a line each
 *	DIR/NAME/.state       see schedule.h
 *	DIR/NAME/.lock        of the runner that works on it
 *	DIR/NAME/.ID.new      being written, locked by who writes it
 *
 * ID is a content id: no peer and no client can choose a name.  An entry has
 * its name when it is whole and on disk; a crash at any point leaves it or
 * leaves it not.  Nothing here trusts a name that it reads back: what is not
 * of the form above is left alone.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <dirent.h>
#include <stdbool.h>
#include <time.h>

#include "mail/frame.h"
#include "queue/content.h"

#define QUEUE_VERSION "pimail-queue 1\n"
#define QUEUE_NAME_MAX 255          /* octets of a destination's name */
#define QUEUE_COPIES_MAX (64 << 10) /* octets of a list of copies */

struct queue {
	int dir;
	const char *path; /* the caller's, for messages */
};

struct destination {
	int dir;
	char name[QUEUE_NAME_MAX + 1];
};

struct entry {
	char id[CONTENT_ID_SIZE];
	bool held;
};

/* A walk over a directory. */
struct queue_walk {
	DIR *dir;
};

/* Opens a queue; make: makes it, the last directory too, if it is not there.
 * 0; -1 with errno: EPERM if others may write to it, EACCES if it is to be
 * made or written to and is not our own, EPROTO if it is a queue of another
 * version, or no queue and not empty. */
int queue_open(struct queue *queue, const char *path, bool make);
/* What such an errno means, in words. */
const char *queue_reason(int error);
void queue_close(struct queue *queue); /* errno stays as it is */

/* Whether a text may be the name of a destination: letters, digits and
 * "._-:[]", not beginning with '.' or '-'. */
bool queue_is_name(struct span text);

/* Where a frame is to go: its node if it has no recipient, else the domain of
 * its first recipient, in lower case.  0, or -1 if there is none. */
int queue_destination(const struct frame *frame, char name[QUEUE_NAME_MAX + 1]);

/* The name of a frame's entry: the id of the message alone if it has no
 * recipient (it is sealed, and all holders call it so), else that of fields
 * and message.  0, or -1 with errno. */
int queue_entry_id(const struct frame *frame, char id[CONTENT_ID_SIZE]);

/* 0; -1 with errno, ENOENT if it is not there and not to be made. */
int destination_open(const struct queue *queue, struct span name, bool make,
    struct destination *destination);
void destination_close(struct destination *destination); /* the same */

/* Takes the lock of who works on it, which is let go when fd is closed by all
 * who have it.  Returns the descriptor (close-on-exec); -1 with errno,
 * EWOULDBLOCK if somebody else has it. */
int destination_lock(const struct destination *destination);

/* Puts a frame there as the entry of that id, and on disk.  0; 1 if there is
 * such an entry already, held or not, which is on disk then; -1 with errno, and
 * there is nothing left of it. */
int destination_put(const struct destination *destination, const char *id,
    const struct frame *frame);

/* The names in a queue that may be destinations, in no order.  0, or -1 with
 * errno.  The next one: true, its name good until the next call. */
int queue_walk(struct queue_walk *walk, const struct queue *queue);
bool queue_walk_next(struct queue_walk *walk, struct span *name);

/* The same for the entries of a destination; both forget a walk with _end. */
int destination_walk(
    struct queue_walk *walk, const struct destination *destination);
bool destination_walk_next(struct queue_walk *walk, struct entry *entry);
void queue_walk_end(struct queue_walk *walk);

/* Whether there is an entry that is not held. */
bool destination_has_entries(const struct destination *destination);

/* Of an entry.  0, or -1 with errno (ENOENT: somebody has taken it away). */
struct stat;
int entry_stat(const struct destination *destination, const struct entry *entry,
    struct stat *st);
/* The whole frame; EBADMSG if it is damaged. */
int entry_read(const struct destination *destination, const struct entry *entry,
    struct frame *frame);
/* Its fields only, without a look at the rest. */
int entry_fields(const struct destination *destination,
    const struct entry *entry, struct frame *frame);
/* As it is, for reading.  Returns the descriptor. */
int entry_open(
    const struct destination *destination, const struct entry *entry);
/* Finds one by its id. */
int entry_find(
    const struct destination *destination, struct span id, struct entry *entry);

int entry_remove(
    const struct destination *destination, const struct entry *entry);
int entry_hold(const struct destination *destination, struct entry *entry);
int entry_release(const struct destination *destination, struct entry *entry);

/* The peers that have a copy, names with a LF each, and one more. */
int entry_copies(const struct destination *destination,
    const struct entry *entry, struct buf *names);
int entry_copied(const struct destination *destination,
    const struct entry *entry, const char *peer);

/* Removes what a writer that has died left there, and lists of copies without
 * an entry. */
void destination_clean(const struct destination *destination);

#endif
