/*
 * Any octets as one side of an SMTP dialogue, in portions whose sizes come from
 * the input too.  The same octets at once and in portions must have the same
 * effect.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct session_config config = {.host = "mx.example",
    .size_max = 5000,
    .recipients_max = 5,
    .errors_max = 20,
    .tls = true};

struct outcome {
	struct buf replies;
	struct buf bodies;
	size_t whole; /* octets of the bodies that came to their end */
	unsigned messages;
};

static int
step(struct session *session, struct session_io *io, struct outcome *outcome)
{
	switch (session_step(session, io)) {
	case SESSION_MORE:
		return 0;
	case SESSION_RECIPIENT:
		if (io->recipient.local[0] == 'n')
			session_recipient(
			    session, io, "550 5.1.1 No", NULL, NULL, 0);
		else
			session_recipient(session, io, NULL, "box", "carol",
			    io->recipient.local[0] == 'o');
		return 1;
	case SESSION_DATA:
		if (session->accepted == 0)
			abort();
		if (session->recipients.len % 7 == 0)
			session_refuse(session, io, "451 4.3.2 Busy");
		else
			session_receive(session, io);
		outcome->bodies.len = outcome->whole;
		return 1;
	case SESSION_BODY:
		if (memchr(io->body.p, '\r', io->body.len) != NULL)
			abort();
		buf_addspan(&outcome->bodies, io->body);
		return 1;
	case SESSION_MESSAGE:
		outcome->messages++;
		session->hold = true;
		outcome->whole = outcome->bodies.len;
		session_answer(session, io, "250 2.0.0 Ok");
		return 1;
	case SESSION_HOLD:
		session->hold = false;
		return 1;
	case SESSION_TLS:
		session_secured(session);
		return 1;
	case SESSION_CLOSE:
		return -1;
	}
	abort();
}

static void
run(const uint8_t *data, size_t size, size_t portion, struct outcome *outcome)
{
	struct session session, copy;
	struct session_io io = {.out = BUF_INIT(SESSION_OUT_MAX)};
	struct buf packed = BUF_INIT(1 << 20);
	char chunk[512];
	int rc = 0;

	session_init(&session, &config);
	while (size > 0 && rc >= 0) {
		io.in = chunk;
		io.in_len = size < portion ? size : portion;
		memcpy(chunk, data, io.in_len);
		data += io.in_len;
		size -= io.in_len;
		while ((rc = step(&session, &io, outcome)) > 0)
			continue;
		if (session.line.len > SESSION_LINE_MAX ||
		    session.octets > 2 * config.size_max + SESSION_OUT_MAX)
			abort();
		session_pack(&session, &packed);
		if (session_unpack(&copy, &config, buf_span(&packed)) < 0)
			abort();
		session_free(&session);
		session = copy;
		buf_reset(&packed);
	}
	buf_addspan(&outcome->replies, buf_span(&io.out));
	buf_free(&packed);
	buf_free(&io.out);
	session_free(&session);
	outcome->bodies.len = outcome->whole;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = {BUF_INIT(1 << 22), BUF_INIT(1 << 20), 0, 0};
	struct outcome parts = {BUF_INIT(1 << 22), BUF_INIT(1 << 20), 0, 0};
	const uint8_t *tls;

	if (size < 1 || size > 20000)
		return 0;
	run(data + 1, size - 1, 512, &whole);
	run(data + 1, size - 1, 1 + data[0] % 64, &parts);
	/* at STARTTLS what was sent along is thrown away, so there the size of
	 * the portions matters */
	for (tls = data; tls + 8 <= data + size; tls++)
		if (strncasecmp((const char *)tls, "STARTTLS", 8) == 0)
			break;
	if (tls + 8 > data + size &&
	    (whole.messages != parts.messages ||
		!span_eq(buf_span(&whole.bodies), buf_span(&parts.bodies)) ||
		!span_eq(buf_span(&whole.replies), buf_span(&parts.replies))))
		abort();
	buf_free(&whole.replies);
	buf_free(&whole.bodies);
	buf_free(&parts.replies);
	buf_free(&parts.bodies);
	return 0;
}
