/*
 * courier: frames through a pipeline of ours and their verdicts back, by one
 * process that waits for them.
 *
 * The first stage may be anything that leads to another host.  Several frames
 * may be on the way, if their answers fit into the pipes, so that writing and
 * waiting by turns cannot block each other: an answer has the fields of its
 * frame.
 */
#ifndef NET_COURIER_H
#define NET_COURIER_H

#include "mail/frame.h"
#include "net/pipeline.h"

#define COURIER_WINDOW 16
#define COURIER_OCTETS 32768     /* that their answers may have together */
#define COURIER_ANSWER (1 << 20) /* of a message in an answer, at most */

struct courier {
	struct pipeline pipeline;
	int in;           /* to the first stage; -1: there is none */
	struct io_in out; /* from the last */
};

/* Starts the stages.  name is for the log.  lock, if not -1, is a descriptor
 * that the stages have open, too (they keep a lock if we die).  0, or -1 with
 * errno, which was told. */
int courier_start(struct courier *courier, const struct proc_line *line,
    const char *name, int lock);

/* Writes a frame.  0, or -1 with errno; then the courier is of no more use. */
int courier_send(
    struct courier *courier, const struct frame *frame, int64_t deadline);

/* Reads the next answer, for the frame with that id.  0, or -1 with errno:
 * EPIPE (none comes any more), EBADMSG (cut, changed, or another frame's),
 * ETIMEDOUT; then the courier is of no more use. */
int courier_receive(struct courier *courier, struct span id,
    struct frame *answer, int64_t deadline);

/* Closes it: waits some seconds for the stages to leave, kills them if they do
 * not, or at once.  Every start needs it. */
void courier_end(struct courier *courier, bool kill);

#endif
