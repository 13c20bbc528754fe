/*
 * asker: the loop's side of the DNS lists.  A connection is asked about when it
 * comes; by its first RCPT there is an answer, or it waits a little, or goes on
 * without one.  Their process may lag or die: then nobody waits.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "accept/lists.h"
#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"

#define AGAIN_MS 1000       /* between starts of their process, at first */
#define AGAIN_MOST_MS 60000 /* and if it never lives for long */

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
		conn_resume(server, conn);
}

void
asker_ask(struct server *server, struct conn *conn,
    const struct sockaddr_storage *peer)
{
	char payload[LISTS_QUESTION_SIZE];
	struct lists_question question;
	struct conn **slot;

	if (server->lists.fd < 0 ||
	    lists_question(&question, server->questions + 1, peer) < 0)
		return;
	slot = slot_of(server, question.serial);
	if (*slot != NULL)
		let_go(server, *slot);
	lists_pack_question(&question, payload);
	if (channel_send(server->lists.fd, LISTS_ASK,
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

void
asker_started(struct server *server, int channel)
{
	if (channel < 0) /* no descriptor for it; the next sweep asks again */
		return;
	/* with a slow keeper there may be one already, asked for before */
	if (server->stopping || server->lists.fd >= 0) {
		close(channel);
		return;
	}
	server->lists = (struct source){SOURCE_LISTS, channel, 0, false};
	source_watch(server->epoll, &server->lists, EPOLLIN);
}

static void
lost(struct server *server)
{
	size_t i;

	source_forget(server->epoll, &server->lists);
	close(server->lists.fd);
	server->lists.fd = -1;
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

	n = channel_receive(server->lists.fd, server->letter, fds, 1);
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
	static const struct keeper_note none;

	if (!server->accept->lists || server->lists.fd >= 0 ||
	    server->stopping || now < server->next_lists)
		return;
	/* the pause doubles, unless there was a longer time without a death */
	if (now > server->next_lists + server->lists_pause + AGAIN_MOST_MS)
		server->lists_pause = AGAIN_MS;
	else if (server->lists_pause < AGAIN_MOST_MS)
		server->lists_pause *= 2;
	server->next_lists = now + server->lists_pause;
	keeper_tell(server->keeper.fd, KEEPER_LISTS, &none);
}

void
asker_stop(struct server *server)
{
	if (server->lists.fd >= 0)
		lost(server);
}
