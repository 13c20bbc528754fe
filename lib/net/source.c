#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/err.h"
#include "net/source.h"

void
source_watch(int epoll, struct source *source, unsigned events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (source->known && events == source->events)
		return;
	if (epoll_ctl(epoll, source->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		source->fd, &event) < 0)
		fatal("epoll: %s", strerror(errno));
	source->events = events;
	source->known = true;
}

void
source_forget(int epoll, struct source *source)
{
	if (source->known)
		epoll_ctl(epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->known = false;
}
