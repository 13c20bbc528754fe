/*
 * seen: what this node has received of its own mail from holders, so that it
 * is delivered once however many bring it, and in however many wrappings.
 *
 * A text file to which lines are appended:
 *
 *	ID TIME begun
 *	ID TIME done ONCE       ONCE: the frame's field, "-" if there is none
 *	ID TIME undone          it ended, and was not delivered
 *
 * with a lock (on the file PATH.lock) as long as one is being delivered, which
 * the stages hold, too: if we are killed they may go on a little.  A line
 * "begun" with nothing behind it is a delivery that nobody knows the end of:
 * what comes then has the field "again", and maildir-deliver(1) looks before it
 * delivers.
 *
 * The last line of a file may be cut by a crash; then it counts for nothing,
 * and what it would have said is in doubt.  From time to time the file is
 * written anew without what is settled or too old, and takes the old one's
 * place; others notice.
 */
#ifndef PEER_SEEN_H
#define PEER_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "queue/content.h"

#define SEEN_MAX 1000000 /* ids; then the oldest are dropped */
#define SEEN_KEEP 100000 /* ids that stay however old: clocks jump */
#define SEEN_ONCE_LEN 32 /* hexadecimal digits, lower case */

struct seen;

/* Opens (makes) it and reads what is there.  NULL with errno, EPERM if others
 * may write to it.  days: what is older is dropped. */
struct seen *seen_open(const char *path, uint64_t days);
void seen_free(struct seen *seen);

/* The descriptor that has the lock, for courier_start(). */
int seen_lock_fd(const struct seen *seen);

/* Takes the lock, waiting until the deadline, and reads what others have
 * added.  0, or -1 with errno ETIMEDOUT or the file's. */
int seen_lock(struct seen *seen, int64_t deadline);
void seen_unlock(struct seen *seen);

/* Leaves the lock to the stages that have been started with it, who may still
 * be at work: it is free when the last of them is gone.  The next ones get
 * another descriptor.  0, or -1 with errno. */
int seen_abandon(struct seen *seen);

/* Reads what others have added, without the lock: for a stage, whose pipeline
 * has it.  0, or -1 with errno. */
int seen_look(struct seen *seen);

/* Whether it was delivered, by content id or by "once"; whether there is a
 * delivery of unknown end; whether this one was begun before, and not
 * delivered. */
bool seen_has(const struct seen *seen, struct span id);
bool seen_has_once(const struct seen *seen, struct span once);
bool seen_in_doubt(const struct seen *seen);
bool seen_was_begun(const struct seen *seen, struct span id);

/* With the lock: appends a line; begun is on disk when it returns.  once may
 * be empty.  0, or -1 with errno. */
int seen_begun(struct seen *seen, struct span id, int64_t now);
int seen_done(struct seen *seen, struct span id, struct span once, int64_t now);
int seen_undone(struct seen *seen, struct span id, int64_t now);

/* Whether a text may be the field "once". */
bool seen_is_once(struct span text);

#endif
