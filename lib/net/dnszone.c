#include <errno.h>
#include <string.h>

#include <unbound.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/file.h"
#include "base/scan.h"
#include "net/dnspart.h"

#define TTL_MAX INT32_MAX /* RFC 2181, section 8 */

static bool
is_dark(int c)
{
	return c > ' ';
}

/* The line without a comment, whose ';' is no part of a quoted text, and
 * without blanks around.  Says if a quoted text has no end. */
static struct span
bare(struct span line, bool *open)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < line.len; i++) {
		if (line.p[i] == '\\')
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
		else if (line.p[i] == ';' && !quoted)
			line.len = i;
	}
	*open = quoted;
	while (line.len > 0 && (ascii_is_blank(line.p[line.len - 1]) ||
				   line.p[line.len - 1] == '\r'))
		line.len--;
	while (line.len > 0 && ascii_is_blank(line.p[0])) {
		line.p++;
		line.len--;
	}
	return line;
}

/* libunbound would take the first words and leave the others. */
static bool
has_too_much(struct span type, struct span data)
{
	static const struct {
		const char *type;
		size_t words;
	} known[] = {{"A", 1}, {"AAAA", 1}, {"MX", 2}, {"NS", 1}, {"PTR", 1}};
	size_t i, words = 0;

	for (i = 0; i < data.len; i++)
		if (!ascii_is_blank(data.p[i]) &&
		    (i == 0 || ascii_is_blank(data.p[i - 1])))
			words++;
	for (i = 0; i < nitems(known); i++)
		if (span_ieq(type, span_of(known[i].type)))
			return words > known[i].words;
	return false;
}

/* "NAME TTL IN TYPE DATA"; libunbound reads NAME and DATA.  Returns NULL, or
 * what is wrong. */
static const char *
fault(struct span record)
{
	struct span name, type, data;
	struct scan scan;

	if (record.len > DNS_LINE_MAX)
		return "too long";
	if (memchr(record.p, '\0', record.len) != NULL)
		return "NUL in it";
	scan_init(&scan, record);
	name = scan_while(&scan, is_dark);
	scan_while(&scan, ascii_is_blank);
	scan_number(&scan, TTL_MAX);
	if (scan_while(&scan, ascii_is_blank).len == 0)
		scan_fail(&scan);
	if (!scan_maybe_word(&scan, "IN") ||
	    scan_while(&scan, ascii_is_blank).len == 0)
		return "not of the form NAME TTL IN TYPE DATA";
	type = scan_while(&scan, is_dark);
	scan_while(&scan, ascii_is_blank);
	data = scan_rest(&scan);
	/* libunbound would find these as they stand, and do nothing more */
	if (name.p[0] == '*' || span_ieq(type, span_of("CNAME")) ||
	    span_ieq(type, span_of("DNAME")))
		return "no wildcards and aliases here";
	if (data.len == 0)
		return "no data";
	return has_too_much(type, data) ? "more data than one record has"
					: NULL;
}

/* Adds one record.  Returns NULL, or what is wrong. */
static const char *
add(struct ub_ctx *context, struct span record, struct buf *copy)
{
	const char *wrong = fault(record);

	if (wrong != NULL)
		return wrong;
	buf_reset(copy);
	buf_addspan(copy, record);
	return ub_ctx_data_add(context, buf_str(copy)) == 0 ? NULL
							    : "not a record";
}

static int
add_all(struct ub_ctx *context, const char *path, struct span text)
{
	struct buf copy = BUF_INIT(DNS_LINE_MAX);
	const char *wrong = NULL, *lf;
	struct span line, record;
	size_t number;
	bool open;

	for (number = 1; text.len > 0; number++) {
		lf = memchr(text.p, '\n', text.len);
		line = (struct span){
		    text.p, lf != NULL ? (size_t)(lf - text.p) : text.len};
		text.p += line.len + (lf != NULL);
		text.len -= line.len + (lf != NULL);
		record = bare(line, &open);
		if (number > DNS_LINES_MAX)
			wrong = "too many lines";
		else if (open)
			wrong = "a quoted text without an end";
		else if (record.len > 0)
			wrong = add(context, record, &copy);
		if (wrong != NULL) {
			warning("'%s', line %zu: %s", path, number, wrong);
			break;
		}
	}
	buf_free(&copy);
	return wrong == NULL ? 0 : -1;
}

int
dns_zone_load(struct ub_ctx *context, const char *path)
{
	struct buf text = BUF_INIT(DNS_ZONE_MAX);
	int rc = -1;

	if (file_read(path, &text) < 0)
		warning("cannot read '%s': %s", path, strerror(errno));
	/* whatever has no record in there does not exist */
	else if (ub_ctx_zone_add(context, ".", "static") != 0)
		warning("libunbound cannot begin");
	else
		rc = add_all(context, path, buf_span(&text));
	buf_free(&text);
	return rc;
}
