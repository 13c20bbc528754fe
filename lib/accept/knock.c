#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept/knock.h"
#include "base/clock.h"
#include "base/err.h"

#define LEAVE_MS 1000     /* for a host to answer QUIT */
#define GREETING_MAX 4096 /* octets of one that are read */

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
	probe->answer(probe, state, state == PROBE_UP ? "" : probe->why);
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
	in_port_t port = htons(probe->port);

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

	question = dns_ask(probe->dns, host, type, callback, probe);
	if (question == NULL) {
		probe->lacking |= errno != EINVAL;
		set_why(probe, "its name cannot be asked for", "");
	}
	return question;
}

void
probe_begin(struct probe *probe, const char *host)
{
	probe->questions[0] = ask(probe, host, DNS_A, on_a);
	probe->questions[1] = ask(probe, host, DNS_AAAA, on_aaaa);
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

void
probe_event(struct probe *probe, struct knock *knock)
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

bool
probe_is_over(struct probe *probe, int64_t now)
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

void
probe_end(struct probe *probe)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (probe->questions[i] != NULL)
			dns_cancel(probe->questions[i]);
	for (i = 0; i < probe->count; i++)
		knock_end(&probe->knocks[i]);
}
