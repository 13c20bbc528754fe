#include "smtp/text.h"

/*
 * Both go through the input once, moving it down over the CRs and dots that
 * are left out.  Inside a line memchr(3) does the work.
 */
struct cursor {
	char *from;
	char *end;
	char *to;
	size_t extra; /* dots of DATA that are no part of the message */
};

/* Moves the rest of the line up to CR, LF or the end. */
static void
move_line(struct cursor *c)
{
	size_t len = (size_t)(c->end - c->from);
	char *stop;

	stop = memchr(c->from, '\n', len);
	if (stop != NULL)
		len = (size_t)(stop - c->from);
	stop = memchr(c->from, '\r', len);
	if (stop != NULL)
		len = (size_t)(stop - c->from);
	if (c->to != c->from)
		memmove(c->to, c->from, len);
	c->to += len;
	c->from += len;
}

static enum text_result
take(struct cursor *c, enum session_text *state, bool dots)
{
	while (c->from < c->end)
		switch (*state) {
		case TEXT_BEGIN:
			if (dots && *c->from == '.') {
				*state = TEXT_DOT;
				c->from++;
				c->extra++;
				break;
			}
			*state = TEXT_INSIDE;
			/* FALLTHROUGH */
		case TEXT_INSIDE:
			move_line(c);
			if (c->from == c->end)
				break;
			if (*c->from++ == '\n')
				return TEXT_BARE;
			*state = TEXT_CR;
			break;
		case TEXT_CR:
			if (*c->from++ != '\n')
				return TEXT_BARE;
			*c->to++ = '\n';
			*state = TEXT_BEGIN;
			break;
		case TEXT_DOT:
			/* the dot was stuffing, and is left out, unless CRLF
			 * follows */
			*state = *c->from == '\r' ? TEXT_DOT_CR : TEXT_INSIDE;
			if (*state == TEXT_DOT_CR) {
				c->from++;
				c->extra++;
			}
			break;
		case TEXT_DOT_CR:
			if (*c->from++ != '\n')
				return TEXT_BARE;
			c->extra++;
			*state = TEXT_BEGIN;
			return TEXT_END;
		}
	return TEXT_MORE;
}

static enum text_result
take_from(enum session_text *state, char **in, size_t *len, struct span *out,
    size_t *octets, bool dots)
{
	struct cursor c = {*in, *in + *len, *in, 0};
	enum text_result result;

	result = take(&c, state, dots);
	*out = (struct span){*in, (size_t)(c.to - *in)};
	*octets = (size_t)(c.from - *in) - c.extra;
	*len -= (size_t)(c.from - *in);
	*in = c.from;
	return result;
}

enum text_result
text_take_data(enum session_text *state, char **in, size_t *len,
    struct span *out, size_t *octets)
{
	return take_from(state, in, len, out, octets, true);
}

enum text_result
text_take_chunk(enum session_text *state, char **in, size_t *len,
    struct span *out, size_t *octets)
{
	return take_from(state, in, len, out, octets, false);
}
