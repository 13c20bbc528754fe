/*
 * asker: the loop's side of the DNS lists.  A connection is asked about when it
 * comes; by its first RCPT there is an answer, or it waits a little, or goes on
 * without one.  Their process may lag or die: then nobody waits.
 */
#include <errno.h>
#include <string.h>

#include "accept/lists.h"
#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"

static struct conn **
slot_of(struct server *server, uint64_t question)
{
	return &server->asked[question % SERVER_ASKED_MAX];
}

/* Nobody answers this one any more. */
static void
let_go(struct server *server, struct conn *conn)
{
	asker_cancel(server, conn);
	conn->visit.session.hold = false;
	if (conn->state == CONN_HELD)
		talk_resume(server, conn);
}

void
asker_ask(struct server *server, struct conn *conn,
    const struct sockaddr_storage *peer)
{
	char payload[LISTS_QUESTION_SIZE];
	struct lists_question question;
	struct conn **slot;

	if (server->lists.source.fd < 0 ||
	    lists_question(&question, server->questions + 1, peer) < 0)
		return;
	slot = slot_of(server, question.serial);
	if (*slot != NULL)
		let_go(server, *slot);
	lists_pack_question(&question, payload);
	if (channel_send(server->lists.source.fd, LISTS_ASK,
		(struct span){payload, sizeof(payload)}, NULL, 0, 1) < 0)
		return;
	server->questions = question.serial;
	*slot = conn;
	conn->asked = question.serial;
	conn->visit.session.hold = true;
	conn->lists_until = clock_ms() + (int64_t)server->accept->lists_wait;
}

void
asker_cancel(struct server *server, struct conn *conn)
{
	if (conn->asked == 0)
		return;
	*slot_of(server, conn->asked) = NULL;
	conn->asked = 0;
}

static void
lost(struct server *server)
{
	size_t i;

	helper_end(&server->lists, server->epoll);
	for (i = 0; i < SERVER_ASKED_MAX; i++)
		if (server->asked[i] != NULL)
			let_go(server, server->asked[i]);
}

void
asker_event(struct server *server)
{
	struct lists_answer answer;
	struct conn *conn;
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	n = channel_receive(server->lists.source.fd, server->letter, fds, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		warning("DNS lists: their process died");
		lost(server);
		return;
	}
	if (server->letter[0] != LISTS_ANSWER ||
	    lists_unpack_answer(
		&answer, (struct span){server->letter + 1, (size_t)n - 1}) < 0)
		return;
	conn = *slot_of(server, answer.serial);
	if (conn == NULL || conn->asked != answer.serial)
		return; /* it came too late */
	conn->visit.score = answer.score;
	buf_reset(&conn->visit.lists);
	buf_addspan(&conn->visit.lists, answer.text);
	let_go(server, conn);
}

void
asker_sweep(struct server *server, int64_t now)
{
	if (server->accept->lists && !server->stopping)
		helper_want(
		    &server->lists, server->keeper.fd, KEEPER_LISTS, now);
}

void
asker_stop(struct server *server)
{
	if (server->lists.source.fd >= 0)
		lost(server);
}
