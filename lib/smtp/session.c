#include <errno.h>
#include <stdint.h>

#include "base/scan.h"
#include "smtp/command.h"
#include "smtp/reply.h"
#include "smtp/session.h"
#include "smtp/text.h"

#define RECIPIENTS_SIZE (512 << 10) /* octets of all recipients */

void
session_init(struct session *session, const struct session_config *config)
{
	memset(session, 0, sizeof(*session));
	session->config = config;
	buf_init(&session->line, SESSION_LINE_MAX);
	buf_init(&session->helo, ADDRESS_DOMAIN_MAX);
	buf_init(&session->sender, 2 * ADDRESS_PATH_MAX);
	buf_init(&session->node, 2 * ADDRESS_PATH_MAX);
	buf_init(&session->recipients, RECIPIENTS_SIZE);
}

void
session_free(struct session *session)
{
	buf_free(&session->line);
	buf_free(&session->helo);
	buf_free(&session->sender);
	buf_free(&session->node);
	buf_free(&session->recipients);
}

void
session_greet(struct session *session, struct session_io *io)
{
	buf_addf(&io->out, "220 %s ESMTP pimail\r\n", session->config->host);
}

void
session_reset(struct session *session)
{
	session->mail = false;
	session->smtputf8 = false;
	session->chunked = false;
	session->chunk_last = false;
	session->text = TEXT_BEGIN;
	session->fate = FATE_GOOD;
	session->octets = 0;
	session->accepted = 0;
	buf_reset(&session->sender);
	buf_reset(&session->node);
	buf_reset(&session->recipients);
}

void
session_end(struct session *session, struct session_io *io, const char *text)
{
	if (session->state == STATE_CLOSED)
		return;
	session->state = STATE_CLOSED;
	buf_addf(&io->out, "421 %s\r\n", text);
}

/* A 5xx reply after which nothing that the client sends can be trusted. */
static enum session_event
break_off(struct session *session, struct session_io *io, const char *text)
{
	session->state = STATE_CLOSED;
	session->errors++;
	buf_addf(&io->out, "%s\r\n", text);
	return SESSION_CLOSE;
}

/* A whole command line, without its line end, as a span; it may lie in the
 * input or in session->line.  1, 0 if it has not ended yet, -1 if the session
 * is closed. */
static int
take_line(struct session *session, struct session_io *io, struct span *line)
{
	size_t taken;
	char *lf;

	lf = memchr(io->in, '\n', io->in_len);
	taken = lf != NULL ? (size_t)(lf - io->in) + 1 : io->in_len;
	*line = (struct span){io->in, taken};
	if (session->line.len > 0 || lf == NULL) {
		if (!buf_add(&session->line, io->in, taken)) {
			break_off(session, io, "500 5.5.2 Line too long");
			return -1;
		}
		*line = buf_span(&session->line);
	}
	io->in += taken;
	io->in_len -= taken;
	if (lf == NULL)
		return 0;
	line->len--;
	if (line->len == 0 || line->p[line->len - 1] != '\r' ||
	    memchr(line->p, '\r', line->len) != line->p + line->len - 1) {
		break_off(session, io, "500 5.5.2 Bare CR or LF");
		return -1;
	}
	line->len--;
	return 1;
}

/* Whether RCPT comes next, as far as there is anything to see. */
static bool
is_recipient_next(const struct session *session, const struct session_io *io)
{
	struct span have = buf_span(&session->line);
	char verb[4];
	size_t i;

	for (i = 0; i < sizeof(verb); i++)
		if (i < have.len)
			verb[i] = have.p[i];
		else if (i - have.len < io->in_len)
			verb[i] = io->in[i - have.len];
		else
			return false;
	return span_ieq(
	    (struct span){verb, sizeof(verb)}, (struct span){"RCPT", 4});
}

