#include <errno.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "scan/report.h"

#define CUT "..."
#define KIND_MAX 12 /* octets of a kind's name */
#define OBJECTS_MAX \
	(REPORT_OBJECTS_MAX * (KIND_MAX + REPORT_FILE_MAX + sizeof("\t\n")))

static const char *const result_names[] = {
    "clean", "limit", "error", "infected"};
static const char *const kind_names[] = {
    "other", "executable", "macro", "script", "link", "disk", "encrypted"};

void
report_init(struct report *report)
{
	memset(report, 0, sizeof(*report));
	buf_init(&report->objects, OBJECTS_MAX);
}

void
report_reset(struct report *report)
{
	report->result = REPORT_CLEAN;
	report->name[0] = '\0';
	buf_reset(&report->objects);
	report->object_count = 0;
}

void
report_free(struct report *report)
{
	buf_free(&report->objects);
}

static void
make_printable(char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			p[i] = '?';
}

/* Copies at most max octets of a name and ends them with NUL. */
static void
set_name(char *name, size_t max, struct span from)
{
	size_t len = from.len < max ? from.len : max;

	if (len > 0)
		memcpy(name, from.p, len);
	name[len] = '\0';
	make_printable(name, len);
}

void
report_result(
    struct report *report, enum report_result result, const char *name)
{
	if (result <= report->result)
		return;
	report->result = result;
	/* libclamav may find a virus without a name */
	set_name(report->name, REPORT_NAME_MAX,
	    span_of(name != NULL && *name != '\0' ? name : "unknown"));
}

/* Copies a file's name.  Of a long one the middle is left out: what it is is
 * told by its end. */
static size_t
set_file(char file[REPORT_FILE_MAX], struct span name)
{
	const size_t half = (REPORT_FILE_MAX - (sizeof(CUT) - 1)) / 2;
	size_t len = name.len;

	if (len > REPORT_FILE_MAX) {
		memcpy(file, name.p, half);
		memcpy(file + half, CUT, sizeof(CUT) - 1);
		len = half + sizeof(CUT) - 1;
		memcpy(file + len, name.p + name.len - half, half);
		len += half;
	} else if (len > 0)
		memcpy(file, name.p, len);
	make_printable(file, len);
	return len;
}

/* Where the last line of the objects begins. */
static size_t
last_object(const struct buf *objects)
{
	size_t at = objects->len;

	while (at > 0 && (at == objects->len || objects->p[at - 1] != '\n'))
		at--;
	return at;
}

void
report_object(struct report *report, enum report_kind kind, struct span name)
{
	char line[KIND_MAX + REPORT_FILE_MAX + sizeof("\t\n")];
	struct buf *objects = &report->objects;
	size_t last, len;

	if (kind == REPORT_OTHER && name.len == 0)
		return;
	len = (size_t)snprintf(
	    line, sizeof(line), "%s\t", report_kind_name(kind));
	len += set_file(line + len, name);
	line[len++] = '\n';
	last = last_object(objects);
	if (objects->len - last == len &&
	    memcmp(objects->p + last, line, len) == 0)
		return;
	if (report->object_count == REPORT_OBJECTS_MAX) {
		report_result(
		    report, REPORT_LIMIT, "Heuristics.Limits.Objects");
		return;
	}
	buf_add(objects, line, len);
	report->object_count++;
}

bool
report_next(const struct report *report, size_t *at, enum report_kind *kind,
    struct span *name)
{
	struct scan scan;

	if (*at >= report->objects.len)
		return false;
	scan_init(&scan, buf_span(&report->objects));
	scan.p += *at;
	*kind = report_kind_find(scan_until(&scan, '\t'));
	*name = scan_until(&scan, '\n');
	*at = (size_t)(scan.p - report->objects.p);
	return !scan.bad;
}

const char *
report_kind_name(enum report_kind kind)
{
	return kind_names[kind];
}

enum report_kind
report_kind_find(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(kind_names); i++)
		if (span_eq(name, span_of(kind_names[i])))
			return (enum report_kind)i;
	return REPORT_OTHER;
}

const char *
report_result_name(enum report_result result)
{
	return result_names[result];
}

void
report_write(const struct report *report, struct buf *text)
{
	enum report_kind kind;
	struct span name;
	size_t at = 0;

	buf_addf(text, "result: %s%s%s\n", report_result_name(report->result),
	    report->name[0] != '\0' ? " " : "", report->name);
	if (report->engine[0] != '\0')
		buf_addf(text, "engine: %s\n", report->engine);
	if (report->mail_profile)
		buf_adds(text, "profile: mail\n");
	while (report_next(report, &at, &kind, &name))
		buf_addf(text, "object: %s %.*s\n", report_kind_name(kind),
		    SPAN_ARG(name));
}

/* Of "WORD" or "WORD REST": the word, and the rest. */
static struct span
take_word(struct scan *scan, struct span *rest)
{
	struct span word = scan_while(scan, ascii_is_lower);

	if (scan_peek(scan) >= 0)
		scan_char(scan, ' ');
	*rest = scan_rest(scan);
	return word;
}

/* Reads "infected NAME".  0, or -1. */
static int
read_result(struct report *report, struct scan *scan)
{
	struct span word, name;
	size_t i;

	word = take_word(scan, &name);
	for (i = 0; i < nitems(result_names); i++)
		if (span_eq(word, span_of(result_names[i])))
			break;
	if (scan->bad || i == nitems(result_names))
		return -1;
	report->result = (enum report_result)i;
	set_name(report->name, REPORT_NAME_MAX, name);
	return 0;
}

/* Reads what stands behind the name of a line that is known, counting the
 * results.  0, or -1. */
static int
read_line(struct report *report, struct scan *scan, unsigned *results)
{
	struct span word, name;

	if (scan_maybe_word(scan, "result: ")) {
		(*results)++;
		return read_result(report, scan);
	}
	if (scan_maybe_word(scan, "object: ")) {
		word = take_word(scan, &name);
		if (scan->bad || word.len == 0 ||
		    report->object_count == REPORT_OBJECTS_MAX)
			return -1;
		report_object(report, report_kind_find(word), name);
		return 0;
	}
	if (scan_maybe_word(scan, "engine: "))
		set_name(report->engine, REPORT_NAME_MAX, scan_rest(scan));
	else if (scan_maybe_word(scan, "profile: "))
		report->mail_profile =
		    span_eq(scan_rest(scan), span_of("mail"));
	return 0;
}

int
report_read(struct report *report, struct span text)
{
	struct scan scan, inside;
	unsigned results = 0;

	report_reset(report);
	report->engine[0] = '\0';
	report->mail_profile = false;
	errno = EBADMSG;
	if (text.len > REPORT_SIZE_MAX)
		return -1;
	scan_init(&scan, text);
	while (scan_peek(&scan) >= 0) {
		scan_init(&inside, scan_until(&scan, '\n'));
		if (scan.bad || read_line(report, &inside, &results) < 0)
			return -1;
	}
	return results == 1 && scan_ok(&scan) ? 0 : -1;
}
