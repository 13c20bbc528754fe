/*
 * probeserve: the process that knocks at the mail servers of other nodes.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept/confine.h"
#include "accept/knock.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scan.h"
#include "net/channel.h"

#define DNS_PORT 53
#define SOCKETS_MAX (PROBE_OPEN_MAX * PROBE_ADDRESSES_MAX)

struct prober {
	const struct probe_config *config;
	struct dns *dns;
	int channel;
	char *letter; /* CHANNEL_SIZE octets */
	struct probe *probes;
	size_t count;
};

/* The loop does not wait for us, nor we for the loop. */
static void
send_answer(const struct prober *prober, uint64_t serial,
    enum probe_state state, const char *why)
{
	struct probe_answer answer = {serial, state, span_of(why)};
	struct buf payload = BUF_INIT(PROBE_ANSWER_MAX);

	probe_pack_answer(&answer, &payload);
	channel_send(
	    prober->channel, PROBE_ANSWER, buf_span(&payload), NULL, 0, 1);
	buf_free(&payload);
}

static void
on_answer(const struct probe *probe, enum probe_state state, const char *why)
{
	send_answer(probe->arg, probe->serial, state, why);
}

static void
begin(struct prober *prober, const struct probe_question *question)
{
	struct probe *probe;

	if (prober->count == PROBE_OPEN_MAX) {
		send_answer(
		    prober, question->serial, PROBE_UNKNOWN, "too many hosts");
		return;
	}
	probe = calloc(1, sizeof(*probe));
	if (probe == NULL)
		fatal("out of memory");
	probe->serial = question->serial;
	probe->dns = prober->dns;
	probe->port = (uint16_t)prober->config->port;
	probe->answer = on_answer;
	probe->arg = prober;
	probe->deadline = clock_ms() + (int64_t)prober->config->wait;
	probe->next = prober->probes;
	prober->probes = probe;
	prober->count++;
	probe_begin(probe, question->host);
}

/* Ends those that are over; returns when the next one will be. */
static int64_t
sweep(struct prober *prober)
{
	struct probe **link = &prober->probes, *probe;
	int64_t now = clock_ms(), next = CLOCK_NEVER;

	while ((probe = *link) != NULL)
		if (probe_is_over(probe, now)) {
			*link = probe->next;
			prober->count--;
			probe_end(probe);
			free(probe);
		} else {
			if (probe->deadline < next)
				next = probe->deadline;
			link = &probe->next;
		}
	return next;
}

/* Takes a question from the channel, if there is one; false when it is
 * closed. */
static bool
take_question(struct prober *prober)
{
	int i, fds[CHANNEL_FDS_MAX];
	struct probe_question question;
	ssize_t n;

	n = channel_receive(prober->channel, prober->letter, fds, 1);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	for (i = 0; i < CHANNEL_FDS_MAX; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (prober->letter[0] == PROBE_ASK &&
	    probe_unpack_question(&question,
		(struct span){prober->letter + 1, (size_t)n - 1}) == 0)
		begin(prober, &question);
	return true;
}

/* Waits for all that can happen; false when the channel is closed. */
static bool
turn(struct prober *prober)
{
	static struct pollfd pfd[2 + SOCKETS_MAX];
	static struct knock *knocks[SOCKETS_MAX];
	static struct probe *owners[SOCKETS_MAX];
	int64_t next = sweep(prober), dns = dns_next(prober->dns);
	struct probe *probe;
	nfds_t i, count = 0;
	struct knock *knock;

	for (probe = prober->probes; probe != NULL; probe = probe->next)
		for (i = 0; i < probe->count; i++) {
			knock = &probe->knocks[i];
			if (knock->fd < 0)
				continue;
			knocks[count] = knock;
			owners[count] = probe;
			pfd[2 + count++] = (struct pollfd){
			    knock->fd, knock->connected ? POLLIN : POLLOUT, 0};
		}
	pfd[0] = (struct pollfd){dns_fd(prober->dns), POLLIN, 0};
	pfd[1] = (struct pollfd){prober->channel, POLLIN, 0};
	if (poll(pfd, 2 + count, clock_left(dns < next ? dns : next)) <= 0)
		count = 0;
	/* an event may end others of the same host */
	for (i = 0; i < count; i++)
		if (pfd[2 + i].revents != 0 && knocks[i]->fd >= 0)
			probe_event(owners[i], knocks[i]);
	dns_take(prober->dns);
	return take_question(prober);
}

/* To these ports it may connect. */
static void
confine(const struct probe_config *config)
{
	uint16_t ports[2] = {(uint16_t)config->port, DNS_PORT};
	const char *at =
	    config->dns.server != NULL ? strchr(config->dns.server, '@') : NULL;
	struct scan scan;

	if (at != NULL) {
		scan_init(&scan, span_of(at + 1));
		ports[1] = (uint16_t)scan_number(&scan, UINT16_MAX);
	}
	confine_prober(ports, 2);
}

_Noreturn void
probe_main(const struct probe_config *config, int channel)
{
	struct prober prober = {.config = config, .channel = channel};

	prober.dns = dns_open(&config->dns);
	prober.letter = malloc(CHANNEL_SIZE);
	if (prober.dns == NULL)
		fatal("hosts of other nodes cannot be looked up");
	if (prober.letter == NULL)
		fatal("out of memory");
	confine(config);
	while (turn(&prober))
		continue;
	_exit(STATUS_OK);
}
