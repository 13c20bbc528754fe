#include <errno.h>
#include <stdint.h>

#include "base/scan.h"
#include "smtp/command.h"
#include "smtp/reply.h"

static bool
is_helo(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c >= 0x80 ||
	       (c > 0 && strchr("-_.:[]", c) != NULL);
}

static bool
is_word(int c)
{
	return c > 0x20 && c != 0x7f;
}

static bool
is_keyword(int c)
{
	return is_word(c) && c != '=';
}

static void
skip_blanks(struct scan *args)
{
	while (scan_maybe(args, ' ') || scan_maybe(args, '\t'))
		continue;
}

/* Whether nothing is left but blanks; else replies. */
static bool
no_more(struct session *session, struct session_io *io, struct scan *args)
{
	skip_blanks(args);
	if (scan_ok(args))
		return true;
	reply(session, io, "501 5.5.4 No such argument");
	return false;
}

/* HELO and EHLO: any word of the characters of names and literals, since
 * RFC 5321 4.1.4 forbids to refuse one that is merely wrong. */
static enum session_event
hello(struct session *session, struct session_io *io, struct scan *args,
    bool esmtp)
{
	struct span name;

	name = scan_while(args, is_helo);
	if (name.len == 0 || name.len > ADDRESS_DOMAIN_MAX) {
		reply(session, io, "501 5.5.4 Name yourself");
		return SESSION_MORE;
	}
	if (!no_more(session, io, args))
		return SESSION_MORE;
	session_reset(session);
	session->esmtp = esmtp;
	buf_reset(&session->helo);
	buf_addspan(&session->helo, name);
	if (esmtp)
		reply_ehlo(session, io);
	else
		buf_addf(&io->out, "250 %s\r\n", session->config->host);
	return SESSION_MORE;
}

static enum session_event
command_ehlo(struct session *session, struct session_io *io, struct scan *args)
{
	return hello(session, io, args, true);
}

static enum session_event
command_helo(struct session *session, struct session_io *io, struct scan *args)
{
	return hello(session, io, args, false);
}

/* "<path>" after "FROM:" or "TO:"; replies if it is none. */
static bool
take_path(struct session *session, struct session_io *io, struct scan *args,
    const char *word, struct address *address)
{
	bool sender = word[0] == 'F';

	if (!scan_maybe_word(args, word)) {
		reply(session, io,
		    sender ? "501 5.5.4 Syntax: MAIL FROM:<address>"
			   : "501 5.5.4 Syntax: RCPT TO:<address>");
		return false;
	}
	skip_blanks(args);
	if (address_take_path(address, args) == 0)
		return true;
	if (errno == ENAMETOOLONG)
		reply(session, io,
		    sender ? "501 5.1.7 Address too long"
			   : "501 5.1.3 Address too long");
	else
		reply(session, io,
		    sender ? "501 5.1.7 Bad address syntax"
			   : "501 5.1.3 Bad address syntax");
	return false;
}

/* One "KEYWORD[=value]" of MAIL.  Returns the reply to a wrong one, or NULL. */
static const char *
mail_parameter(struct session *session, struct scan *args)
{
	struct span name, value = {NULL, 0};
	struct scan number;

	name = scan_while(args, is_keyword);
	if (scan_maybe(args, '='))
		value = scan_while(args, is_word);
	if (span_ieq(name, span_of("SIZE"))) {
		scan_init(&number, value);
		if (scan_number(&number, UINT64_MAX) >
			session->config->size_max &&
		    scan_ok(&number))
			return "552 5.3.4 Message too big";
		return scan_ok(&number) ? NULL : "501 5.5.4 Bad SIZE";
	}
	if (span_ieq(name, span_of("BODY")))
		return span_ieq(value, span_of("7BIT")) ||
			       span_ieq(value, span_of("8BITMIME"))
			   ? NULL
			   : "501 5.5.4 Bad BODY";
	if (span_ieq(name, span_of("SMTPUTF8")) && value.p == NULL) {
		session->smtputf8 = true;
		return NULL;
	}
	return "555 5.5.4 No such parameter";
}

/* All parameters; true if they are good, else a reply was given. */
static bool
mail_parameters(
    struct session *session, struct session_io *io, struct scan *args)
{
	const char *wrong;