static enum session_event
step_command(struct session *session, struct session_io *io)
{
	enum session_event event;
	struct span line;
	int rc;

	if (session->hold && is_recipient_next(session, io))
		return SESSION_HOLD;
	rc = take_line(session, io, &line);
	if (rc <= 0)
		return rc < 0 ? SESSION_CLOSE : SESSION_MORE;
	session->commands++;
	event = command_run(session, io, line);
	if (session->line.cap > 0)
		buf_free(&session->line);
	return event;
}

/* All octets of the message are here, or were swallowed. */
static enum session_event
end_of_message(struct session *session, struct session_io *io)
{
	enum session_fate fate = session->fate;

	if (fate == FATE_GOOD) {
		session->state = STATE_WAIT;
		session->messages++;
		return SESSION_MESSAGE;
	}
	session->state = STATE_COMMAND;
	session_reset(session);
	if (fate == FATE_TOO_BIG)
		reply(session, io, "552 5.3.4 Message too big");
	return SESSION_MORE;
}

/* What came of the text: counts it, and hands the body out unless nobody wants
 * it any more. */
static enum session_event
took_text(struct session *session, struct session_io *io, size_t octets,
    enum text_result result)
{
	if (result == TEXT_BARE)
		return break_off(
		    session, io, "550 5.5.2 Bare CR or LF in the message");
	session->octets += octets;
	if (session->octets > session->config->size_max &&
	    session->fate == FATE_GOOD)
		session->fate = FATE_TOO_BIG;
	if (session->octets > SESSION_SWALLOW_MAX(session))
		return break_off(session, io, "552 5.3.4 Message too big");
	if (result == TEXT_END)
		session->state = STATE_END;
	return io->body.len > 0 && session->fate == FATE_GOOD ? SESSION_BODY
							      : SESSION_MORE;
}

static enum session_event
step_data(struct session *session, struct session_io *io)
{
	enum text_result result;
	size_t octets;

	result = text_take_data(
	    &session->text, &io->in, &io->in_len, &io->body, &octets);
	return took_text(session, io, octets, result);
}

/* A chunk has ended; RFC 3030 wants a reply to each. */
static enum session_event
end_of_chunk(struct session *session, struct session_io *io)
{
	if (!session->chunked) { /* it was no part of a transaction */
		session->fate = FATE_GOOD;
		session->state = STATE_COMMAND;
		return SESSION_MORE;
	}
	if (session->chunk_last) {
		if (session->text == TEXT_CR)
			return break_off(session, io,
			    "550 5.5.2 Bare CR or LF in the message");
		session->state = STATE_END;
		return SESSION_MORE;
	}
	session->state = STATE_COMMAND;
	if (session->fate == FATE_GOOD)
		reply(session, io, "250 2.0.0 Chunk received");
	else if (session->fate == FATE_TOO_BIG) {
		session->fate = FATE_REFUSED;
		reply(session, io, "552 5.3.4 Message too big");
	}
	return SESSION_MORE;
}

static enum session_event
step_chunk(struct session *session, struct session_io *io)
{
	enum text_result result;
	size_t len, left, octets;

	if (session->left == 0)
		return end_of_chunk(session, io);
	len = session->left < io->in_len ? (size_t)session->left : io->in_len;
	session->left -= len;
	io->in_len -= len;
	left = len;
	io->body = (struct span){io->in, 0};
	if (session->fate == FATE_REFUSED) {
		io->in += len;
		return SESSION_MORE;
	}
	result =
	    text_take_chunk(&session->text, &io->in, &left, &io->body, &octets);
	return took_text(session, io, octets, result);
}

enum session_event
session_step(struct session *session, struct session_io *io)
{
	enum session_event event = SESSION_MORE;

	while (event == SESSION_MORE) {
		if (session->state == STATE_CLOSED)
			return SESSION_CLOSE;
		if (session->state == STATE_END) {
			event = end_of_message(session, io);
			continue;
		}
		if (io->in_len == 0 &&
		    !(session->state == STATE_CHUNK && session->left == 0))
			return SESSION_MORE;
		switch (session->state) {
		case STATE_COMMAND:
			event = step_command(session, io);
			break;
		case STATE_DATA:
			event = step_data(session, io);
			break;
		case STATE_CHUNK:
			event = step_chunk(session, io);
			break;
		default: /* an event waits for its answer */
			return SESSION_MORE;
		}
	}
	return event;
}

