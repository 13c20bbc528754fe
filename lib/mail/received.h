/*
 * received: trace lines, RFC 5321 4.4.
 */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H

#include <time.h>

#include "mail/message.h"

struct received {
	struct span helo;   /* what the client called itself */
	struct span client; /* its address, as text */
	struct span host;   /* our name */
	struct span id;
	struct span recipient; /* len 0: not said (there are several) */
	const char *tls;       /* "TLSv1.3 TLS_AES_256_GCM_SHA384", or NULL */
	bool esmtp;
	bool smtputf8;
	time_t when;
};

/* Appends the line (folded, with LF). */
void received_format(const struct received *received, struct buf *buf);

/* How many Received lines the header of a message has.  -1 with errno if it
 * cannot be read. */
int received_count(const struct message *message);

#endif
