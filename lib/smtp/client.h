/*
 * client: the sending side of an SMTP session (RFC 5321) as a pure machine.
 *
 * Octets of the server go in, commands come out in `out`, events are returned;
 * there is no descriptor and no clock here.  The caller writes what is in
 * `out` (and empties it) whenever there is something, hands over what it
 * reads, and calls client_take() until it says CLIENT_MORE:
 *
 *	client_init, then CLIENT_READY	   greeted; call client_begin or _quit
 *	client_begin, then CLIENT_GO	   write the message as client_wire made
 *it then CLIENT_END	   the transaction is over, see code client_quit, then
 *CLIENT_BYE	   close
 *
 * CLIENT_BYE may come at any time (421, a greeting of 554); so may
 * CLIENT_BROKEN, when what the server says is not SMTP.
 *
 * The server is not trusted: the length of a reply line and the number of
 * lines in a reply are bounded.
 */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CLIENT_LINE_MAX 2048      /* octets of a reply line, the LF included */
#define CLIENT_LINES_MAX 128      /* lines of a reply */
#define CLIENT_OUT_MAX 65536      /* octets of commands waiting to be written */
#define CLIENT_RECIPIENTS_MAX 100 /* of a transaction: they fit into that */
#define CLIENT_TEXT_SIZE 256      /* of a reply that is kept, with NUL */

enum client_event {
	CLIENT_MORE,  /* write what is in out, then bring more input */
	CLIENT_READY, /* a transaction may begin */
	CLIENT_GO,    /* 354: write the message now */
	CLIENT_END,   /* the transaction is over; the next one may begin */
	CLIENT_BYE,   /* the server ends the session: close */
	CLIENT_BROKEN /* that was no SMTP: close; text says what */
};

struct client_recipient {
	const char *address;
	int code; /* the server's answer, 0 before there is one */
};

/* One transaction.  The caller keeps it until CLIENT_END, and sees to it that
 * the addresses are addresses (address_parse): they are sent as they are. */
struct client_envelope {
	const char *sender; /* "" is the null reverse-path */
	struct client_recipient *recipient;
	size_t recipients; /* 1 to CLIENT_RECIPIENTS_MAX */
	uint64_t size;     /* octets of the message, for SIZE (RFC 1870) */
	bool eightbit;     /* for 8BITMIME (RFC 6152) */
	bool pipelining;   /* send ahead if the server can (RFC 2920) */
};

struct client {
	struct buf out;
	const char *helo;
	int step; /* whose reply is awaited */
	const struct client_envelope *envelope;
	size_t answered; /* recipients */
	size_t good;     /* of these, 2xx */
	bool ahead;      /* this transaction's commands are all in out */
	bool open;       /* the server holds a transaction that needs RSET */
	bool can_pipelining, can_size, can_8bitmime;

	/* what the last event is about */
	int code;                    /* 0 for CLIENT_BROKEN */
	char text[CLIENT_TEXT_SIZE]; /* the reply with its code, or a reason */

	/* the reply that is being read */
	struct buf line;
	unsigned lines;
	int reply_code;
};

/* helo must outlive the client. */
void client_init(struct client *client, const char *helo);
void client_reset(struct client *client); /* a new session; keeps memory */
void client_free(struct client *client);

/* Takes octets from the front of input until there is an event, or there are
 * no more (CLIENT_MORE). */
enum client_event client_take(struct client *client, struct span *input);

/* After CLIENT_READY or CLIENT_END. */
void client_begin(
    struct client *client, const struct client_envelope *envelope);
void client_quit(struct client *client);

/* Appends a message as it goes over the wire: lines end in CRLF whatever they
 * ended in before, dots are stuffed, and the final dot is there.  False if buf
 * is full. */
bool client_wire(struct buf *buf, struct span message);

#endif
