#include <inttypes.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "node/limits.h"
#include "node/manifest.h"
#include "node/serial.h"

uint64_t
serial_next(uint64_t old, time_t now)
{
	struct tm day;
	uint64_t serial = 0;

	if (now > 0 && gmtime_r(&now, &day) != NULL)
		serial = ((uint64_t)(day.tm_year + 1900) * 10000 +
			     (uint64_t)(day.tm_mon + 1) * 100 +
			     (uint64_t)day.tm_mday) *
			 100;
	if (serial <= old || serial > NODE_SERIAL_MAX)
		serial = old + 1;
	return serial <= NODE_SERIAL_MAX ? serial : 0;
}

/* Where a line (from 1) begins. */
static size_t
line_start(struct span text, unsigned line)
{
	struct span rest = text;

	while (--line > 0)
		span_line(&rest);
	return (size_t)(rest.p - text.p);
}

static bool
is_blank(int c)
{
	return c == ' ';
}

/* Finds the digits of "serial: N" in a line that has the key. */
static bool
find_digits(struct span line, struct span *digits)
{
	struct scan scan;
	const char *key;

	key = span_find(line, span_of("serial:"));
	if (key == NULL)
		return false;
	scan_init(&scan, span_from(line, (size_t)(key - line.p)));
	scan_text(&scan, "serial:");
	scan_while(&scan, is_blank);
	*digits = scan_while(&scan, ascii_is_digit);
	return digits->len > 0;
}

/* Where the serial goes, and how many octets it replaces. */
static bool
find_place(struct span text, const struct manifest *manifest, size_t *at,
    size_t *len, struct span *indent)
{
	const struct tree *node = tree_entry(manifest->tree, "node");
	const struct tree *entry = tree_entry(node, "serial");
	struct span rest, line, digits;
	struct scan scan;

	*indent = (struct span){0};
	*len = 0;
	*at = line_start(text, entry != NULL ? entry->line : node->child->line);
	rest = span_from(text, *at);
	line = span_line(&rest);
	if (entry != NULL) {
		if (!find_digits(line, &digits))
			return false;
		*at = (size_t)(digits.p - text.p);
		*len = digits.len;
		return true;
	}
	scan_init(&scan, line);
	*indent = scan_while(&scan, is_blank);
	return indent->len > 0 &&
	       span_starts(scan_rest(&scan), node->child->key);
}

static int
put(struct span text, const struct manifest *old, uint64_t serial,
    struct buf *edited)
{
	struct manifest *manifest;
	struct span indent, whole;
	size_t at, len, start = edited->len;
	bool good;

	if (!find_place(text, old, &at, &len, &indent))
		return -1;
	buf_add(edited, text.p, at);
	if (old->serial == 0)
		buf_addf(edited, "%.*sserial: ", SPAN_ARG(indent));
	buf_addf(edited, "%" PRIu64, serial);
	if (old->serial == 0)
		buf_adds(edited, "\n");
	buf_addspan(edited, span_from(text, at + len));
	/* it may have been in a comment that we found it */
	whole = span_from(buf_span(edited), start);
	manifest = manifest_parse(whole, NULL, old->name);
	good = manifest != NULL && manifest->serial == serial && !edited->full;
	manifest_free(manifest);
	return good ? 0 : -1;
}

int
serial_put(struct span text, uint64_t serial, struct buf *edited)
{
	struct manifest *old = manifest_parse(text, NULL, NULL);
	int rc;

	rc = old != NULL ? put(text, old, serial, edited) : -1;
	manifest_free(old);
	return rc;
}