	while (scan_peek(args) == ' ' || scan_peek(args) == '\t') {
		skip_blanks(args);
		if (scan_ok(args))
			return true;
		wrong = session->esmtp ? mail_parameter(session, args)
				       : "555 5.5.4 Say EHLO first";
		if (wrong != NULL) {
			reply(session, io, wrong);
			return false;
		}
	}
	return no_more(session, io, args);
}

static enum session_event
command_mail(struct session *session, struct session_io *io, struct scan *args)
{
	struct address address;

	if (session->helo.len == 0) {
		reply(session, io, "503 5.5.1 Say EHLO first");
		return SESSION_MORE;
	}
	if (session->mail) {
		reply(session, io, "503 5.5.1 There is a sender already");
		return SESSION_MORE;
	}
	if (session->config->full) {
		reply(session, io, "452 4.3.1 No room for mail");
		return SESSION_MORE;
	}
	session_reset(session);
	if (!take_path(session, io, args, "FROM:", &address) ||
	    !mail_parameters(session, io, args))
		return SESSION_MORE;
	if (address.eightbit && !session->smtputf8) {
		reply(session, io, "553 5.6.7 Address needs SMTPUTF8");
		return SESSION_MORE;
	}
	session->mail = true;
	address_format(&address, &session->sender);
	reply(session, io, "250 2.1.0 Ok");
	return SESSION_MORE;
}

static enum session_event
command_rcpt(struct session *session, struct session_io *io, struct scan *args)
{
	if (!session->mail || session->chunked) {
		reply(session, io, "503 5.5.1 Say MAIL first");
		return SESSION_MORE;
	}
	if (!take_path(session, io, args, "TO:", &io->recipient))
		return SESSION_MORE;
	skip_blanks(args);
	if (!scan_ok(args)) {
		reply(session, io, "555 5.5.4 No such parameter");
		return SESSION_MORE;
	}
	if (io->recipient.local[0] == '\0') {
		reply(session, io, "501 5.1.3 Bad address syntax");
		return SESSION_MORE;
	}
	if (io->recipient.eightbit && !session->smtputf8) {
		reply(session, io, "553 5.6.7 Address needs SMTPUTF8");
		return SESSION_MORE;
	}
	if (session->accepted >= session->config->recipients_max) {
		reply(session, io, "452 4.5.3 Too many recipients");
		return SESSION_MORE;
	}
	session->state = STATE_WAIT;
	return SESSION_RECIPIENT;
}

/* Whether a message may come now; the reply if it may not, or NULL. */
static const char *
out_of_order(const struct session *session)
{
	return !session->mail           ? "503 5.5.1 Say MAIL first"
	       : session->accepted == 0 ? "554 5.5.1 No valid recipients"
					: NULL;
}

static enum session_event
command_data(struct session *session, struct session_io *io, struct scan *args)
{
	const char *wrong = out_of_order(session);

	if (!no_more(session, io, args))
		return SESSION_MORE;
	if (session->chunked)
		wrong = "503 5.5.1 Go on with BDAT";
	if (wrong != NULL) {
		reply(session, io, wrong);
		return SESSION_MORE;
	}
	session->state = STATE_WAIT;
	return SESSION_DATA;
}

/* BDAT size [LAST], RFC 3030.  Its octets follow at once whatever the reply
 * is, so a chunk that is refused must be swallowed. */
static enum session_event
command_bdat(struct session *session, struct session_io *io, struct scan *args)
{
	const char *wrong = out_of_order(session);
	uint64_t size;

	size = scan_number(args, UINT32_MAX);
	skip_blanks(args);
	session->chunk_last = scan_maybe_word(args, "LAST");
	skip_blanks(args);
	if (!scan_ok(args) || size > SESSION_SWALLOW_MAX(session)) {
		/* where the next command begins cannot be known, or is too far
		 * away */
		reply(session, io,
		    scan_ok(args) ? "552 5.3.4 Message too big"
				  : "501 5.5.4 Syntax: BDAT size [LAST]");
		session_end(session, io, "4.7.0 Cannot go on");
		return SESSION_MORE;
	}
	session->left = size;
	if (wrong == NULL && !session->chunked) {
		session->chunked = true;
		session->state = STATE_WAIT;
		return SESSION_DATA;
	}
	session->state = STATE_CHUNK;
	if (wrong == NULL && session->fate == FATE_REFUSED)
		wrong = "503 5.5.1 Say RSET first";
	if (wrong != NULL) {
		session->fate = FATE_REFUSED;
		reply(session, io, wrong);
	}
	return SESSION_MORE;
}

