#include <errno.h>
#include <string.h>

#include "base/scan.h"
#include "peer/transport.h"
#include "queue/queue.h"

/* What a node says of how to reach it. */
struct reach {
	struct span scheme;
	struct span user; /* len 0: not said */
	struct span host;
	struct span port; /* len 0: not said */
};

static bool
is_no_mark(int c)
{
	return c >= 0 && c != '@' && c != ':';
}

/* Takes apart what value_is_reach() has seen. */
static void
take_reach(struct reach *reach, const char *text)
{
	struct scan scan;

	memset(reach, 0, sizeof(*reach));
	scan_init(&scan, span_of(text));
	reach->scheme = scan_until(&scan, ':');
	scan_text(&scan, "//");
	reach->host = scan_while(&scan, is_no_mark);
	if (scan_maybe(&scan, '@')) {
		reach->user = reach->host;
		reach->host = scan_while(&scan, is_no_mark);
	}
	if (scan_maybe(&scan, ':'))
		reach->port = scan_rest(&scan);
}

/* As ssh(1) takes it. */
static void
add_for_ssh(const struct reach *reach, struct buf *line)
{
	bool port = reach->port.len > 0 && span_is(reach->scheme, "ssh");

	if (port)
		buf_adds(line, "ssh://");
	if (reach->user.len > 0)
		buf_addf(line, "%.*s@", SPAN_ARG(reach->user));
	buf_addspan(line, reach->host);
	if (port)
		buf_addf(line, ":%.*s", SPAN_ARG(reach->port));
}

static void
add_or(struct span text, const char *other, struct buf *line)
{
	buf_addspan(line, text.len > 0 ? text : span_of(other));
}

/* Expands one letter behind a '%'. */
static int
expand(char letter, const char *name, const struct manifest *manifest,
    struct buf *line)
{
	struct reach reach;

	errno = EINVAL;
	/* an address literal would be a pattern of file names to a shell */
	if (letter == 'n' && (!queue_is_name(span_of(name)) || *name == '['))
		return -1;
	if (letter == '%' || letter == 'n') {
		buf_adds(line, letter == 'n' ? name : "%");
		return 0;
	}
	if (letter == '\0' || strchr("hHpu", letter) == NULL)
		return -1;
	errno = ENOENT;
	if (manifest == NULL || manifest->reach == NULL)
		return -1;
	take_reach(&reach, manifest->reach);
	if (letter == 'h')
		add_for_ssh(&reach, line);
	else if (letter == 'H')
		buf_addspan(line, reach.host);
	else if (letter == 'p')
		add_or(reach.port, "22", line);
	else
		add_or(reach.user, "pimail", line);
	return 0;
}

int
transport_line(const char *text, const char *name,
    const struct manifest *manifest, struct buf *line)
{
	for (; *text != '\0'; text++)
		if (*text != '%')
			buf_add(line, text, 1);
		else if (expand(*++text, name, manifest, line) < 0)
			return -1;
	errno = E2BIG;
	return line->full ? -1 : 0;
}
