#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "node/mx.h"
#include "node/nodes.h"
#include "peer/accepter.h"
#include "peer/parcel.h"

#define BUSY "451 4.3.0 Cannot take it now"
#define NOT_HERE "550 5.7.1 Not kept here"

static void
tell(const struct accepter *accepter, const struct arrival *arrival,
    const char *content, const struct frame *answer)
{
	event("id=%s peer=%s node=%s content=%s verdict=%s%s%s%s", arrival->id,
	    accepter->peer, arrival->node[0] != '\0' ? arrival->node : "-",
	    content, frame_verdict_name(answer->verdict),
	    answer->reply[0] != '\0' ? " reply='" : "", answer->reply,
	    answer->reply[0] != '\0' ? "'" : "");
}

/* Makes what a pipeline has said our answer.  Nobody took what is still
 * passed. */
static void
take_answer(struct frame *answer, const struct frame *said)
{
	if (said->verdict == VERDICT_PASS)
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	else
		frame_verdict(answer, said->verdict, said->reply);
}

/* Writes down how it ended.  That it is done need not be written: then it is
 * in doubt, and is looked for when it comes again. */
static void
settle(struct accepter *accepter, struct span content, const struct frame *said)
{
	struct span once = frame_get(said, "once");
	int64_t now = (int64_t)time(NULL);
	int rc;

	if (!seen_is_once(once))
		once = (struct span){NULL, 0};
	rc = said->verdict == VERDICT_DONE
		 ? seen_done(accepter->seen, content, once, now)
		 : seen_undone(accepter->seen, content, now);
	if (rc < 0)
		warning("cannot write down what was seen: %s", strerror(errno));
}

/* With the lock: gives mail of ours to its pipeline. */
static void
deliver(struct accepter *accepter, struct frame *frame, struct span content,
    struct frame *answer)
{
	struct seen *seen = accepter->seen;
	struct frame said;

	if (seen_in_doubt(seen) || seen_was_begun(seen, content))
		frame_add(frame, "again", span_of("yes"));
	if (seen_begun(seen, content, (int64_t)time(NULL)) < 0) {
		warning("cannot write down what is seen: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
		return;
	}
	frame_init(&said);
	if (outlet_ask(&accepter->own, frame, &said, seen_lock_fd(seen),
		accepter->answer_wait) == 0) {
		settle(accepter, content, &said);
		take_answer(answer, &said);
	} else {
		/* a stage may still be at work, for a moment */
		if (seen_abandon(seen) < 0)
			fatal("cannot open the lock: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	}
	frame_free(&said);
}

static void
take_own(struct accepter *accepter, struct frame *frame, struct span content,
    struct frame *answer)
{
	if (seen_lock(accepter->seen,
		clock_ms() + (int64_t)accepter->lock_wait) < 0) {
		warning("cannot see what was seen: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
		return;
	}
	if (seen_has(accepter->seen, content))
		frame_verdict(answer, VERDICT_DONE, NULL);
	else
		deliver(accepter, frame, content, answer);
	seen_unlock(accepter->seen);
}

/* Whether we keep mail of that node. */
static bool
is_kept_here(const struct accepter *accepter, const struct member *owner)
{
	return accepter->other.name != NULL && owner != NULL &&
	       mx_may_store(owner->manifest, accepter->nodes->self->manifest);
}

static void
take_other(struct accepter *accepter, const struct arrival *arrival,
    struct frame *answer)
{
	const struct member *owner;
	struct frame said;

	owner = nodes_find(accepter->nodes, arrival->node);
	if (!is_kept_here(accepter, owner)) {
		if (owner == NULL && accepter->nodes->incomplete)
			frame_verdict(answer, VERDICT_DEFER, BUSY);
		else
			frame_verdict(answer, VERDICT_REJECT, NOT_HERE);
		return;
	}
	frame_init(&said);
	if (outlet_ask(&accepter->other, &arrival->frame, &said, -1,
		accepter->answer_wait) == 0)
		take_answer(answer, &said);
	else
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	frame_free(&said);
}

static void
take_mail(struct accepter *accepter, struct arrival *arrival,
    char content[CONTENT_ID_SIZE], struct frame *answer)
{
	struct frame *frame = &arrival->frame;

	if (content_id(&frame->message, (struct span){NULL, 0}, content) < 0 ||
	    frame_add(frame, "from", span_of(accepter->peer)) < 0) {
		warning("cannot read a message: %s", strerror(errno));
		frame_verdict(answer, VERDICT_DEFER, BUSY);
	} else if (strcmp(arrival->node, accepter->self) == 0)
		take_own(accepter, frame, span_of(content), answer);
	else
		take_other(accepter, arrival, answer);
}

/* Answers with our manifest if it is newer than the peer's. */
static void
take_hello(const struct accepter *accepter, const struct arrival *arrival,
    struct frame *answer)
{
	const struct manifest *self = accepter->nodes->self->manifest;
	struct buf files = BUF_INIT(PARCEL_MAX), text = BUF_INIT(PARCEL_MAX);
	struct parcel parcel;

	if (strcmp(arrival->node, accepter->self) != 0)
		frame_verdict(
		    answer, VERDICT_REJECT, "550 5.7.1 Another node is here");
	else if (self->serial <= arrival->serial ||
		 parcel_load(&parcel, accepter->dir, accepter->self, &files) <
		     0 ||
		 !parcel_write(&parcel, &text) ||
		 message_add(&answer->message, text.p, text.len) < 0)
		frame_verdict(answer, VERDICT_DONE, NULL);
	buf_free(&files);
	buf_free(&text);
}

/* Works on one frame and answers it.  Returns the status of the answer, or -1
 * with errno if it cannot be written. */
static int
work(struct accepter *accepter, struct arrival *arrival)
{
	char content[CONTENT_ID_SIZE] = "-";
	struct frame answer;
	int status;

	if (arrival->dropped && !accepter->told) {
		info("peer '%s' sends fields that are dropped", accepter->peer);
		accepter->told = true;
	}
	frame_init(&answer);
	frame_add(&answer, "id", span_of(arrival->id));
	if (arrival->kind == ARRIVAL_HELLO)
		take_hello(accepter, arrival, &answer);
	else if (arrival->kind == ARRIVAL_MAIL)
		take_mail(accepter, arrival, content, &answer);
	else
		frame_verdict(&answer, arrival->verdict, arrival->reply);
	tell(accepter, arrival, content, &answer);
	status = frame_status(&answer);
	if (frame_write(&answer, accepter->out,
		clock_ms() + (int64_t)accepter->answer_wait) < 0)
		status = -1;
	frame_free(&answer);
	return status;
}

static const char *
reason(int error)
{
	switch (error) {
	case EBADMSG:
		return "a frame is cut or changed";
	case EMSGSIZE:
		return "a frame is over a limit";
	case EDQUOT:
		return "it sends too much";
	default:
		return strerror(error);
	}
}

int
accepter_serve(struct accepter *accepter, struct arrivals *arrivals)
{
	int status, worst = STATUS_OK, n;
	struct arrival arrival;

	arrival_init(&arrival);
	while ((n = arrival_next(arrivals, &arrival)) > 0) {
		status = work(accepter, &arrival);
		if (status < 0) {
			n = -1;
			break;
		}
		if (status > worst)
			worst = status;
	}
	if (n < 0)
		info("peer '%s': %s", accepter->peer, reason(errno));
	arrival_free(&arrival);
	return n < 0 ? STATUS_DEFER : worst;
}
