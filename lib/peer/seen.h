/*
 * seen: what this node has received of its own mail from holders, so that it
 * is delivered once however many bring it, and in however many wrappings.
 *
 * A text file to which lines are appended:
 *
 *	ID TIME begun
 *	ID TIME done ONCE       ONCE: the frame's field, "-" if there is none
 *
 * with a lock on it as long as one is being delivered, which the stages hold,
 * too: if we are killed they may go on a little.  A line "begun" with no "done"
 * behind is a delivery that nobody knows the end of: what comes then has the
 * field "again", and maildir-deliver(1) looks before it delivers.
 */
#ifndef PEER_SEEN_H
#define PEER_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "queue/content.h"

struct seen;

/* Opens (makes) it.  NULL with errno.  days: older lines are dropped. */
struct seen *seen_open(const char *path, uint64_t days);
void seen_free(struct seen *seen);

/* The descriptor that has the lock, for courier_start(). */
int seen_lock_fd(const struct seen *seen);

/* Takes the lock, waiting until the deadline, and reads what others have
 * added.  0, or -1 with errno ETIMEDOUT or the file's. */
int seen_lock(struct seen *seen, int64_t deadline);
void seen_unlock(struct seen *seen);

/* With the lock.  Whether it was delivered, by content id or by "once"; whether
 * there is a delivery of unknown end. */
bool seen_has(const struct seen *seen, struct span id);
bool seen_has_once(const struct seen *seen, struct span once);
bool seen_in_doubt(const struct seen *seen);

/* Appends a line; begun is on disk when it returns.  0, or -1 with errno. */
int seen_begun(struct seen *seen, struct span id, int64_t now);
int seen_done(struct seen *seen, struct span id, struct span once, int64_t now);
/* It ended, and it was not delivered. */
int seen_undone(struct seen *seen, struct span id, int64_t now);

#endif
