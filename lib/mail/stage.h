/*
 * stage: the loop that every filter runs.
 *
 * A stage reads frames from standard input until end of file, works on those
 * whose verdict is still pass, and writes every one to standard output before
 * it reads the next.  Input that is no frame is one raw message (unless the
 * stage wants none): then the output is the message, and the exit status the
 * verdict.
 */
#ifndef MAIL_STAGE_H
#define MAIL_STAGE_H

#include <stdbool.h>

#include "mail/frame.h"

struct stage {
	/* Works on one frame: looks, prepends, gives a verdict.  A raw message
	 * comes as a frame without fields. */
	void (*work)(struct frame *frame, void *arg);
	void *arg;
	bool takes_raw;     /* else raw input ends the program with 111 */
	bool keeps_message; /* raw output is the message if it passes */
	int raw_done;       /* exit status for raw input that is done */
};

/* Runs until end of file and returns the exit status: the worst verdict, 111
 * before 100 before 0; 111 too if there was no frame at all, a frame that is
 * cut or wrong, or output that cannot be written (said on standard error). */
int stage_run(const struct stage *stage);

#endif
