#include <sys/epoll.h>
#include <unistd.h>

#include "accept/helper.h"
#include "accept/keeper.h"

#define AGAIN_MS 1000       /* between starts, at first */
#define AGAIN_MOST_MS 60000 /* and if it never lives for long */

void
helper_init(struct helper *helper, int kind)
{
	*helper = (struct helper){{kind, -1, 0, false}, 0, AGAIN_MS};
}

void
helper_want(struct helper *helper, int keeper, char kind, int64_t now)
{
	static const struct keeper_note none;

	if (helper->source.fd >= 0 || now < helper->next)
		return;
	/* the pause doubles, unless there was a longer time without a death */
	if (now > helper->next + helper->pause + AGAIN_MOST_MS)
		helper->pause = AGAIN_MS;
	else if (helper->pause < AGAIN_MOST_MS)
		helper->pause *= 2;
	helper->next = now + helper->pause;
	keeper_tell(keeper, kind, &none);
}

void
helper_started(struct helper *helper, int epoll, int channel, bool unwanted)
{
	if (channel < 0) /* the next sweep asks again */
		return;
	/* with a slow keeper there may be one already, asked for before */
	if (unwanted || helper->source.fd >= 0) {
		close(channel);
		return;
	}
	helper->source.fd = channel;
	source_watch(epoll, &helper->source, EPOLLIN);
}

void
helper_end(struct helper *helper, int epoll)
{
	source_forget(epoll, &helper->source);
	close(helper->source.fd);
	helper->source.fd = -1;
}
