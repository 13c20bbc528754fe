#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "accept/accept.h"
#include "base/clock.h"
#include "base/err.h"

#define IN_MAX (64 << 10) /* more than ACCEPT_INPUT_SIZE: read at once */

void
visit_init(struct visit *visit, const struct accept *accept)
{
	unsigned char octets[(ACCEPT_ID_SIZE - 1) / 2];
	size_t i;

	memset(visit, 0, sizeof(*visit));
	visit->stream.fd = -1;
	visit->since = clock_ms();
	session_init(&visit->session, &accept->session);
	buf_init(&visit->in, IN_MAX);
	if (getrandom(octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
		fatal("cannot get random octets: %s", strerror(errno));
	for (i = 0; i < sizeof(octets); i++)
		snprintf(visit->id + 2 * i, 3, "%02x", octets[i]);
}

void
visit_free(struct visit *visit)
{
	session_free(&visit->session);
	buf_free(&visit->in);
}

void
visit_log(const struct visit *visit)
{
	const struct session *session = &visit->session;

	event("id=%s client=%s:%u helo=%s tls=%s recipients=%u refused=%u"
	      " messages=%u done=%u rejected=%u deferred=%u octets=%" PRIu64
	      " errors=%u end=%s ms=%" PRId64,
	    visit->id, visit->name, visit->port, buf_str(&session->helo),
	    session->secure ? "yes" : "no", session->recipients_accepted,
	    session->recipients_refused, session->messages, visit->done,
	    visit->rejected, visit->deferred, visit->octets, session->errors,
	    visit->end != NULL ? visit->end : "closed",
	    clock_ms() - visit->since);
}

/* The fields are of one program and one machine: they go as they are, and the
 * buffers behind them. */
void
visit_pack(const struct visit *visit, struct buf *buf)
{
	buf_add(buf, visit, sizeof(*visit));
	buf_addspan(buf, buf_span(&visit->in));
	session_pack(&visit->session, buf);
}

int
visit_unpack(
    struct visit *visit, const struct accept *accept, struct span packed)
{
	size_t in_len;

	if (packed.len < sizeof(*visit))
		return -1;
	memcpy(visit, packed.p, sizeof(*visit));
	packed.p += sizeof(*visit);
	packed.len -= sizeof(*visit);
	in_len = visit->in.len;
	buf_init(&visit->in, IN_MAX);
	visit->end = NULL;
	if (in_len > packed.len || !buf_add(&visit->in, packed.p, in_len))
		return -1;
	packed.p += in_len;
	packed.len -= in_len;
	if (session_unpack(&visit->session, &accept->session, packed) == 0)
		return 0;
	buf_free(&visit->in);
	return -1;
}

void
accept_recipient(
    const struct accept *accept, struct visit *visit, struct session_io *io)
{
	enum accept_route route;
	struct match match;

	nodes_match(accept->nodes, &io->recipient, time(NULL), &match);
	route = match.class == MATCH_BACKUP ? ROUTE_BACKUP : ROUTE_LOCAL;
	if (match.class != MATCH_REFUSE && accept->pools[route].name == NULL) {
		match.class = MATCH_REFUSE;
		match.reply = "550 5.7.1 Relaying denied";
	}
	session_recipient(&visit->session, io,
	    match.class == MATCH_REFUSE ? match.reply : NULL, match.mailbox,
	    match.node, (int)route);
}
