#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "accept/intake.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scan.h"
#include "mail/received.h"
#include "net/channel.h"

#define LATE_MS 5000 /* for the end of a pipeline that was killed */

static const char unavailable[] = "451 4.3.0 Try again later";

void
intake_init(struct intake *intake, const struct accept *accept, int channel)
{
	memset(intake, 0, sizeof(*intake));
	intake->accept = accept;
	intake->channel = channel;
	frame_init(&intake->frame);
	intake->frame.message.memory_max = accept->memory;
	intake->letter = malloc(CHANNEL_SIZE);
	if (intake->letter == NULL)
		fatal("out of memory");
}

void
intake_reset(struct intake *intake)
{
	frame_reset(&intake->frame);
	intake->failure = 0;
}

void
intake_add(struct intake *intake, struct span body)
{
	if (intake->failure == 0 &&
	    message_add(&intake->frame.message, body.p, body.len) < 0)
		intake->failure = errno;
}

/* Adds all recipients as fields.  If there is one only, *single is its
 * address. */
static int
add_recipients(
    struct frame *frame, const struct session *session, struct span *single)
{
	struct span line;
	struct scan scan;

	*single = (struct span){NULL, 0};
	scan_init(&scan, buf_span(&session->recipients));
	while (scan_peek(&scan) >= 0) {
		line = scan_until(&scan, '\n');
		if (frame_add(frame, "recipient", line) < 0)
			return -1;
		if (session->accepted == 1) {
			scan_init(&scan, line);
			scan_until(&scan, ' ');
			*single = scan_rest(&scan);
		}
	}
	return 0;
}

/* "score name=address ..." */
static int
add_lists(struct frame *frame, const struct visit *visit)
{
	char text[LISTS_TEXT_MAX + 16];

	snprintf(text, sizeof(text), "%d%s%s", visit->score,
	    visit->lists.len > 0 ? " " : "", buf_str(&visit->lists));
	return frame_add(frame, "lists", span_of(text));
}

/* The envelope and the trace line.  0, or -1 with errno. */
static int
fill_frame(
    struct frame *frame, const struct accept *accept, const struct visit *visit)
{
	char id[FRAME_ID_MAX], client[LISTEN_NAME_SIZE + 8], when[24];
	const struct session *session = &visit->session;
	struct buf trace = BUF_INIT(MESSAGE_TOP_MAX);
	char tls[TLS_NAME_SIZE];
	struct received received;
	time_t now = time(NULL);
	struct span single;
	int rc = -1;

	snprintf(id, sizeof(id), "%s-%u", visit->id, session->messages);
	snprintf(client, sizeof(client), "%s %u", visit->name, visit->port);
	snprintf(when, sizeof(when), "%" PRId64, (int64_t)now);
	stream_protocol(&visit->stream, tls);
	if (frame_add(frame, "id", span_of(id)) < 0 ||
	    frame_add(frame, "direction", span_of("inbound")) < 0 ||
	    frame_add(frame, "client", span_of(client)) < 0 ||
	    frame_add(frame, "helo", buf_span(&session->helo)) < 0 ||
	    (tls[0] != '\0' && frame_add(frame, "tls", span_of(tls)) < 0) ||
	    (visit->early && frame_add(frame, "early", span_of("yes")) < 0) ||
	    (accept->lists && add_lists(frame, visit) < 0) ||
	    frame_add(frame, "received-at", span_of(when)) < 0 ||
	    frame_add(frame, "node", buf_span(&session->node)) < 0 ||
	    frame_add(frame, "sender", buf_span(&session->sender)) < 0 ||
	    add_recipients(frame, session, &single) < 0)
		return -1;
	received = (struct received){.helo = buf_span(&session->helo),
	    .client = span_of(visit->name),
	    .host = span_of(accept->session.host),
	    .id = span_of(id),
	    .recipient = single,
	    .tls = tls[0] != '\0' ? tls : NULL,
	    .esmtp = session->esmtp,
	    .smtputf8 = session->smtputf8,
	    .when = now};
	received_format(&received, &trace);
	rc = message_prepend(&frame->message, buf_span(&trace));
	buf_free(&trace);
	return rc;
}

/* Asks the loop for a pipeline and waits for it.  fds are its ends.  0; or -1
 * if there is none, with the reply set. */
