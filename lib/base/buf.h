/*
 * buf: octets that grow, up to a maximum.
 *
 * Invariants: len <= cap <= max + 1; p is NULL while cap is 0; p[len] is NUL
 * once anything was added, so that buf_str() costs nothing.  Running out of
 * memory ends the program with 111.  Passing the maximum is an ordinary error:
 * nothing is added, the call returns false, and `full` stays set until the
 * next buf_reset(), so that a caller may test once at the end.
 *
 * Life: BUF_INIT(max), any verbs, buf_free().  buf_reset() keeps the memory.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct buf {
	char *p;
	size_t len;
	size_t cap;
	size_t max;
	bool full; /* an add was refused */
};

#define BUF_INIT(max)                    \
	{                                \
		NULL, 0, 0, (max), false \
	}

void buf_init(struct buf *buf, size_t max);
void buf_reset(struct buf *buf);
void buf_free(struct buf *buf);

bool buf_add(struct buf *buf, const void *p, size_t len);
bool buf_adds(struct buf *buf, const char *cstr);
bool buf_addspan(struct buf *buf, struct span span);
bool buf_addf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for len more octets at p + len, for a caller that writes there
 * itself and then raises len. */
bool buf_room(struct buf *buf, size_t len);

/* Drops the first len octets. */
void buf_cut(struct buf *buf, size_t len);

/* The octets as a C string ("" when empty).  The buffer keeps it. */
const char *buf_str(const struct buf *buf);

static inline struct span
buf_span(const struct buf *buf)
{
	return (struct span){buf->p, buf->len};
}

#endif
