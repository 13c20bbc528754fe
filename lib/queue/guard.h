/*
 * guard: whether the clock may decide that mail is too old.
 *
 * A Raspberry Pi has no clock that runs while it is off.  So nothing expires
 * while the clock is before the newest entry of the queue, nor for a day after
 * it has jumped by, or nobody has looked for, more than two.
 */
#ifndef QUEUE_GUARD_H
#define QUEUE_GUARD_H

#include "queue/queue.h"

#define GUARD_GAP (2 * 86400) /* seconds that nobody looked */
#define GUARD_CALM 86400      /* seconds without such a gap */

/* Looks at the clock and notes that it did, to be called at each pass; newest
 * is the time of the newest entry.  Whether entries may expire. */
bool guard_look(const struct queue *queue, int64_t now, int64_t newest);

#endif
