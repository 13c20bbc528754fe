/*
 * prober: the loop's side of the process that knocks at other nodes, and what
 * is known of them.
 *
 * A node is asked about when somebody writes to it and what is known of it is
 * too old, once, however many write to it: all of them wait for the same
 * answer, a little.  In doubt nobody's mail is taken, and it comes again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accept/server.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"
#include "node/limits.h"

#define GRACE_MS 1000 /* for the answer to come to us */
#define DOUBT_MS 1000 /* that nobody knows, until it is asked again */

struct owner {
	char node[NODE_NAME_MAX + 1];
	char host[DNS_NAME_MAX + 1];
	enum owner_state state;
	enum owner_state told; /* up or down, in the log; else unknown */
	int64_t until;         /* of the state; of OWNER_ASKED, when it began */
	uint64_t serial;       /* of the question */
};

/* The entry of a node.  They are few, and looked for by mail that we may take;
 * if there are too many from older manifests, one of them goes. */
static struct owner *
entry_of(struct server *server, const char *node)
{
	struct owner *owner, *oldest = NULL;
	size_t i;

	for (i = 0; i < server->owner_count; i++) {
		owner = &server->owners[i];
		if (strcmp(owner->node, node) == 0)
			return owner;
		if (owner->state != OWNER_ASKED &&
		    (oldest == NULL || owner->until < oldest->until))
			oldest = owner;
	}
	if (i < NODE_NODES_MAX) {
		if (i == server->owner_cap) {
			server->owner_cap = i * 2 + 8;
			server->owners = realloc(server->owners,
			    server->owner_cap * sizeof(*server->owners));
			if (server->owners == NULL)
				fatal("out of memory");
		}
		oldest = &server->owners[server->owner_count++];
	}
	if (oldest == NULL)
		return NULL;
	memset(oldest, 0, sizeof(*oldest));
	snprintf(oldest->node, sizeof(oldest->node), "%s", node);
	oldest->state = oldest->told = OWNER_UNKNOWN;
	return oldest;
}

static enum owner_state
ask(struct server *server, struct owner *owner, const char *host, int64_t now)
{
	struct probe_question question = {.serial = server->probes + 1};
	struct buf payload = BUF_INIT(PROBE_QUESTION_MAX);
	int rc;

	snprintf(question.host, sizeof(question.host), "%s", host);
	probe_pack_question(&question, &payload);
	rc = channel_send(server->prober.source.fd, PROBE_ASK,
	    buf_span(&payload), NULL, 0, 1);
	buf_free(&payload);
	if (rc < 0)
		return OWNER_UNKNOWN;
	snprintf(owner->host, sizeof(owner->host), "%s", host);
	owner->serial = ++server->probes;
	owner->state = OWNER_ASKED;
	owner->until = now;
	server->probing++;
	return OWNER_ASKED;
}

/* What is known of a node; *which is its place, from 1. */
static enum owner_state
look(struct server *server, const char *node, size_t *which)
{
	const char *host = nodes_host_of(server->accept->nodes, node);
	struct owner *owner;
	int64_t now = clock_ms();

	if (host == NULL || strlen(host) > DNS_NAME_MAX)
		return OWNER_UNKNOWN;
	owner = entry_of(server, node);
	if (owner == NULL)
		return OWNER_UNKNOWN;
	*which = (size_t)(owner - server->owners) + 1;
	if (owner->state == OWNER_ASKED ||
	    (now < owner->until && strcmp(owner->host, host) == 0))
		return owner->state;
	if (server->prober.source.fd < 0)
		return OWNER_UNKNOWN;
	return ask(server, owner, host, now);
}

struct looker {
	struct server *server;
	struct conn *conn;
};

/* Who has waited once does not wait again. */
static enum owner_state
look_for_conn(void *context, const char *node)
{
	const struct looker *looker = context;
	struct conn *conn = looker->conn;
	enum owner_state state = look(looker->server, node, &conn->owner);

	return state == OWNER_ASKED && conn->recipient != NULL ? OWNER_UNKNOWN
							       : state;
}

static int64_t
patience_from(const struct server *server, int64_t now)
{
	return now + (int64_t)server->accept->probe_wait + GRACE_MS;
}

bool
prober_recipient(struct server *server, struct conn *conn)
{
	struct session_io *io = &server->io;
	struct looker looker = {server, conn};

	if (conn->recipient != NULL)
		io->recipient = *conn->recipient;
	if (accept_recipient(
		server->accept, &conn->visit, io, look_for_conn, &looker)) {
		free(conn->recipient);
		conn->recipient = NULL;
		return true;
	}
	conn->recipient = malloc(sizeof(*conn->recipient));
	if (conn->recipient == NULL)
		fatal("out of memory");
	*conn->recipient = io->recipient;
	conn->owner_until = patience_from(server, clock_ms());
	return false;
}

