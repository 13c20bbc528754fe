/*
 * clients: connections, and what is said on them.
 *
 * - clamd's commands end the connection, as there; after EXAMINE and MESSAGE,
 *   and in a session, it goes on.
 * - Whoever may go on has one job at a time, so that the answers come in the
 *   order of the questions; in a session, where answers are numbered, several.
 *   What comes meanwhile waits in the socket.
 * - After the last answer we wait a while for the client to close: a socket
 *   that is closed with something unread in it gives an error at the other end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "desk/deskpart.h"

#define OUT_MAX (4 * REPORT_SIZE_MAX)
#define OUT_PAUSE 8192 /* who has so much to read is not heard */
#define SESSION_JOBS_MIN 4
#define LINGER_MS 5000

static void
end_client(struct desk *desk, struct client *client)
{
	jobs_forget(desk, client);
	source_forget(desk->epoll, &client->source);
	close(client->source.fd);
	client->source.kind = SOURCE_GONE;
	stream_end(&client->stream);
	while (client->fd_count > 0)
		close(client->fds[--client->fd_count]);
	buf_free(&client->in);
	buf_free(&client->out);
	if (client->previous != NULL)
		client->previous->next = client->next;
	else
		desk->clients = client->next;
	if (client->next != NULL)
		client->next->previous = client->previous;
	client->next = desk->gone_clients;
	desk->gone_clients = client;
	desk->client_count--;
}

void
clients_free_gone(struct desk *desk)
{
	struct client *client;

	while ((client = desk->gone_clients) != NULL) {
		desk->gone_clients = client->next;
		free(client);
	}
}

static bool
is_gone(const struct client *client)
{
	return client->source.kind == SOURCE_GONE;
}

static void
give_time(const struct desk *desk, struct client *client)
{
	client->deadline = clock_ms() + (int64_t)desk->settings->timeout;
}

/* Whether it may ask for more now. */
static bool
may_ask(const struct desk *desk, const struct client *client)
{
	size_t max = 2 * (size_t)desk->settings->nursery.scanners;

	if (client->out.len > OUT_PAUSE)
		return false;
	if (!client->session)
		return client->jobs == 0;
	return client->jobs < (max < SESSION_JOBS_MIN ? SESSION_JOBS_MIN : max);
}

/* Between two commands. */
static bool
is_idle(const struct client *client)
{
	return !client->closing && client->jobs == 0 && client->out.len == 0 &&
	       client->in.len == 0 && request_is_idle(&client->parser);
}

static void
watch(struct desk *desk, struct client *client)
{
	unsigned events = client->out.len > 0 ? EPOLLOUT : 0;

	if (!client->at_end && client->in.len == 0 &&
	    (client->closing || may_ask(desk, client)))
		events |= EPOLLIN;
	source_watch(desk->epoll, &client->source, events);
}

/* Sends what there is to send, and ends it if that was the last. */
static void
push(struct desk *desk, struct client *client)
{
	ssize_t n;

	while (client->out.len > 0) {
		n = send(client->source.fd, client->out.p, client->out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			end_client(desk, client);
			return;
		}
		if (n < 0)
			break;
		buf_cut(&client->out, (size_t)n);
	}
	if (client->closing && client->jobs == 0 && client->out.len == 0) {
		if (client->at_end) {
			end_client(desk, client);
			return;
		}
		if (!client->lingers) {
			shutdown(client->source.fd, SHUT_WR);
			client->deadline = clock_ms() + LINGER_MS;
		}
		client->lingers = true;
	}
	watch(desk, client);
}

void
clients_say(
    struct desk *desk, struct client *client, uint64_t id, struct span text)
{
	if (id != 0)
		buf_addf(&client->out, "%" PRIu64 ": ", id);
	buf_addspan(&client->out, text);
	if (client->out.full) /* it does not listen */
		client->closing = client->at_end = true;
	give_time(desk, client);
}

/* Acts on requests as far as it may ask.  What is left is kept for later. */
static void
hear(struct desk *desk, struct client *client, struct span input)
{
	struct request request;

	while (!client->closing && may_ask(desk, client) &&
	       request_next(&client->parser, &input, &request)) {
		if (request.kind != REQUEST_DATA)
			give_time(desk, client);
		talk_obey(desk, client, &request);
	}
	if (!client->closing)
		buf_addspan(&client->in, input);
}

/* Goes on with what was kept. */
static void
resume(struct desk *desk, struct client *client)
{
	struct buf in = client->in;

	buf_init(&client->in, DESK_INPUT_SIZE);
	if (in.len > 0)
		hear(desk, client, buf_span(&in));
	buf_free(&in);
}

/* Keeps the descriptors that came with a message.  False if there are more
 * than anybody needs. */
static bool
keep_fds(struct client *client, struct msghdr *message)
{
	bool kept = (message->msg_flags & MSG_CTRUNC) == 0;
	struct cmsghdr *header;
	size_t i, count;
	int fd;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd),
			    sizeof(fd));
			if (client->closing ||
			    client->fd_count == CLIENT_FDS_MAX) {
				close(fd);
				kept = kept && client->closing;
			} else
				client->fds[client->fd_count++] = fd;
		}
	}
	return kept;
}

