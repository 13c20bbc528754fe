#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "smtp/client.h"

enum step {
	STEP_GREETING,
	STEP_EHLO,
	STEP_HELO,
	STEP_READY, /* nothing is awaited */
	STEP_RSET,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_MESSAGE, /* the reply to the final dot */
	STEP_NOTHING, /* the same, of a transaction without recipients */
	STEP_QUIT,
	STEP_CLOSED
};

void
client_init(struct client *client, const char *helo)
{
	memset(client, 0, sizeof(*client));
	client->helo = helo;
	buf_init(&client->out, CLIENT_OUT_MAX);
	buf_init(&client->line, CLIENT_LINE_MAX);
}

void
client_reset(struct client *client)
{
	struct buf out = client->out, line = client->line;
	const char *helo = client->helo;

	buf_reset(&out);
	buf_reset(&line);
	memset(client, 0, sizeof(*client));
	client->out = out;
	client->line = line;
	client->helo = helo;
}

void
client_free(struct client *client)
{
	buf_free(&client->out);
	buf_free(&client->line);
}

static enum client_event
broken(struct client *client, const char *reason)
{
	client->step = STEP_CLOSED;
	client->code = 0;
	snprintf(client->text, sizeof(client->text), "%s", reason);
	return CLIENT_BROKEN;
}

static bool
is_good(int code)
{
	return code >= 200 && code < 300;
}

static void
say_mail(struct client *client)
{
	const struct client_envelope *envelope = client->envelope;

	buf_addf(&client->out, "MAIL FROM:<%s>", envelope->sender);
	if (client->can_size)
		buf_addf(&client->out, " SIZE=%llu",
		    (unsigned long long)envelope->size);
	if (client->can_8bitmime && envelope->eightbit)
		buf_adds(&client->out, " BODY=8BITMIME");
	buf_adds(&client->out, "\r\n");
}

static void
say_rcpt(struct client *client, size_t which)
{
	buf_addf(&client->out, "RCPT TO:<%s>\r\n",
	    client->envelope->recipient[which].address);
}

void
client_begin(struct client *client, const struct client_envelope *envelope)
{
	size_t which;

	client->envelope = envelope;
	client->answered = client->good = 0;
	client->code = 0;
	client->ahead = envelope->pipelining && client->can_pipelining;
	client->step = client->open ? STEP_RSET : STEP_MAIL;
	if (client->open)
		buf_adds(&client->out, "RSET\r\n");
	if (!client->open || client->ahead)
		say_mail(client);
	client->open = false;
	if (client->ahead) {
		for (which = 0; which < envelope->recipients; which++)
			say_rcpt(client, which);
		buf_adds(&client->out, "DATA\r\n");
	}
}

void
client_quit(struct client *client)
{
	buf_adds(&client->out, "QUIT\r\n");
	client->step = STEP_QUIT;
}

static enum client_event
end(struct client *client, int code)
{
	client->step = STEP_READY;
	client->code = code;
	return CLIENT_END;
}

/* Keeps the first reply that decides the transaction; what is answered to the
 * commands behind it, sent ahead, is only its echo. */
static void
decide(struct client *client, int code)
{
	if (client->code != 0)
		return;
	client->code = code;
	snprintf(
	    client->text, sizeof(client->text), "%s", buf_str(&client->line));
}

static enum client_event
took_recipient(struct client *client, int code)
{
	const struct client_envelope *envelope = client->envelope;

	/* after a refused MAIL, its code is the recipients' too */
	envelope->recipient[client->answered++].code =
	    client->code != 0 ? client->code : code;
	if (is_good(code))
		client->good++;
	if (client->answered < envelope->recipients) {
		if (!client->ahead)
			say_rcpt(client, client->answered);
		return CLIENT_MORE;
	}
	client->step = STEP_DATA;
	if (client->good == 0 || client->code != 0) {
		client->good = 0;
		client->open = true;
		decide(client, code);
		if (!client->ahead)
			return end(client, client->code);
	} else if (!client->ahead)
		buf_adds(&client->out, "DATA\r\n");
	return CLIENT_MORE;
}

static enum client_event
took_data(struct client *client, int code)
{
	if (code == 354 && client->good > 0) {
		client->step = STEP_MESSAGE;
		return CLIENT_GO;
	}
	if (code == 354) {
		/* RFC 2920 3.1: an empty message, which the server refuses */
		buf_adds(&client->out, ".\r\n");
		client->step = STEP_NOTHING;
		return CLIENT_MORE;
	}
	if (code < 400)
		return broken(client, "not a reply to DATA");
	client->open = true;
	decide(client, code);
	return end(client, client->code);
}