/* The answer may be there before all replies have been sent. */
int64_t
prober_patience(const struct server *server, const struct conn *conn)
{
	return server->owners[conn->owner - 1].state == OWNER_ASKED
		   ? conn->owner_until
		   : clock_ms();
}

static void
answer_worker(struct worker_link *worker, enum owner_state state)
{
	char octet = (char)('0' + state);

	worker->owner = 0;
	channel_send(worker->source.fd, TELL_OWNER, (struct span){&octet, 1},
	    NULL, 0, 1);
}

void
prober_tell(struct server *server, struct worker_link *worker, struct span node)
{
	char name[NODE_NAME_MAX + 1];
	enum owner_state state = OWNER_UNKNOWN;

	if (node.len <= NODE_NAME_MAX) {
		memcpy(name, node.p, node.len);
		name[node.len] = '\0';
		state = look(server, name, &worker->owner);
	}
	if (state == OWNER_ASKED)
		worker->owner_until = patience_from(server, clock_ms());
	else
		answer_worker(worker, state);
}

/* All who wait for this one go on. */
static void
wake(struct server *server, size_t which)
{
	enum owner_state state = server->owners[which - 1].state;
	struct worker_link *worker;
	struct conn *conn, *next;

	for (worker = server->workers; worker != NULL; worker = worker->next)
		if (worker->owner == which)
			answer_worker(worker, state);
	for (conn = server->conns; conn != NULL; conn = next) {
		next = conn->next;
		if (conn->state == CONN_HELD && conn->recipient != NULL &&
		    conn->owner == which)
			talk_resume(server, conn);
	}
}

/* The end of a question. */
static void
settle(struct server *server, struct owner *owner, enum owner_state state,
    int64_t last)
{
	server->probing--;
	owner->state = state;
	owner->until = clock_ms() + last;
	wake(server, (size_t)(owner - server->owners) + 1);
}

/* Nobody answers what was asked. */
static void
lost(struct server *server)
{
	size_t i;

	helper_end(&server->prober, server->epoll);
	for (i = 0; i < server->owner_count; i++)
		if (server->owners[i].state == OWNER_ASKED)
			settle(server, &server->owners[i], OWNER_UNKNOWN, 0);
}

static void
say(struct owner *owner, enum owner_state state, struct span why)
{
	if (state == owner->told)
		return;
	owner->told = state;
	if (state == OWNER_UP)
		info("node '%s' (%s) is up: mail for it is deferred",
		    owner->node, owner->host);
	else if (state == OWNER_DOWN)
		info("node '%s' (%s) is down (%.*s): mail for it is taken",
		    owner->node, owner->host, SPAN_ARG(why));
	else
		warning("node '%s' (%s): not known whether it is up (%.*s)",
		    owner->node, owner->host, SPAN_ARG(why));
}

static void
take_answer(struct server *server, const struct probe_answer *answer)
{
	int64_t cache = (int64_t)server->accept->probe_cache;
	struct owner *owner;
	size_t i;

	for (i = 0; i < server->owner_count; i++) {
		owner = &server->owners[i];
		if (owner->state != OWNER_ASKED ||
		    owner->serial != answer->serial)
			continue;
		switch (answer->state) {
		case PROBE_UP:
			say(owner, OWNER_UP, answer->why);
			settle(server, owner, OWNER_UP, cache);
			return;
		case PROBE_DOWN:
			say(owner, OWNER_DOWN, answer->why);
			settle(server, owner, OWNER_DOWN, cache / 2);
			return;
		case PROBE_UNKNOWN:
			say(owner, OWNER_UNKNOWN, answer->why);
			settle(server, owner, OWNER_UNKNOWN, DOUBT_MS);
			return;
		}
	}
}

void
prober_event(struct server *server)
{
	struct probe_answer answer;
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	n = channel_receive(server->prober.source.fd, server->letter, fds, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		warning("the prober died");
		lost(server);
		return;
	}
	if (server->letter[0] == PROBE_ANSWER &&
	    probe_unpack_answer(
		&answer, (struct span){server->letter + 1, (size_t)n - 1}) == 0)
		take_answer(server, &answer);
}

/* Workers that have waited long enough, and a prober that is silent. */
void
prober_sweep(struct server *server, int64_t now)
{
	int64_t silent = now - 2 * patience_from(server, 0);
	struct worker_link *worker;
	size_t i;

	if (!server->accept->when_down || server->stopping)
		return;
	for (worker = server->workers; worker != NULL; worker = worker->next)
		if (worker->owner != 0 && now >= worker->owner_until)
			answer_worker(worker, OWNER_UNKNOWN);
	for (i = 0; i < server->owner_count; i++)
		if (server->owners[i].state == OWNER_ASKED &&
		    server->owners[i].until < silent) {
			warning("the prober does not answer");
			lost(server);
			break;
		}
	helper_want(&server->prober, server->keeper.fd, KEEPER_PROBE, now);
}

void
prober_stop(struct server *server)
{
	if (server->prober.source.fd >= 0)
		lost(server);
}
