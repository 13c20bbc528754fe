/*
 * pool: the pipelines of one route as the loop sees them: two descriptors each,
 * lent to one worker at a time.  Who runs them is somebody else, who is asked
 * through functions.
 */
#ifndef NET_POOL_H
#define NET_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct lease {
	struct lease *next;
	uint32_t number; /* that the keeper gave it */
	int in;          /* write end to the first stage; non-blocking */
	int out;         /* read end from the last stage */
	unsigned served; /* frames */
	bool busy;
	bool broken; /* a stage has died */
};

struct pool {
	const char *name; /* of the route; NULL: there is none */
	unsigned size;    /* pipelines at most */
	unsigned recycle; /* frames a pipeline may carry */
	unsigned count;   /* pipelines that are there or asked for */
	unsigned asked;
	int64_t
	    not_before; /* ask for none earlier: the last one failed early */
	int failure;    /* errno of the last start; 0 if it went well */
	struct lease *leases;
	/* asks for one more, and says what shall become of one that is given
	 * up: killed, or left to end by itself */
	void (*start)(void *keeper, struct pool *pool);
	void (*stop)(void *keeper, uint32_t number, bool kill);
	void *keeper;
};

/* Asks for a first pipeline, so that a mistake in the line is said at once and
 * not when the first message comes. */
void pool_warm(struct pool *pool);

/* An idle pipeline, now busy.  NULL with errno EAGAIN if all are busy, which
 * asks for one more if there is room; if there is none because the last start
 * failed, NULL with its errno. */
struct lease *pool_take(struct pool *pool);

/* Gives it back; broken: it was used in a way that leaves it unusable. */
void pool_give(struct pool *pool, struct lease *lease, bool broken);

/* What the keeper answers. */
void pool_started(struct pool *pool, uint32_t number, int in, int out);
void pool_failed(struct pool *pool, int failure);
void pool_died(struct pool *pool, uint32_t number);

/* Whether nothing in it is idle, and nothing more can be started. */
bool pool_is_full(const struct pool *pool);

/* Gives up all pipelines that nobody uses. */
void pool_close(struct pool *pool);

#endif