/* A reply to something of a transaction. */
static enum client_event
took_transaction(struct client *client, int code)
{
	switch (client->step) {
	case STEP_RSET:
		if (!is_good(code))
			return broken(client, "RSET was refused");
		client->step = STEP_MAIL;
		if (!client->ahead)
			say_mail(client);
		return CLIENT_MORE;
	case STEP_MAIL:
		client->step = STEP_RCPT;
		if (!is_good(code)) {
			decide(client, code);
			if (!client->ahead)
				return end(client, code);
		} else if (!client->ahead)
			say_rcpt(client, 0);
		return CLIENT_MORE;
	case STEP_RCPT:
		return took_recipient(client, code);
	case STEP_DATA:
		return took_data(client, code);
	default:
		client->open = false;
		decide(client, code);
		return end(client, client->code);
	}
}

static enum client_event
bye(struct client *client, int code)
{
	client->step = STEP_CLOSED;
	client->code = code;
	snprintf(
	    client->text, sizeof(client->text), "%s", buf_str(&client->line));
	return CLIENT_BYE;
}

/* A whole reply is there; its last line is in line. */
static enum client_event
took_reply(struct client *client, int code)
{
	if (code == 421)
		return bye(client, code);
	switch (client->step) {
	case STEP_GREETING:
		if (code != 220)
			return bye(client, code);
		buf_addf(&client->out, "EHLO %s\r\n", client->helo);
		client->step = STEP_EHLO;
		return CLIENT_MORE;
	case STEP_EHLO:
		if (code >= 500) {
			buf_addf(&client->out, "HELO %s\r\n", client->helo);
			client->step = STEP_HELO;
			return CLIENT_MORE;
		}
		/* FALLTHROUGH */
	case STEP_HELO:
		if (code != 250)
			return bye(client, code);
		client->step = STEP_READY;
		client->code = code;
		return CLIENT_READY;
	case STEP_READY:
	case STEP_CLOSED:
		return broken(client, "a reply without a command");
	case STEP_QUIT:
		return bye(client, code);
	default:
		return took_transaction(client, code);
	}
}

static void
take_keyword(struct client *client, struct span line)
{
	struct span word = {line.p + 4, line.len - 4};
	const char *space = memchr(word.p, ' ', word.len);

	if (space != NULL)
		word.len = (size_t)(space - word.p);
	if (span_ieq(word, span_of("PIPELINING")))
		client->can_pipelining = true;
	else if (span_ieq(word, span_of("SIZE")))
		client->can_size = true;
	else if (span_ieq(word, span_of("8BITMIME")))
		client->can_8bitmime = true;
}

/* The three digits a reply line begins with (RFC 5321 4.2), and whether
 * another line follows.  -1 if it is none. */
static int
reply_code(struct span line, bool *more)
{
	struct scan scan;
	int code = 0, digit;

	scan_init(&scan, line);
	for (digit = 0; digit < 3; digit++) {
		int c = scan_peek(&scan);

		if (c < '0' || c > '9')
			return -1;
		code = code * 10 + (c - '0');
		scan_char(&scan, (char)c);
	}
	*more = scan_maybe(&scan, '-');
	if (!*more && !scan_maybe(&scan, ' ') && scan_peek(&scan) != -1)
		return -1;
	return code >= 200 && code < 600 ? code : -1;
}

/* A whole line is in line. */
static enum client_event
took_line(struct client *client)
{
	struct buf *line = &client->line;
	bool more;
	int code;

	line->len--; /* the LF */
	if (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	line->p[line->len] = '\0';
	code = reply_code(buf_span(line), &more);
	if (code < 0 || (client->lines > 0 && code != client->reply_code))
		return broken(client, "that is no reply");
	client->reply_code = code;
	if (client->step == STEP_EHLO && client->lines > 0 && line->len > 4)
		take_keyword(client, buf_span(line));
	if (more) {
		if (++client->lines >= CLIENT_LINES_MAX)
			return broken(client, "a reply of too many lines");
		return CLIENT_MORE;
	}
	client->lines = 0;
	return took_reply(client, code);
}

enum client_event
client_take(struct client *client, struct span *input)
{
	enum client_event event;
	const char *lf;
	size_t len;

	while (input->len > 0) {
		lf = memchr(input->p, '\n', input->len);
		len = lf != NULL ? (size_t)(lf - input->p) + 1 : input->len;
		if (!buf_add(&client->line, input->p, len))
			return broken(client, "a reply line is too long");
		input->p += len;
		input->len -= len;
		if (lf == NULL)
			break;
		event = took_line(client);
		buf_reset(&client->line);
		if (event != CLIENT_MORE)
			return event;
	}
	return CLIENT_MORE;
}

bool
client_wire(struct buf *buf, struct span message)
{
	const char *lf;
	size_t len;
	bool ok = true;

	while (message.len > 0) {
		lf = memchr(message.p, '\n', message.len);
		len = lf != NULL ? (size_t)(lf - message.p) : message.len;
		if (message.p[0] == '.')
			ok &= buf_add(buf, ".", 1);
		if (len > 0 && message.p[len - 1] == '\r')
			ok &= buf_add(buf, message.p, len - 1);
		else
			ok &= buf_add(buf, message.p, len);
		ok &= buf_adds(buf, "\r\n");
		if (lf != NULL)
			len++;
		message.p += len;
		message.len -= len;
	}
	return ok && buf_adds(buf, ".\r\n");
}
