#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "accept/accept.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"

#define IN_MAX (64 << 10) /* more than ACCEPT_INPUT_SIZE: read at once */
#define NOTE_MAX 600

void
visit_init(struct visit *visit, const struct accept *accept)
{
	unsigned char octets[(ACCEPT_ID_SIZE - 1) / 2];

	memset(visit, 0, sizeof(*visit));
	visit->stream.fd = -1;
	visit->since = clock_ms();
	session_init(&visit->session, &accept->session);
	buf_init(&visit->in, IN_MAX);
	buf_init(&visit->note, NOTE_MAX);
	buf_init(&visit->lists, LISTS_TEXT_MAX);
	if (getrandom(octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
		fatal("cannot get random octets: %s", strerror(errno));
	visit->id[hex_put(visit->id, octets, sizeof(octets))] = '\0';
}

void
visit_free(struct visit *visit)
{
	session_free(&visit->session);
	buf_free(&visit->in);
	buf_free(&visit->note);
	buf_free(&visit->lists);
}

void
visit_note(struct visit *visit, const char *key, struct span address)
{
	char text[ADDRESS_LOCAL_MAX + ADDRESS_DOMAIN_MAX + 2];
	size_t i, len;

	len = address.len < sizeof(text) ? address.len : sizeof(text);
	for (i = 0; i < len; i++)
		text[i] = address.p[i] == ' ' || address.p[i] == '<' ||
				  address.p[i] == '>'
			      ? '?'
			      : address.p[i];
	buf_addf(&visit->note, " %s=<%.*s>", key, (int)len, text);
}

void
visit_note_reply(struct visit *visit, const char *reply)
{
	buf_addf(&visit->note, " reply=%.3s", reply);
}

void
visit_log(const struct visit *visit)
{
	const struct session *session = &visit->session;

	event("id=%s client=%s:%u helo=%s tls=%s accepted=%u refused=%u"
	      " messages=%u done=%u rejected=%u deferred=%u octets=%" PRIu64
	      " errors=%u end=%s ms=%" PRId64 "%s",
	    visit->id, visit->name, visit->port, buf_str(&session->helo),
	    session->secure ? "yes" : "no", session->recipients_accepted,
	    session->recipients_refused, session->messages, visit->done,
	    visit->rejected, visit->deferred, visit->octets, session->errors,
	    visit->end != NULL ? visit->end : "closed",
	    clock_ms() - visit->since, buf_str(&visit->note));
}

/* The fields are of one program and one machine: they go as they are, and the
 * buffers behind them. */
void
visit_pack(const struct visit *visit, struct buf *buf)
{
	buf_add(buf, visit, sizeof(*visit));
	buf_addspan(buf, buf_span(&visit->in));
	buf_addspan(buf, buf_span(&visit->note));
	buf_addspan(buf, buf_span(&visit->lists));
	session_pack(&visit->session, buf);
}

/* Takes the octets of a buffer from the front of *packed. */
static bool
unpack_buf(struct buf *buf, size_t max, struct span *packed)
{
	size_t len = buf->len;

	buf_init(buf, max);
	if (len > packed->len || !buf_add(buf, packed->p, len))
		return false;
	packed->p += len;
	packed->len -= len;
	return true;
}

int
visit_unpack(
    struct visit *visit, const struct accept *accept, struct span packed)
{
	if (packed.len < sizeof(*visit))
		return -1;
	memcpy(visit, packed.p, sizeof(*visit));
	packed.p += sizeof(*visit);
	packed.len -= sizeof(*visit);
	visit->end = NULL;
	/* it is our own loop that packed it: if it is wrong, we are lost */
	if (!unpack_buf(&visit->in, IN_MAX, &packed) ||
	    !unpack_buf(&visit->note, NOTE_MAX, &packed) ||
	    !unpack_buf(&visit->lists, LISTS_TEXT_MAX, &packed) ||
	    session_unpack(&visit->session, &accept->session, packed) < 0)
		return -1;
	return 0;
}

static void
note_refusal(
    struct visit *visit, const struct address *address, const char *reply)
{
	struct buf text = BUF_INIT(2 * ADDRESS_PATH_MAX);

	address_format(address, &text);
	visit_note(visit, "refused-to", buf_span(&text));
	visit_note_reply(visit, reply);
	buf_free(&text);
}

/* What the DNS lists say against it; postmaster hears everybody, for there one
 * can ask why. */
static const char *
listed(const struct accept *accept, const struct visit *visit,
    const struct address *address)
{
	if (accept->lists_reject == 0 ||
	    visit->score < (int)accept->lists_reject ||
	    strcasecmp(address->local, "postmaster") == 0)
		return NULL;
	return "550 5.7.1 Your address is on a block list";
}

/* A backup is for the time when the owner is away: who comes here though he is
 * not, wants to get round his filters, or has had bad luck and will find him at
 * the next try. */
static const char *
not_down(enum owner_state state)
{
	switch (state) {
	case OWNER_UP:
		return "451 4.3.2 Its own mail server is up, try there";
	case OWNER_DOWN:
		return NULL;
	default:
		return "451 4.3.2 Not sure whether its own mail server is up";
	}
}

bool
accept_recipient(const struct accept *accept, struct visit *visit,
    struct session_io *io,
    enum owner_state (*look)(void *context, const char *node), void *context)
{
	enum owner_state owner;
	enum accept_route route;
	const char *reply;
	struct match match;

	nodes_match(accept->nodes, &io->recipient, time(NULL), &match);
	route = match.class == MATCH_BACKUP ? ROUTE_BACKUP : ROUTE_LOCAL;
	if (match.class != MATCH_REFUSE && accept->pools[route].name == NULL) {
		match.class = MATCH_REFUSE;
		match.reply = "550 5.7.1 Relaying denied";
	}
	reply = match.class == MATCH_REFUSE
		    ? match.reply
		    : listed(accept, visit, &io->recipient);
	if (reply == NULL && route == ROUTE_BACKUP && accept->when_down) {
		owner = look(context, match.node);
		if (owner == OWNER_ASKED)
			return false;
		reply = not_down(owner);
	}
	if (reply != NULL) {
		visit->unknown += match.class == MATCH_REFUSE && *reply == '5';
		note_refusal(visit, &io->recipient, reply);
	}
	session_recipient(
	    &visit->session, io, reply, match.mailbox, match.node, (int)route);
	return true;
}
