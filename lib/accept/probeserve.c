/*
 * probeserve: the process that knocks at the mail servers of other nodes.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept/confine.h"
#include "accept/probe.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scan.h"
#include "net/channel.h"

#define DNS_PORT 53
#define LEAVE_MS 1000     /* for a host to answer QUIT */
#define GREETING_MAX 4096 /* octets of one that are read */
#define SOCKETS_MAX (PROBE_OPEN_MAX * PROBE_ADDRESSES_MAX)

/* A connection. */
struct knock {
	int fd;         /* -1: it is over */
	bool connected; /* or it tries to */
	bool counted;   /* its greeting has been judged */
	bool quit;      /* QUIT was said */
	size_t octets;  /* that were read */
	size_t column;  /* of the line at hand, whose */
	char line[4];   /* beginning this is */
};

/* A host that is being tried. */
struct probe {
	struct probe *next;
	struct prober *prober;
	uint64_t serial;
	int64_t deadline;
	struct dns_question *questions[2]; /* to the DNS that are open */
	struct knock knocks[PROBE_ADDRESSES_MAX];
	size_t count;
	bool answered;
	bool lacking; /* of something of our own */
	char why[PROBE_WHY_MAX + 1];
};

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
knock_end(struct knock *knock)
{
	if (knock->fd >= 0)
		close(knock->fd);
	knock->fd = -1;
	knock->counted = true;
}

/* Says how it is, once; who has been greeted has a moment to take leave, and
 * all else ends. */
static void
conclude(struct probe *probe, enum probe_state state)
{
	int64_t leave = clock_ms() + LEAVE_MS;
	size_t i;

	if (probe->answered)
		return;
	probe->answered = true;
	send_answer(probe->prober, probe->serial, state,
	    state == PROBE_UP ? "" : probe->why);
	if (probe->deadline > leave)
		probe->deadline = leave;
	for (i = 0; i < probe->count; i++)
		if (!probe->knocks[i].counted)
			knock_end(&probe->knocks[i]);
}

static void
conclude_in_vain(struct probe *probe)
{
	conclude(probe, probe->lacking ? PROBE_UNKNOWN : PROBE_DOWN);
}

/* If nothing is left that could greet us, it is down. */
static void
conclude_if_vain(struct probe *probe)
{
	size_t i;

	for (i = 0; i < probe->count; i++)
		if (!probe->knocks[i].counted)
			return;
	if (probe->questions[0] == NULL && probe->questions[1] == NULL)
		conclude_in_vain(probe);
}

static void
set_why(struct probe *probe, const char *text, const char *more)
{
	snprintf(probe->why, sizeof(probe->why), "%s%s", text, more);
	err_printable(probe->why, strlen(probe->why));
}

static void
knock_fails(struct probe *probe, struct knock *knock, const char *why)
{
	if (!knock->counted)
		set_why(probe, why, "");
	knock_end(knock);
	conclude_if_vain(probe);
}

/* What is no fault of the host. */
static bool
is_lack(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM || error == EADDRNOTAVAIL;
}

static void
knock_at(struct probe *probe, const struct sockaddr *address, socklen_t len)
{
	struct knock *knock = &probe->knocks[probe->count];

	if (probe->answered || probe->count == PROBE_ADDRESSES_MAX)
		return;
	memset(knock, 0, sizeof(*knock));
	knock->fd = socket(
	    address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (knock->fd >= 0 &&
	    (connect(knock->fd, address, len) == 0 || errno == EINPROGRESS)) {
		probe->count++;
		return;
	}
	probe->lacking |= is_lack(errno);
	set_why(probe, strerror(errno), "");
	if (knock->fd >= 0)
		close(knock->fd);
}

static void
knock_at_record(struct probe *probe, struct span record)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	in_port_t port = htons((uint16_t)probe->prober->config->port);

	if (record.len == sizeof(four.sin_addr)) {
		four.sin_port = port;
		memcpy(&four.sin_addr, record.p, record.len);
		knock_at(probe, (struct sockaddr *)&four, sizeof(four));
	} else if (record.len == sizeof(six.sin6_addr)) {
		six.sin6_port = port;
		memcpy(&six.sin6_addr, record.p, record.len);
		knock_at(probe, (struct sockaddr *)&six, sizeof(six));
	}
}

static void
take_answer(struct probe *probe, const struct dns_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->count; i++)
		knock_at_record(probe, answer->records[i]);
	if (probe->why[0] == '\0' && answer->count == 0)
		set_why(probe, "no address: ",
		    answer->state == DNS_NO_NAME ? "no such name"
		    : answer->state == DNS_EMPTY ? "the name has none"
						 : answer->reason);
	conclude_if_vain(probe);
}

