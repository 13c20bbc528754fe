/*
 * command: what each SMTP command does to a session.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include "smtp/session.h"

/* Octets of a message that is too big that are read and thrown away, so that
 * the client learns why; then the session ends. */
#define SESSION_SWALLOW_MAX(session) \
	(2 * (session)->config->size_max + (1 << 20))

/* Runs one command line (without CRLF).  SESSION_MORE means: go on. */
enum session_event command_run(
    struct session *session, struct session_io *io, struct span line);

/* Forgets the mail transaction. */
void session_reset(struct session *session);

#endif
