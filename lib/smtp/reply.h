/*
 * reply: the server's replies, in one place.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "smtp/session.h"

/* Adds one line "code text" CRLF to the replies.  A 5xx is counted, and the
 * one that is too many is followed by 421 and ends the session. */
void reply(struct session *session, struct session_io *io, const char *text);

/* The lines of EHLO. */
void reply_ehlo(const struct session *session, struct session_io *io);

#endif
