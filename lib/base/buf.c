#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

void
buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf)BUF_INIT(max);
}

void
buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->full = false;
	if (buf->p != NULL)
		buf->p[0] = '\0';
}

void
buf_free(struct buf *buf)
{
	free(buf->p);
	buf_init(buf, buf->max);
}

bool
buf_room(struct buf *buf, size_t len)
{
	size_t cap;
	char *p;

	if (len > buf->max - buf->len) {
		buf->full = true;
		return false;
	}
	if (buf->len + len < buf->cap)
		return true;
	cap = buf->cap < 64 ? 64 : buf->cap;
	while (cap <= buf->len + len)
		cap *= 2;
	if (cap > buf->max + 1)
		cap = buf->max + 1;
	p = realloc(buf->p, cap);
	if (p == NULL)
		fatal("out of memory");
	buf->p = p;
	buf->cap = cap;
	return true;
}

bool
buf_add(struct buf *buf, const void *p, size_t len)
{
	if (!buf_room(buf, len))
		return false;
	if (len > 0)
		memcpy(buf->p + buf->len, p, len);
	buf->len += len;
	buf->p[buf->len] = '\0';
	return true;
}

bool
buf_adds(struct buf *buf, const char *cstr)
{
	return buf_add(buf, cstr, strlen(cstr));
}

bool
buf_addspan(struct buf *buf, struct span span)
{
	return buf_add(buf, span.p, span.len);
}

bool
buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || !buf_room(buf, (size_t)len)) {
		buf->full = true;
		return false;
	}
	va_start(ap, fmt);
	vsnprintf(buf->p + buf->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
	return true;
}

void
buf_cut(struct buf *buf, size_t len)
{
	if (len == 0)
		return;
	buf->len -= len;
	memmove(buf->p, buf->p + len, buf->len);
	buf->p[buf->len] = '\0';
}

const char *
buf_str(const struct buf *buf)
{
	return buf->p != NULL ? buf->p : "";
}