/* As many octets as there are, or up to the next descriptor: the kernel ends a
 * message with one. */
static ssize_t
receive(struct desk *desk, struct client *client)
{
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(CLIENT_FDS_MAX * sizeof(int))];
	} control;
	struct iovec vec = {desk->input, DESK_INPUT_SIZE};
	struct msghdr message = {.msg_iov = &vec,
	    .msg_iovlen = 1,
	    .msg_control = control.octets,
	    .msg_controllen = sizeof(control.octets)};
	ssize_t n;

	n = recvmsg(
	    client->source.fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n >= 0 && !keep_fds(client, &message)) {
		errno = EMFILE;
		return -1;
	}
	return n;
}

static void
read_some(struct desk *desk, struct client *client)
{
	ssize_t n = receive(desk, client);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		client->closing = client->at_end = true;
	else if (n == 0)
		client->at_end = true;
	else if (!client->closing) {
		if (is_idle(client))
			give_time(desk, client);
		hear(desk, client, (struct span){desk->input, (size_t)n});
	}
}

/* Sends, goes on with what waits, and ends it if it has said all. */
static void
settle(struct desk *desk, struct client *client)
{
	client->answered = false;
	while (!client->closing && client->in.len > 0 && may_ask(desk, client))
		resume(desk, client);
	if (client->at_end && client->jobs == 0 && client->in.len == 0)
		client->closing = true;
	push(desk, client);
}

void
clients_event(struct desk *desk, struct client *client, unsigned events)
{
	bool reads = (client->source.events & EPOLLIN) != 0;

	if ((events & (EPOLLHUP | EPOLLERR)) != 0 && !reads) {
		end_client(desk, client);
		return;
	}
	if (reads && (events & ~(unsigned)EPOLLOUT) != 0)
		read_some(desk, client);
	settle(desk, client);
}

void
clients_begin(struct desk *desk, int fd, bool kept)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		fatal("out of memory");
	client->source = (struct source){SOURCE_CLIENT, fd, 0, false};
	buf_init(&client->in, DESK_INPUT_SIZE);
	buf_init(&client->out, OUT_MAX);
	client->stream.fd = -1;
	client->kept = kept;
	client->next = desk->clients;
	if (client->next != NULL)
		client->next->previous = client;
	desk->clients = client;
	desk->client_count++;
	give_time(desk, client);
	watch(desk, client);
}

static int64_t
deadline_of(const struct desk *desk, const struct client *client)
{
	if (client->out.len > 0 || client->lingers)
		return client->deadline;
	if (client->closing)
		return client->jobs > 0 ? CLOCK_NEVER : client->deadline;
	if (client->jobs > 0 &&
	    (request_is_idle(&client->parser) || !may_ask(desk, client)))
		return CLOCK_NEVER;
	if (client->kept && is_idle(client))
		return CLOCK_NEVER;
	return client->deadline;
}

static void
time_out(struct desk *desk, struct client *client)
{
	static const char text[] = "COMMAND READ TIMED OUT\n";

	if (client->closing || client->out.len > 0) {
		end_client(desk, client);
		return;
	}
	clients_say(desk, client, 0, span_of(text));
	stream_end(&client->stream);
	client->closing = true;
	push(desk, client);
}

int64_t
clients_sweep(struct desk *desk, int64_t now)
{
	struct client *client, *next;
	int64_t first = CLOCK_NEVER;

	for (client = desk->clients; client != NULL; client = next) {
		next = client->next;
		if (client->answered ||
		    (client->in.len > 0 && may_ask(desk, client)))
			settle(desk, client);
		else if (now >= deadline_of(desk, client))
			time_out(desk, client);
		if (!is_gone(client) && deadline_of(desk, client) < first)
			first = deadline_of(desk, client);
	}
	return first;
}

/* One that has its answers, or says nothing. */
static bool
may_be_ended(const struct client *client)
{
	char octet;

	return client->lingers || (client->kept && is_idle(client) &&
				      recv(client->source.fd, &octet, 1,
					  MSG_PEEK | MSG_DONTWAIT) < 0);
}

static struct client *
find_idle(const struct desk *desk)
{
	struct client *client = desk->clients;

	while (client != NULL && !may_be_ended(client))
		client = client->next;
	return client;
}

bool
clients_may_make_room(const struct desk *desk)
{
	return find_idle(desk) != NULL;
}

void
clients_make_room(struct desk *desk)
{
	struct client *client = find_idle(desk);

	if (client != NULL)
		end_client(desk, client);
}

void
clients_stop(struct desk *desk)
{
	struct client *client, *next;

	for (client = desk->clients; client != NULL; client = next) {
		next = client->next;
		if (client->jobs == 0 && client->out.len == 0)
			end_client(desk, client);
	}
}

void
clients_end(struct desk *desk)
{
	while (desk->clients != NULL)
		end_client(desk, desk->clients);
	clients_free_gone(desk);
}