/* Notes a good recipient, once. */
static bool
add_recipient(
    struct session *session, const struct address *address, const char *mailbox)
{
	size_t start = session->recipients.len;
	struct buf *all = &session->recipients;
	struct span line;
	struct scan scan;

	buf_addf(all, "%s ", mailbox);
	address_format(address, all);
	buf_adds(all, "\n");
	if (all->full) {
		all->len = start;
		all->full = false;
		return false;
	}
	scan_init(&scan, (struct span){all->p, start});
	while (scan_peek(&scan) >= 0) {
		line = scan_until(&scan, '\n');
		if (line.len == all->len - start - 1 &&
		    memcmp(line.p, all->p + start, line.len) == 0) {
			all->len = start; /* asked for twice */
			return true;
		}
	}
	session->accepted++;
	session->chatter = 0;
	session->recipients_accepted++;
	return true;
}

void
session_recipient(struct session *session, struct session_io *io,
    const char *refusal, const char *mailbox, const char *node, int route)
{
	session->state = STATE_COMMAND;
	if (refusal != NULL) {
		session->recipients_refused++;
		reply(session, io, refusal);
		return;
	}
	if (session->accepted > 0 &&
	    (session->route != route ||
		!span_eq(buf_span(&session->node), span_of(node)))) {
		reply(session, io, "452 4.5.3 Send it again for this one");
		return;
	}
	session->route = route;
	buf_reset(&session->node);
	buf_adds(&session->node, node);
	if (add_recipient(session, &io->recipient, mailbox))
		reply(session, io, "250 2.1.5 Ok");
	else
		reply(session, io, "452 4.5.3 Too many recipients");
}

void
session_receive(struct session *session, struct session_io *io)
{
	if (session->chunked) {
		session->state = STATE_CHUNK;
		return;
	}
	session->state = STATE_DATA;
	reply(session, io, "354 End with CRLF.CRLF");
}

void
session_refuse(struct session *session, struct session_io *io, const char *text)
{
	if (session->chunked) {
		session->state = STATE_CHUNK;
		session->fate = FATE_REFUSED;
	} else {
		session->state = STATE_COMMAND;
		session_reset(session);
	}
	reply(session, io, text);
}

void
session_answer(struct session *session, struct session_io *io, const char *text)
{
	session->state = STATE_COMMAND;
	session_reset(session);
	reply(session, io, text);
}

void
session_secured(struct session *session)
{
	session_reset(session);
	session->state = STATE_COMMAND;
	session->secure = true;
	session->esmtp = false;
	buf_reset(&session->helo);
}

static struct buf *
buf_number(struct session *session, size_t i)
{
	struct buf *bufs[] = {&session->line, &session->helo, &session->sender,
	    &session->node, &session->recipients};

	return i < nitems(bufs) ? bufs[i] : NULL;
}

void
session_pack(const struct session *session, struct buf *buf)
{
	struct session copy = *session;
	struct buf *part;
	size_t i;

	buf_add(buf, &copy, sizeof(copy));
	for (i = 0; (part = buf_number(&copy, i)) != NULL; i++)
		buf_addspan(buf, buf_span(part));
}

int
session_unpack(struct session *session, const struct session_config *config,
    struct span packed)
{
	struct session copy;
	struct buf *part;
	size_t i, len, at = sizeof(copy);

	if (packed.len < sizeof(copy))
		return -1;
	memcpy(&copy, packed.p, sizeof(copy));
	session_init(session, config);
	for (i = 0; (part = buf_number(&copy, i)) != NULL; i++) {
		len = part->len;
		*part = *buf_number(session, i);
		if (len > packed.len - at ||
		    !buf_add(part, packed.p + at, len)) {
			while (i > 0)
				buf_free(buf_number(&copy, --i));
			return -1;
		}
		at += len;
	}
	copy.config = config;
	*session = copy;
	return 0;
}
