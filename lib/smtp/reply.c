#include <inttypes.h>

#include "smtp/reply.h"

void
reply(struct session *session, struct session_io *io, const char *text)
{
	buf_addf(&io->out, "%.*s\r\n", SESSION_REPLY_MAX - 2, text);
	if (text[0] != '5' || session->state == STATE_CLOSED)
		return;
	if (++session->errors >= session->config->errors_max)
		session_end(session, io, "4.7.0 Too many errors");
}

void
reply_ehlo(const struct session *session, struct session_io *io)
{
	buf_addf(&io->out,
	    "250-%s\r\n"
	    "250-PIPELINING\r\n"
	    "250-SIZE %" PRIu64 "\r\n"
	    "250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n"
	    "250-CHUNKING\r\n"
	    "%s"
	    "250 LIMITS RCPTMAX=%u\r\n",
	    session->config->host, session->config->size_max,
	    session->config->tls && !session->secure ? "250-STARTTLS\r\n" : "",
	    session->config->recipients_max);
}
