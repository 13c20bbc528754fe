#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "mail/stage.h"

static int
worse(int a, int b)
{
	return a > b ? a : b;
}

static int
run_raw(const struct stage *stage, struct frame *frame, struct io_in *in)
{
	if (!stage->takes_raw) {
		warning("input is not a frame");
		return STATUS_DEFER;
	}
	if (message_take(&frame->message, in) < 0) {
		warning("cannot read the message: %s", strerror(errno));
		return STATUS_DEFER;
	}
	stage->work(frame, stage->arg);
	if (frame->verdict == VERDICT_PASS && stage->keeps_message &&
	    message_write(&frame->message, STDOUT_FILENO, CLOCK_NEVER) < 0) {
		warning("cannot write the message: %s", strerror(errno));
		return STATUS_DEFER;
	}
	if (frame->reply[0] != '\0')
		info("%s %s", frame_verdict_name(frame->verdict), frame->reply);
	return frame->verdict == VERDICT_DONE ? stage->raw_done
					      : frame_status(frame);
}

static int
run_frames(const struct stage *stage, struct frame *frame, struct io_in *in)
{
	int n, status = STATUS_OK;

	while ((n = frame_read(frame, in)) > 0) {
		if (frame->verdict == VERDICT_PASS)
			stage->work(frame, stage->arg);
		if (frame_write(frame, STDOUT_FILENO, CLOCK_NEVER) < 0) {
			warning("cannot write a frame: %s", strerror(errno));
			return STATUS_DEFER;
		}
		status = worse(status, frame_status(frame));
	}
	if (n < 0) {
		warning("cannot read a frame: %s",
		    errno == EBADMSG ? "cut or changed" : strerror(errno));
		return STATUS_DEFER;
	}
	return status;
}

int
stage_run(const struct stage *stage)
{
	struct frame frame;
	struct io_in in;
	int status;

	frame_init(&frame);
	io_in_init(&in, STDIN_FILENO);
	switch (frame_is_next(&in)) {
	case 1:
		status = run_frames(stage, &frame, &in);
		break;
	case 0:
		status = run_raw(stage, &frame, &in);
		break;
	default:
		warning("no input%s%s", errno != 0 ? ": " : "",
		    errno != 0 ? strerror(errno) : "");
		status = STATUS_DEFER;
	}
	if (io_close_stdout() < 0) {
		warning("cannot close standard output: %s", strerror(errno));
		status = STATUS_DEFER;
	}
	frame_free(&frame);
	io_in_free(&in);
	return status;
}
