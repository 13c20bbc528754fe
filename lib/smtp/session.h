/*
 * session: the server's side of SMTP as a pure machine.  Octets go in, replies
 * and events come out; it knows no descriptor, no clock and no process.
 *
 * RFC 5321, with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8
 * (6531), ENHANCEDSTATUSCODES (2034), CHUNKING (3030), STARTTLS (3207) and
 * LIMITS (9422).
 *
 * The caller runs
 *
 *	while ((event = session_step(session, io)) != SESSION_MORE)
 *		act on event, answer it
 *	send io->out; read more into io->in
 *
 * Line ends are CRLF and nothing else: a bare CR or LF ends the session with a
 * 5xx reply, in commands and in the message, and only CRLF "." CRLF ends DATA.
 * So nobody who reads the same octets in another way can be made to see other
 * messages than we do.  In the message each CRLF becomes LF.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mail/address.h"

#define SESSION_COMMAND_MAX 512 /* octets with CRLF, RFC 5321 4.5.3.1.4 */
#define SESSION_MAIL_MAX 565    /* with SIZE, BODY and SMTPUTF8 */
#define SESSION_LINE_MAX 2048   /* a longer command line ends the session */
#define SESSION_OUT_MAX (1 << 20)
#define SESSION_REPLY_MAX 512   /* 4.5.3.1.5 */
#define SESSION_CHATTER_MAX 100 /* commands that bring no message nearer */

/* What the administrator says; lives longer than every session. */
struct session_config {
	const char *host;        /* our name in greeting and replies */
	uint64_t size_max;       /* octets of a message, CRLF counted */
	unsigned recipients_max; /* in a transaction */
	unsigned errors_max;     /* 5xx replies before 421 */
	bool tls;                /* STARTTLS is offered */
	bool full;               /* no room for mail at the moment */
};

enum session_event {
	SESSION_MORE,      /* all input was taken */
	SESSION_RECIPIENT, /* is io->recipient good?  session_recipient() */
	SESSION_DATA,      /* a message is about to come: session_receive(), or
			      session_refuse() if there is no room for it */
	SESSION_BODY,      /* io->body is the next part of the message */
	SESSION_MESSAGE,   /* the message is whole: session_answer() */
	SESSION_TLS,       /* send io->out, then the handshake; what was read
			      before is gone.  session_secured() */
	SESSION_HOLD,      /* hold is set, and RCPT comes next: send io->out,
			      keep the rest of the input, and come again with it
			      when hold is not set any more */
	SESSION_CLOSE      /* send io->out, then close */
};

enum session_state {
	STATE_COMMAND, /* between commands, or inside one */
	STATE_WAIT,    /* an event has not been answered yet */
	STATE_DATA,    /* inside DATA */
	STATE_CHUNK,   /* inside the octets of BDAT */
	STATE_END,     /* all of the message was taken */
	STATE_CLOSED
};

/* Where the text of DATA or BDAT stands. */
enum session_text {
	TEXT_BEGIN,  /* at the beginning of a line */
	TEXT_INSIDE, /* in a line */
	TEXT_CR,     /* after CR in or at the beginning of a line */
	TEXT_DOT,    /* after "." at the beginning of a line */
	TEXT_DOT_CR  /* after "." CR at the beginning of a line */
};

/* Why the message that is being received will not be taken. */
enum session_fate {
	FATE_GOOD,
	FATE_TOO_BIG, /* it is swallowed, then 552 */
	FATE_REFUSED  /* the reply was given, its octets are swallowed */
};

struct session {
	const struct session_config *config;
	enum session_state state;
	enum session_text text;
	enum session_fate fate;
	bool esmtp;      /* EHLO and not HELO */
	bool secure;     /* under TLS */
	bool mail;       /* MAIL was accepted */
	bool smtputf8;   /* MAIL had SMTPUTF8 */
	bool chunked;    /* BDAT was used in this transaction */
	bool chunk_last; /* the chunk at hand is the last one */
	bool quit;       /* the client said QUIT */
	bool hold;       /* set by the caller: no RCPT yet */
	int route;       /* of all recipients; the caller's number */
	uint64_t left;   /* octets of the chunk still to come */
	uint64_t octets; /* of the message so far, CRLF counted */
	unsigned errors;
	unsigned commands; /* whole ones */
	unsigned chatter;  /* of these, that brought no message nearer */
	struct buf line;   /* a command that has not ended yet */
	struct buf helo;
	struct buf sender;     /* "" is the null reverse-path */
	struct buf node;       /* of all recipients */
	struct buf recipients; /* "mailbox address\n" each */
	unsigned accepted;     /* recipients of this transaction */
	/* counted over the whole session, for the log */
	unsigned recipients_accepted;
	unsigned recipients_refused;
	unsigned messages;
};

/* What one call of session_step() works on; one serves all sessions of a
 * process. */
struct session_io {
	char *in; /* octets to take; changed in place, moved forward */
	size_t in_len;
	struct buf out;           /* replies to send */
	struct address recipient; /* for SESSION_RECIPIENT */
	struct span body;         /* for SESSION_BODY; inside the input */
};

void session_init(struct session *session, const struct session_config *config);
void session_free(struct session *session);

/* Puts the greeting into io->out. */
void session_greet(struct session *session, struct session_io *io);

/* Takes input until there is an event. */
enum session_event session_step(struct session *session, struct session_io *io);

/* Answers SESSION_RECIPIENT.  refusal is NULL or a reply; else mailbox, node
 * and the route's number say where the mail goes.  A recipient of another node
 * or route than the first one's gets 452: one reply can serve one only. */
void session_recipient(struct session *session, struct session_io *io,
    const char *refusal, const char *mailbox, const char *node, int route);

/* Answers SESSION_DATA: the message may come. */
void session_receive(struct session *session, struct session_io *io);

/* Answers SESSION_DATA: it may not; the reply is "451 4.3.2 text". */
void session_refuse(
    struct session *session, struct session_io *io, const char *reply);

/* Answers SESSION_MESSAGE with a reply "250 2.0.0 text". */
void session_answer(
    struct session *session, struct session_io *io, const char *reply);

/* The handshake is done: RFC 3207 4.2, all that was said before is void. */
void session_secured(struct session *session);

/* Puts a 421 reply with that text ("4.3.2 text") into io->out and closes. */
void session_end(
    struct session *session, struct session_io *io, const char *text);

/* Packs all that a session is into buf, and makes a session of it again, so
 * that another process of the same program can go on with it.  The second
 * returns 0, or -1 if it is none. */
void session_pack(const struct session *session, struct buf *buf);
int session_unpack(struct session *session, const struct session_config *config,
    struct span packed);

#endif
