#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/pool.h"

#define AGAIN_MS 1000 /* between starts if one died before its first frame */

static void
ask(struct pool *pool)
{
	pool->count++;
	pool->asked++;
	pool->start(pool->keeper, pool);
}

void
pool_warm(struct pool *pool)
{
	ask(pool);
}

static struct lease *
find_idle(const struct pool *pool)
{
	struct lease *lease;

	for (lease = pool->leases; lease != NULL; lease = lease->next)
		if (!lease->busy)
			return lease;
	return NULL;
}

struct lease *
pool_take(struct pool *pool)
{
	struct lease *lease = find_idle(pool);

	if (lease != NULL) {
		lease->busy = true;
		return lease;
	}
	errno = pool->count == 0 && pool->failure != 0 ? pool->failure : EAGAIN;
	if (pool->count < pool->size && pool->asked == 0 &&
	    clock_ms() >= pool->not_before) {
		ask(pool);
		errno = EAGAIN;
	}
	return NULL;
}

/* Takes it out of the pool; the keeper ends its processes. */
static void
drop(struct pool *pool, struct lease *lease, bool kill)
{
	struct lease **link = &pool->leases;

	while (*link != lease)
		link = &(*link)->next;
	*link = lease->next;
	/* it must be known before the stages see the end of their input */
	pool->stop(pool->keeper, lease->number, kill);
	close(lease->in);
	close(lease->out);
	pool->count--;
	free(lease);
}

void
pool_give(struct pool *pool, struct lease *lease, bool broken)
{
	lease->busy = false;
	lease->served++;
	broken = broken || lease->broken;
	if (broken || lease->served >= pool->recycle)
		drop(pool, lease, broken);
}

void
pool_started(struct pool *pool, uint32_t number, int in, int out)
{
	struct lease *lease = calloc(1, sizeof(*lease));

	if (lease == NULL)
		fatal("out of memory");
	*lease = (struct lease){
	    .next = pool->leases, .number = number, .in = in, .out = out};
	pool->leases = lease;
	pool->asked--;
	pool->failure = 0;
}

void
pool_failed(struct pool *pool, int failure)
{
	pool->asked--;
	pool->count--;
	pool->failure = failure;
	pool->not_before = clock_ms() + AGAIN_MS;
}

void
pool_died(struct pool *pool, uint32_t number)
{
	struct lease *lease = pool->leases;

	while (lease != NULL && lease->number != number)
		lease = lease->next;
	if (lease == NULL)
		return;
	lease->broken = true;
	if (lease->served == 0)
		pool->not_before = clock_ms() + AGAIN_MS;
	if (!lease->busy)
		drop(pool, lease, true);
}

bool
pool_is_full(const struct pool *pool)
{
	return find_idle(pool) == NULL &&
	       (pool->count >= pool->size || clock_ms() < pool->not_before);
}

void
pool_close(struct pool *pool)
{
	struct lease *lease;

	while ((lease = find_idle(pool)) != NULL)
		drop(pool, lease, false);
}