static int
borrow(struct intake *intake, int route, int fds[CHANNEL_FDS_MAX])
{
	char number = (char)('0' + route);
	ssize_t n;

	if (channel_send(intake->channel, ASK_PIPELINE,
		(struct span){&number, 1}, NULL, 0, 0) < 0)
		n = -1;
	else
		do
			n = channel_receive(
			    intake->channel, intake->letter, fds, 0);
		while (n < 0 && errno == EINTR);
	if (n > 0 && intake->letter[0] == TELL_PIPELINE && fds[0] >= 0 &&
	    fds[1] >= 0)
		return 0;
	snprintf(intake->reply, sizeof(intake->reply), "%.*s",
	    n > 1 ? (int)n - 1 : (int)sizeof(unavailable) - 1,
	    n > 1 ? intake->letter + 1 : unavailable);
	return -1;
}

static void
tell(const struct intake *intake, char kind)
{
	channel_send(intake->channel, kind, (struct span){NULL, 0}, NULL, 0, 0);
}

/* The reply that a verdict is to the client. */
static void
reply_of(struct intake *intake, const struct frame *verdict)
{
	const char *text = verdict->reply;

	switch (verdict->verdict) {
	case VERDICT_DONE:
		snprintf(intake->reply, sizeof(intake->reply),
		    "250 2.0.0 Ok %.*s", SPAN_ARG(frame_get(verdict, "id")));
		return;
	case VERDICT_PASS:
		warning("id=%.*s no stage took the message",
		    SPAN_ARG(frame_get(verdict, "id")));
		text = unavailable;
		break;
	default:
		break;
	}
	snprintf(intake->reply, sizeof(intake->reply), "%s", text);
}

/* Sends the frame and waits for the answer to begin.  0, or -1 after the loop
 * was told to kill the pipeline.  Even then its output is worth reading to the
 * end: a stage may have delivered, and said so, in the last moment. */
static int
converse(struct intake *intake, int to, struct io_in *in)
{
	int64_t deadline = clock_ms() + (int64_t)intake->accept->deadline;

	errno = 0;
	in->deadline = deadline;
	if (frame_write(&intake->frame, to, deadline) == 0 &&
	    io_in_fill(in, 1) > 0)
		return 0;
	warning("id=%.*s pipeline gives no verdict: %s",
	    SPAN_ARG(frame_get(&intake->frame, "id")),
	    errno == ETIMEDOUT ? "time is up" : "it ended");
	tell(intake, ASK_BREAK);
	in->deadline = clock_ms() + LATE_MS;
	return -1;
}

/* Has the message delivered by the pipeline of these ends; sets the reply. */
static void
deliver(struct intake *intake, const int fds[CHANNEL_FDS_MAX])
{
	struct span id = frame_get(&intake->frame, "id");
	bool alive, good;
	struct frame verdict;
	struct io_in in;

	frame_init(&verdict);
	io_in_init(&in, fds[1]);
	alive = converse(intake, fds[0], &in) == 0;
	good = frame_read(&verdict, &in) > 0 &&
	       span_eq(frame_get(&verdict, "id"), id);
	if (good)
		reply_of(intake, &verdict);
	else {
		snprintf(
		    intake->reply, sizeof(intake->reply), "%s", unavailable);
		if (alive)
			warning("id=%.*s pipeline gives a wrong answer",
			    SPAN_ARG(id));
	}
	if (alive)
		tell(
		    intake, good && in.pos == in.len ? ASK_RELEASE : ASK_BREAK);
	frame_free(&verdict);
	io_in_free(&in);
}

const char *
intake_finish(struct intake *intake, const struct visit *visit)
{
	int fds[CHANNEL_FDS_MAX], hops;

	hops = received_count(&intake->frame.message);
	if (hops >= INTAKE_HOPS_MAX)
		return "554 5.4.6 Too many hops";
	if (intake->failure == 0 &&
	    (hops < 0 || fill_frame(&intake->frame, intake->accept, visit) < 0))
		intake->failure = errno;
	if (intake->failure != 0) {
		warning("id=%s-%u message cannot be kept: %s", visit->id,
		    visit->session.messages, strerror(intake->failure));
		return intake->failure == ENOSPC ? "452 4.3.1 No space left"
						 : unavailable;
	}
	if (borrow(intake, visit->session.route, fds) < 0)
		return intake->reply;
	deliver(intake, fds);
	close(fds[0]);
	close(fds[1]);
	return intake->reply;
}