static void
on_a(void *arg, const struct dns_answer *answer)
{
	struct probe *probe = arg;

	probe->questions[0] = NULL;
	take_answer(probe, answer);
}

static void
on_aaaa(void *arg, const struct dns_answer *answer)
{
	struct probe *probe = arg;

	probe->questions[1] = NULL;
	take_answer(probe, answer);
}

static struct dns_question *
ask(struct probe *probe, const char *host, unsigned type,
    void (*callback)(void *arg, const struct dns_answer *answer))
{
	struct dns_question *question;

	question = dns_ask(probe->prober->dns, host, type, callback, probe);
	if (question == NULL) {
		probe->lacking |= errno != EINVAL;
		set_why(probe, "its name cannot be asked for", "");
	}
	return question;
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
	probe->prober = prober;
	probe->serial = question->serial;
	probe->deadline = clock_ms() + (int64_t)prober->config->wait;
	probe->next = prober->probes;
	prober->probes = probe;
	prober->count++;
	probe->questions[0] = ask(probe, question->host, DNS_A, on_a);
	probe->questions[1] = ask(probe, question->host, DNS_AAAA, on_aaaa);
	conclude_if_vain(probe);
}

/* The line at hand begins with these octets. */
static void
judge(struct probe *probe, struct knock *knock)
{
	char code[4];

	if (knock->counted)
		return;
	if (memcmp(knock->line, "220", 3) == 0) {
		knock->counted = true;
		conclude(probe, PROBE_UP);
		return;
	}
	memcpy(code, knock->line, 3);
	code[3] = '\0';
	set_why(probe, "it greets with ", code);
	knock->counted = true;
	conclude_if_vain(probe);
}

/* The greeting may have several lines, "220-text"; the last one has no dash. */
static void
take_octet(struct probe *probe, struct knock *knock, char c)
{
	if (knock->column < sizeof(knock->line))
		knock->line[knock->column] = c;
	knock->column++;
	if (knock->column == sizeof(knock->line))
		judge(probe, knock);
	if (c != '\n')
		return;
	if (knock->column < sizeof(knock->line))
		knock_fails(probe, knock, "it greets with no reply of SMTP");
	else if (knock->line[3] != '-' && !knock->quit) {
		knock->quit = true;
		send(knock->fd, "QUIT\r\n", 6, MSG_NOSIGNAL);
	}
	knock->column = 0;
}

static void
listen_to(struct probe *probe, struct knock *knock)
{
	char octets[512];
	ssize_t i, n;

	n = recv(knock->fd, octets, sizeof(octets), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		knock_fails(probe, knock,
		    n < 0 ? strerror(errno) : "it hangs up without a greeting");
		return;
	}
	for (i = 0; i < n && knock->fd >= 0; i++)
		take_octet(probe, knock, octets[i]);
	knock->octets += (size_t)n;
	if (knock->octets > GREETING_MAX)
		knock_fails(probe, knock, "it greets without end");
}

static void
knock_event(struct probe *probe, struct knock *knock)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (knock->connected) {
		listen_to(probe, knock);
		return;
	}
	if (getsockopt(knock->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0)
		knock->connected = true;
	else
		knock_fails(probe, knock, strerror(error));
}

/* Whether there is nothing left to do. */
static bool
is_over(struct probe *probe, int64_t now)
{
	size_t i;

	if (now >= probe->deadline) {
		if (!probe->answered)
			set_why(probe, "no greeting in time", "");
		conclude_in_vain(probe);
		return true;
	}
	for (i = 0; i < probe->count; i++)
		if (probe->knocks[i].fd >= 0)
			return false;
	return probe->answered;
}

static void
end(struct probe *probe)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (probe->questions[i] != NULL)
			dns_cancel(probe->questions[i]);
	for (i = 0; i < probe->count; i++)
		knock_end(&probe->knocks[i]);
	free(probe);
}

/* Ends those that are over; returns when the next one will be. */
static int64_t
sweep(struct prober *prober)
{
	struct probe **link = &prober->probes, *probe;
	int64_t now = clock_ms(), next = CLOCK_NEVER;

	while ((probe = *link) != NULL)
		if (is_over(probe, now)) {
			*link = probe->next;
			prober->count--;
			end(probe);
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
			knock_event(owners[i], knocks[i]);
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
