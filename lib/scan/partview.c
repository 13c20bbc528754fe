#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/scan.h"
#include "scan/partview.h"

/* A boundary has 70 octets (RFC 2046, 5.1.1), and readers take longer ones. */
#define DASHES_LINE_MAX 1000

struct view {
	enum {
		BREAK, /* the line before ends a header or begins one */
		KNOWN, /* it belongs to a field that is shown */
		HIDDEN /* or to any other */
	} last;
	size_t dashes;
	size_t fields;
	size_t size;  /* of the last field that is shown */
	size_t words; /* encoded ones in it */
};

/* RFC 5322, 3.6.8: what the name of a field is made of. */
static bool
is_name(int c)
{
	return c > ' ' && c < 127 && c != ':';
}

static bool
is_in_line(int c)
{
	return c != '\n' && c != '\r';
}

struct span
partview_line(struct span *text)
{
	struct scan scan;
	struct span line;

	scan_init(&scan, *text);
	line = scan_while(&scan, is_in_line);
	scan_maybe(&scan, '\r');
	scan_maybe(&scan, '\n');
	*text = scan_rest(&scan);
	return line;
}

struct span
partview_field(struct span line)
{
	struct span none = {NULL, 0}, name;
	struct scan scan;

	scan_init(&scan, line);
	name = scan_while(&scan, is_name);
	scan_while(&scan, ascii_is_blank);
	if (scan_peek(&scan) == '(')
		scan_until(&scan, ':');
	else
		scan_char(&scan, ':');
	return scan.bad ? none : name;
}

static bool
is_known(struct span name)
{
	return span_ieq(name, span_of("Content-Type")) ||
	       span_ieq(name, span_of("Content-Disposition")) ||
	       span_ieq(name, span_of("Content-Transfer-Encoding"));
}

static bool
is_dashes(struct span line)
{
	return line.len >= 2 && line.len <= DASHES_LINE_MAX &&
	       memcmp(line.p, "--", 2) == 0;
}

/* A line of an mbox file, which some put in front of a message in a message. */
static bool
is_mbox(struct span line)
{
	struct scan scan;

	scan_init(&scan, line);
	scan_maybe(&scan, '>');
	return line.len <= DASHES_LINE_MAX && scan_maybe_word(&scan, "From ");
}

/* Counts what costs GMime time by its square.  False if it is too much. */
static bool
count(struct view *view, struct span line)
{
	size_t i;

	view->size += line.len;
	for (i = 1; i < line.len; i++)
		view->words += line.p[i - 1] == '=' && line.p[i] == '?';
	return view->size <= PARTVIEW_FIELD_MAX &&
	       view->words <= PARTVIEW_WORDS_MAX;
}

/* Shows the first line of a field, without a comment behind the name. */
static bool
show(struct view *view, char *p, size_t len, size_t name)
{
	char *colon = memchr(p + name, ':', len - name);

	memset(p + name, ' ', (size_t)(colon - (p + name)));
	view->size = 0;
	view->words = 0;
	view->last = KNOWN;
	return ++view->fields <= PARTVIEW_FIELDS_MAX &&
	       count(view, (struct span){p, len});
}

/* Makes a line a field that means nothing or, behind another such line, more of
 * it: without a line end, for each word of a field costs memory, too. */
static void
blot(struct view *view, char *p, size_t len)
{
	memset(p, 'x', len);
	if (view->last == HIDDEN) {
		p[-1] = 'x';
		if (p[-2] == '\r')
			p[-2] = 'x';
	} else if (len > 1) {
		p[1] = ':';
	}
	view->last = HIDDEN;
}

/* Shows a line or blots it out.  False if there is too much. */
static bool
treat(struct view *view, char *p, size_t len)
{
	struct span line = {p, len}, name = partview_field(line);

	if (len > 0 && ascii_is_blank(p[0]) && view->last == KNOWN)
		return count(view, line);
	if (len == 0 || is_dashes(line) || is_mbox(line)) {
		view->last = BREAK;
		view->dashes += is_dashes(line);
		return view->dashes <= PARTVIEW_DASHES_MAX;
	}
	if (is_known(name))
		return show(view, p, len, name.len);
	blot(view, p, len);
	return true;
}

char *
partview_make(struct span mail)
{
	struct view view = {HIDDEN, 0, 0, 0, 0};
	char *copy, *p, *lf, *end;
	size_t len;

	copy = malloc(mail.len + PARTVIEW_SHIFT);
	if (copy == NULL)
		fatal("out of memory");
	memcpy(copy, "x:\n", PARTVIEW_SHIFT);
	if (mail.len > 0)
		memcpy(copy + PARTVIEW_SHIFT, mail.p, mail.len);
	end = copy + PARTVIEW_SHIFT + mail.len;
	for (p = copy + PARTVIEW_SHIFT; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		len = (size_t)(lf - p);
		if (len > 0 && lf < end && p[len - 1] == '\r')
			len--;
		if (!treat(&view, p, len)) {
			free(copy);
			return NULL;
		}
		if (lf == end)
			break;
	}
	return copy;
}