static enum session_event
command_rset(struct session *session, struct session_io *io, struct scan *args)
{
	if (no_more(session, io, args)) {
		session_reset(session);
		reply(session, io, "250 2.0.0 Ok");
	}
	return SESSION_MORE;
}

static enum session_event
command_noop(struct session *session, struct session_io *io, struct scan *args)
{
	(void)args;
	reply(session, io, "250 2.0.0 Ok");
	return SESSION_MORE;
}

static enum session_event
command_vrfy(struct session *session, struct session_io *io, struct scan *args)
{
	skip_blanks(args);
	reply(session, io,
	    scan_ok(args) ? "501 5.5.4 Syntax: VRFY address"
			  : "252 2.5.2 Send mail and see");
	return SESSION_MORE;
}

static enum session_event
command_unimplemented(
    struct session *session, struct session_io *io, struct scan *args)
{
	(void)args;
	reply(session, io, "502 5.5.1 Not here");
	return SESSION_MORE;
}

static enum session_event
command_quit(struct session *session, struct session_io *io, struct scan *args)
{
	if (!no_more(session, io, args))
		return SESSION_MORE;
	reply(session, io, "221 2.0.0 Bye");
	session->quit = true;
	session->state = STATE_CLOSED;
	return SESSION_CLOSE;
}

static enum session_event
command_starttls(
    struct session *session, struct session_io *io, struct scan *args)
{
	if (!no_more(session, io, args))
		return SESSION_MORE;
	if (session->secure || !session->config->tls) {
		reply(session, io,
		    session->secure ? "503 5.5.1 TLS is on already"
				    : "502 5.5.1 Not here");
		return SESSION_MORE;
	}
	reply(session, io, "220 2.0.0 Ready");
	session->state = STATE_WAIT;
	/* whatever was sent along in the clear may be anybody's */
	io->in_len = 0;
	return SESSION_TLS;
}

static const struct {
	const char *verb;
	enum session_event (*run)(
	    struct session *, struct session_io *, struct scan *);
	bool chatter; /* brings no message nearer */
} commands[] = {
    {"EHLO", command_ehlo, true},
    {"HELO", command_helo, true},
    {"MAIL", command_mail, true}, /* but with a recipient it does */
    {"RCPT", command_rcpt, false},
    {"DATA", command_data, false},
    {"BDAT", command_bdat, false},
    {"RSET", command_rset, true},
    {"NOOP", command_noop, true},
    {"QUIT", command_quit, false},
    {"VRFY", command_vrfy, true},
    {"STARTTLS", command_starttls, false},
    {"EXPN", command_unimplemented, true},
    {"HELP", command_unimplemented, true},
    {"TURN", command_unimplemented, true},
    {"AUTH", command_unimplemented, true},
};

/* Who only keeps the line busy is sent away. */
static bool
is_too_much(struct session *session, struct session_io *io)
{
	if (++session->chatter <= SESSION_CHATTER_MAX)
		return false;
	session_end(session, io, "4.7.0 Too many commands");
	return true;
}

enum session_event
command_run(struct session *session, struct session_io *io, struct span line)
{
	struct span verb;
	struct scan scan;
	size_t i, max;

	scan_init(&scan, line);
	verb = scan_while(&scan, is_word);
	skip_blanks(&scan);
	max = span_ieq(verb, span_of("MAIL")) ? SESSION_MAIL_MAX
					      : SESSION_COMMAND_MAX;
	if (line.len + 2 > max) {
		reply(session, io, "500 5.5.2 Line too long");
		return SESSION_MORE;
	}
	for (i = 0; i < nitems(commands); i++) {
		if (!span_ieq(verb, span_of(commands[i].verb)))
			continue;
		if (commands[i].chatter && is_too_much(session, io))
			return SESSION_MORE;
		return commands[i].run(session, io, &scan);
	}
	reply(session, io, "500 5.5.1 No such command");
	return SESSION_MORE;
}
