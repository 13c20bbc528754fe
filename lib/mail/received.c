#include "mail/received.h"
#include "mail/date.h"

/* The keyword after "with": RFC 3848, RFC 6531 4.3. */
static const char *
protocol(const struct received *received)
{
	if (received->smtputf8)
		return received->tls != NULL ? "UTF8SMTPS" : "UTF8SMTP";
	if (!received->esmtp)
		return "SMTP";
	return received->tls != NULL ? "ESMTPS" : "ESMTP";
}

void
received_format(const struct received *received, struct buf *buf)
{
	bool six =
	    memchr(received->client.p, ':', received->client.len) != NULL;
	char date[DATE_SIZE];

	date_format(date, received->when);
	buf_addf(buf, "Received: from %.*s ([%s%.*s])\n",
	    SPAN_ARG(received->helo), six ? "IPv6:" : "",
	    SPAN_ARG(received->client));
	if (received->tls != NULL)
		buf_addf(buf, "\t(%s)\n", received->tls);
	buf_addf(buf, "\tby %.*s with %s id %.*s", SPAN_ARG(received->host),
	    protocol(received), SPAN_ARG(received->id));
	if (received->recipient.len > 0)
		buf_addf(buf, "\n\tfor <%.*s>", SPAN_ARG(received->recipient));
	buf_addf(buf, ";\n\t%s\n", date);
}

int
received_count(const struct message *message)
{
	static const char name[] = "received:";
	char chunk[8192];
	size_t column = 0; /* of the line, as far as it is looked at */
	bool match = true;
	uint64_t at = 0;
	int count = 0;
	ssize_t i, n;

	while ((n = message_read(message, at, chunk, sizeof(chunk))) > 0) {
		for (i = 0; i < n; i++) {
			if (chunk[i] == '\n') {
				if (column == 0)
					return count;
				column = 0;
				match = true;
				continue;
			}
			if (column < sizeof(name) - 1) {
				match = match && (chunk[i] | 0x20) ==
						     (name[column] | 0x20);
				count += match && column == sizeof(name) - 2;
			}
			column++;
		}
		at += (uint64_t)n;
	}
	return n < 0 ? -1 : count;
}
