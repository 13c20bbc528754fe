#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/scan.h"
#include "load/loadbook.h"
#include "load/loadidle.h"

#define SECOND_US 1000000
#define FEW 50 /* connections that are begun at a time */

/* What drips: harmless, and allowed at any time. */
static const char DRIP[] = "NOOP\r\n";

static void
drop(struct loadidle *idle, size_t which)
{
	struct loadidle_socket *socket = &idle->socket[which];

	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
	idle->closed++;
	idle->settled += !socket->greeted;
}

void
loadidle_init(struct loadidle *idle, int epoll, const struct load_plan *plan)
{
	*idle = (struct loadidle){.plan = plan,
	    .epoll = epoll,
	    .count = (size_t)(plan->drip + plan->idle),
	    .dripping = (size_t)plan->drip};
	idle->socket = calloc(idle->count + 1, sizeof(*idle->socket));
	if (idle->socket == NULL)
		fatal("out of memory");
}

void
loadidle_free(struct loadidle *idle)
{
	while (idle->begun > 0)
		if (idle->socket[--idle->begun].fd >= 0)
			close(idle->socket[idle->begun].fd);
	free(idle->socket);
}

int
loadidle_begin(struct loadidle *idle)
{
	struct loadidle_socket *socket;
	size_t which, few;

	for (few = 0; few < FEW && !loadidle_begun(idle); few++) {
		which = idle->begun++;
		socket = &idle->socket[which];
		socket->start = loadbook_now();
		socket->fd =
		    loadconn_socket(&idle->plan->server, &idle->plan->from);
		if (socket->fd < 0)
			drop(idle, which);
		else if (loadconn_watch(idle->epoll, socket->fd,
			     idle->plan->connections + which) < 0)
			return -1;
	}
	return 0;
}

/* Whether the last line of a greeting is in these lines: a server may send
 * the first one early, to see who talks before it is his turn. */
static bool
has_greeting(struct span octets)
{
	struct scan scan;

	scan_init(&scan, octets);
	while (!scan_maybe_word(&scan, "220 ")) {
		scan_until(&scan, '\n');
		if (scan.bad)
			return false;
	}
	return true;
}

static void
greet(struct loadidle *idle, struct loadidle_socket *socket,
    struct loadstat *stat)
{
	socket->greeted = true;
	idle->settled++;
	loadstat_delay(&stat->idle_greeting, loadbook_now() - socket->start);
}

void
loadidle_ready(struct loadidle *idle, size_t which, struct loadstat *stat)
{
	struct loadidle_socket *socket = &idle->socket[which];
	char octets[512];
	ssize_t n;

	if (socket->fd < 0)
		return;
	while ((n = read(socket->fd, octets, sizeof(octets))) > 0)
		if (!socket->greeted &&
		    has_greeting((struct span){octets, (size_t)n}))
			greet(idle, socket, stat);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		drop(idle, which);
}

void
loadidle_drip(struct loadidle *idle, uint64_t now_us)
{
	struct loadidle_socket *socket;
	size_t which;

	if (now_us < idle->drip)
		return;
	idle->drip = now_us + SECOND_US;
	for (which = 0; which < idle->dripping && which < idle->begun;
	     which++) {
		socket = &idle->socket[which];
		if (socket->fd >= 0 && socket->greeted &&
		    write(socket->fd, &DRIP[socket->sent % (sizeof(DRIP) - 1)],
			1) == 1)
			socket->sent++;
	}
}

bool
loadidle_begun(const struct loadidle *idle)
{
	return idle->begun == idle->count;
}

bool
loadidle_settled(const struct loadidle *idle)
{
	return idle->settled == idle->count;
}

size_t
loadidle_up(const struct loadidle *idle)
{
	size_t which, up = 0;

	for (which = 0; which < idle->begun; which++)
		up +=
		    idle->socket[which].fd >= 0 && idle->socket[which].greeted;
	return up;
}
