#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "load/loadidle.h"

#define SECOND_US 1000000

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
	idle->settled += !socket->settled;
	socket->settled = true;
}

int
loadidle_open(struct loadidle *idle, int epoll, const struct load_plan *plan)
{
	size_t which;
	int fd;

	*idle = (struct loadidle){.count = (size_t)(plan->drip + plan->idle),
	    .dripping = (size_t)plan->drip};
	idle->socket = calloc(idle->count + 1, sizeof(*idle->socket));
	if (idle->socket == NULL)
		fatal("out of memory");
	for (which = 0; which < idle->count; which++) {
		fd = loadconn_socket(&plan->server, &plan->from);
		idle->socket[which].fd = fd;
		if (fd < 0)
			drop(idle, which);
		else if (loadconn_watch(epoll, fd, plan->connections + which) <
			 0) {
			idle->count = which + 1;
			return -1;
		}
	}
	return 0;
}

void
loadidle_close(struct loadidle *idle)
{
	while (idle->count > 0)
		if (idle->socket[--idle->count].fd >= 0)
			close(idle->socket[idle->count].fd);
	free(idle->socket);
}

void
loadidle_ready(struct loadidle *idle, size_t which)
{
	struct loadidle_socket *socket = &idle->socket[which];
	char octets[512];
	ssize_t n;

	if (socket->fd < 0)
		return;
	while ((n = read(socket->fd, octets, sizeof(octets))) > 0) {
		idle->settled += !socket->settled;
		socket->settled = true;
	}
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
	for (which = 0; which < idle->dripping; which++) {
		socket = &idle->socket[which];
		if (socket->fd >= 0 && socket->settled &&
		    write(socket->fd, &DRIP[socket->sent % (sizeof(DRIP) - 1)],
			1) == 1)
			socket->sent++;
	}
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

	for (which = 0; which < idle->count; which++)
		up +=
		    idle->socket[which].fd >= 0 && idle->socket[which].settled;
	return up;
}
