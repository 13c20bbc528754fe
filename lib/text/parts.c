#include <strings.h>

#include "text/reading.h"
#include "text/words.h"

/* A multipart that is being taken apart. */
struct multi {
	struct reading *reading;
	struct reading_job *job;
	struct mail_part **tail; /* where the next one is linked */
	struct reading_fields fields;
	struct span field; /* that may go on in the next line */
	struct span body;  /* p NULL if it did not begin */
	bool in_body;
	bool has_long; /* one of its lines is longer than MAIL_LINE_MAX */
	bool nested;   /* a part has the same boundary as we have */
	unsigned count;
};

void
reading_job(struct reading *reading, struct mail_part *part,
    struct span boundary, struct span body, unsigned depth)
{
	struct reading_job *job =
	    arena_alloc(&reading->mail->arena, sizeof(*job));

	*job = (struct reading_job){part, boundary, body, depth, NULL};
	*reading->last = job;
	reading->last = &job->next;
}

/* Whether a line is "--", the boundary, perhaps "--", and blanks. */
static bool
is_boundary(struct span line, struct span boundary, bool *is_last)
{
	*is_last = false;
	if (boundary.p == NULL || !span_starts(line, "--"))
		return false;
	line = span_from(line, 2);
	if (line.len < boundary.len ||
	    memcmp(line.p, boundary.p, boundary.len) != 0)
		return false;
	line = span_from(line, boundary.len);
	*is_last = span_starts(line, "--");
	return reading_is_blank(*is_last ? span_from(line, 2) : line);
}

static void
count_boundary(struct reading *reading, struct span boundary, bool opens)
{
	struct reading_state *state = reading->states;

	while (state != NULL && !span_eq(state->boundary, boundary))
		state = state->next;
	if (state == NULL) {
		state = arena_alloc(&reading->mail->arena, sizeof(*state));
		state->boundary = boundary;
		state->next = reading->states;
		reading->states = state;
	}
	state->open = opens ? 1 : state->open - 1;
}

/* Drops what stands in front of the first part; if there is no boundary, all of
 * it is the first one. */
static struct span
skip_preamble(struct multi *multi)
{
	struct span rest = multi->job->body, line;
	bool is_last;

	while (rest.len > 0) {
		line = span_line(&rest);
		if (!is_boundary(line, multi->job->boundary, &is_last) ||
		    is_last)
			continue;
		count_boundary(multi->reading, multi->job->boundary, true);
		if (rest.len > 0 && !reading_is_field(rest, false))
			multi->reading->mail->flags |= MAIL_NO_PART_HEADER;
		return rest;
	}
	return multi->job->body;
}

/* The same with a LF in each line that is too long. */
static struct span
cut_lines(struct arena *arena, struct span body)
{
	char *p = arena_alloc(arena, body.len + body.len / MAIL_LINE_MAX + 1);
	struct span line;
	size_t len = 0;

	while (body.len > 0) {
		line = span_line(&body);
		for (; line.len > MAIL_LINE_MAX;
		     line = span_from(line, MAIL_LINE_MAX)) {
			memcpy(p + len, line.p, MAIL_LINE_MAX);
			len += MAIL_LINE_MAX;
			p[len++] = '\n';
		}
		memcpy(p + len, line.p, line.len);
		len += line.len;
	}
	return (struct span){p, len};
}

/* Adds the field that was read so far.  A part with the same boundary as the
 * multipart that it is in hides ours, until it ends. */
static void
end_field(struct multi *multi)
{
	struct mail *mail = multi->reading->mail;
	struct span name, raw = multi->field;
	struct content_type type;
	const char *colon;

	if (raw.p == NULL)
		return;
	colon = memchr(raw.p, ':', raw.len);
	name = (struct span){raw.p, (size_t)(colon - raw.p)};
	raw = span_from(raw, name.len + 1);
	while (raw.len > 0 &&
	       (raw.p[0] == ' ' || (raw.p[0] >= '\t' && raw.p[0] <= '\r')))
		raw = span_from(raw, 1);
	if (raw.len > MAIL_ALL_VALUES_MAX)
		raw.len = MAIL_ALL_VALUES_MAX;
	reading_add_field(mail, &multi->fields, name, raw);
	multi->field.p = NULL;
	if (!span_iis(name, "content-type") || multi->fields.count == 0)
		return;
	words_content_type(&mail->arena,
	    multi->fields.list[multi->fields.count - 1].value, &type);
	if (type.boundary.p != NULL &&
	    span_eq(type.boundary, multi->job->boundary))
		multi->nested = true;
}

/* What is there so far is a part.  False if there are too many. */
static bool
end_part(struct multi *multi, bool at_boundary)
{
	struct reading *reading = multi->reading;
	struct mail *mail = reading->mail;
	struct mail_part *part = arena_alloc(&mail->arena, sizeof(*part));
	const struct mail_field *field;
	struct content_type type;
	struct span body = multi->body;

	part->header =
	    (struct mail_header){multi->fields.list, multi->fields.count};
	part->parent = multi->job->part;
	field = mail_last(&part->header, "content-type");
	words_content_type(&mail->arena,
	    field == NULL ? (struct span){NULL, 0} : field->value, &type);
	part->type = type.type;
	if (type.missing && strcmp(part->parent->type, "multipart/digest") == 0)
		part->type = "message/rfc822";
	if (multi->has_long)
		body = cut_lines(&mail->arena, body);
	/* the LF in front of a boundary belongs to it (RFC 2046, 5.1.1) */
	if (at_boundary && span_ends(body, "\n"))
		body.len--;
	*multi->tail = part;
	multi->tail = &part->next;
	reading_job(reading, part,
	    type.boundary.p == NULL ? multi->job->boundary : type.boundary,
	    body, multi->job->depth - 1);

	multi->fields = (struct reading_fields){NULL, 0, 0};
	multi->field = multi->body = (struct span){NULL, 0};
	multi->in_body = multi->has_long = false;
	reading->parts++;
	return ++multi->count < MAIL_PARTS_MAX &&
	       reading->parts < MAIL_ALL_PARTS_MAX;
}

/* A line that is no boundary: false if it belongs to the header. */
static bool
take_header(struct multi *multi, struct span line)
{
	if (reading_is_field(line, true)) {
		end_field(multi);
		multi->field = line;
		return true;
	}
	if (multi->field.p != NULL && (line.p[0] == ' ' || line.p[0] == '\t')) {
		multi->field.len += line.len;
		return true;
	}
	end_field(multi);
	multi->in_body = true;
	if (span_is(line, "\n") || span_is(line, "\r\n"))
		return true;
	multi->reading->mail->flags |= MAIL_NO_PART_BLANK_LINE;
	return false;
}

static void
take_body(struct multi *multi, struct span line)
{
	if (multi->body.p == NULL)
		multi->body.p = line.p;
	multi->body.len += line.len;
	multi->has_long |= line.len > MAIL_LINE_MAX;
}

/* What stands behind the last part should be nothing, or dots. */
static unsigned
epilogue(struct span rest)
{
	size_t i;

	for (i = 0; i < rest.len; i++)
		if (rest.p[i] != '.' && rest.p[i] != ' ' &&
		    (rest.p[i] < '\t' || rest.p[i] > '\r'))
			return MAIL_EPILOGUE;
	return 0;
}

void
reading_multipart(struct reading *reading, struct reading_job *job)
{
	struct multi multi = {
	    .reading = reading, .job = job, .tail = &job->part->child};
	struct mail *mail = reading->mail;
	struct span line, rest;
	bool found, is_last;

	job->part->is_multipart = true;
	rest = skip_preamble(&multi);
	while (rest.len > 0) {
		line = span_line(&rest);
		found = is_boundary(line, job->boundary, &is_last);
		if (found && multi.nested) {
			found = false;
			multi.nested = !is_last;
		}
		if (!found && rest.len > 0) {
			if (multi.in_body || !take_header(&multi, line))
				take_body(&multi, line);
			continue;
		}
		if (!found)
			take_body(&multi, line);
		if (found && is_last)
			count_boundary(reading, job->boundary, false);
		else if (rest.len > 0 && !reading_is_field(rest, false))
			mail->flags |= MAIL_NO_PART_HEADER;
		if (!end_part(&multi, found) && !(found && is_last)) {
			mail->flags |= MAIL_TOO_MANY_PARTS;
			mail->is_cut = true;
			return;
		}
		if (found && is_last)
			break;
	}
	mail->flags |= epilogue(rest);
}
