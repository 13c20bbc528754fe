#include <ctype.h>
#include <time.h>

#include "base/regex.h"
#include "text/mail.h"
#include "text/reading.h"
#include "text/words.h"

void
mail_init(struct mail *mail)
{
	*mail = (struct mail){.decoded_max = MAIL_DECODED_MAX};
	mail_reset(mail);
}

void
mail_reset(struct mail *mail)
{
	struct arena arena = mail->arena;

	arena_reset(&arena);
	*mail = (struct mail){.arena = arena,
	    .decoded_max = mail->decoded_max,
	    .now = (int64_t)time(NULL)};
}

void
mail_free(struct mail *mail)
{
	arena_free(&mail->arena);
}

const struct mail_field *
mail_next(const struct mail_header *header, const char *name, size_t *at)
{
	struct span want = span_of(name);

	while (*at < header->count) {
		if (span_ieq(header->fields[*at].name, want))
			return &header->fields[(*at)++];
		++*at;
	}
	return NULL;
}

const struct mail_field *
mail_first(const struct mail_header *header, const char *name)
{
	size_t at = 0;

	return mail_next(header, name, &at);
}

const struct mail_field *
mail_last(const struct mail_header *header, const char *name)
{
	struct span want = span_of(name);
	size_t i = header->count;

	while (i-- > 0)
		if (span_ieq(header->fields[i].name, want))
			return &header->fields[i];
	return NULL;
}

struct span
mail_decode(struct mail *mail, struct mail_part *part)
{
	if (!part->is_decoded) {
		part->decoded = reading_decode(
		    mail, part, mail->decoded_max, &part->is_cut);
		part->is_decoded = true;
		mail->is_cut |= part->is_cut;
	}
	return part->decoded;
}

/* The line with which a message begins in a file of several: mbox(5), or mbx of
 * the University of Washington. */
static bool
is_mailbox_line(struct span line)
{
	static struct regex_fixed mbx = {
	    "^[\\s\\d]\\d-[a-zA-Z]{3}-\\d{4}\\s\\d\\d:\\d\\d:\\d\\d.*,\\d+;"
	    "[\\da-f]{12}-\\w{8}\\r?$",
	    0, NULL};
	size_t i;

	if (line.len > 20 && line.p[2] == '-' && line.p[6] == '-')
		return regex_has(&mbx, line);
	if (!span_starts(line, "From"))
		return false;
	for (i = 4; i < line.len && isspace((unsigned char)line.p[i]);)
		i++;
	return i > 5 || (i == 5 && (i == line.len || line.p[i] != ':'));
}

/* Whether the first or the last line ends in CRLF. */
static bool
has_crlf(struct span text)
{
	const char *first = memchr(text.p, '\n', text.len);

	if (first == NULL)
		return false;
	return (first > text.p && first[-1] == '\r') || span_ends(text, "\r\n");
}

/* Tells which of the octets are header and body; text is the header of them
 * with LF.  A header whose lines should end in CRLF gets the CRs that are not
 * there. */
static void
split_octets(struct mail *mail, struct span octets, struct span text, bool crlf)
{
	size_t lone = 0, len = 0;
	struct span rest = octets, line, head = text;
	char *p;

	mail->pristine = octets;
	while (head.len > 0) {
		span_line(&head);
		line = span_line(&rest);
		lone +=
		    crlf && span_ends(line, "\n") && !span_ends(line, "\r\n");
	}
	mail->rest = rest;
	mail->header = (struct span){octets.p, octets.len - rest.len};
	if (lone == 0)
		return;
	p = arena_alloc(&mail->arena, octets.len + lone);
	for (head = mail->header; head.len > 0; len += line.len) {
		line = span_line(&head);
		memcpy(p + len, line.p, line.len);
		if (span_ends(line, "\n") && !span_ends(line, "\r\n")) {
			p[len + line.len - 1] = '\r';
			p[len++ + line.len] = '\n';
		}
	}
	memcpy(p + len, rest.p, rest.len);
	mail->header = (struct span){p, len};
	mail->rest = (struct span){p + len, rest.len};
	mail->pristine = (struct span){p, len + rest.len};
}

/* Reads a message, its parts become jobs.  Returns its flags. */
static unsigned
read_message(struct reading *reading, struct mail_part *part,
    struct span octets, unsigned depth)
{
	struct mail *mail = reading->mail;
	struct arena *arena = &mail->arena;
	const struct mail_field *field;
	struct content_type type;
	struct span text, rest, line;
	unsigned flags;
	bool crlf;

	if (octets.len == 0)
		octets = span_of("\n");
	rest = octets;
	line = span_line(&rest);
	if (is_mailbox_line(line))
		octets = rest;
	crlf = octets.len > 0 && has_crlf(octets);
	text = rest = crlf ? reading_without_cr(arena, octets) : octets;
	flags = reading_header(mail, &rest, &part->header);
	if (part == &mail->root) {
		mail->crlf = crlf;
		text.len -= rest.len;
		split_octets(mail, octets, text, crlf);
	}
	field = mail_last(&part->header, "content-type");
	words_content_type(arena,
	    field == NULL ? (struct span){NULL, 0} : field->value, &type);
	part->type = type.type;
	rest = reading_without_blanks(arena, rest);
	if (strncmp(type.type, "multipart/", 10) == 0)
		rest = reading_first_line(arena, rest, type.boundary);
	reading_job(reading, part, type.boundary, rest, depth);
	return flags;
}

/* The name of its file: of Content-Disposition, else of Content-Type. */
static struct span
file_name(const struct mail_part *part, struct span other)
{
	const struct mail_field *field =
	    mail_last(&part->header, "content-disposition");
	struct span rest, name;
	const char *at;

	rest = field == NULL ? (struct span){NULL, 0} : field->value;
	while ((at = span_ifind(rest, span_of("name="))) != NULL) {
		rest = span_from(rest, (size_t)(at - rest.p) + 5);
		name = rest;
		while (name.len > 0 && isspace((unsigned char)name.p[0]))
			name = span_from(name, 1);
		if (span_starts(name, "\""))
			name = span_from(name, 1);
		rest = name;
		while (rest.len > 0 && rest.p[0] != '"' && rest.p[0] != ';')
			rest = span_from(rest, 1);
		name.len -= rest.len;
		if (name.len > 0)
			return name;
	}
	return other.len > 0 ? other : (struct span){NULL, 0};
}

/* What is no multipart. */
static void
read_leaf(struct reading *reading, struct reading_job *job)
{
	struct mail_part *part = job->part;
	const struct mail_field *field;
	struct content_type type;

	field = mail_last(&part->header, "content-type");
	words_content_type(&reading->mail->arena,
	    field == NULL ? (struct span){NULL, 0} : field->value, &type);
	/* a part of a digest has its type from that */
	if (!type.missing)
		part->type = strncmp(type.type, "multipart/", 10) != 0 ||
				     job->boundary.p != NULL
				 ? type.type
				 : "text/plain";
	part->charset = type.charset;
	part->boundary = job->boundary;
	part->name = file_name(part, type.name);
	part->shown = part->type;
	if (span_iends(part->name, ".htm") || span_iends(part->name, ".html") ||
	    span_iends(part->name, ".shtm") || span_iends(part->name, ".shtml"))
		part->shown = "text/html";
	part->octets = job->body;
}

/* The message in a part, if it is one. */
static void
read_inner(struct reading *reading, struct reading_job *job)
{
	struct mail_part *part = job->part;
	struct span octets;
	bool is_cut;

	if (job->depth == 0 || (strcmp(part->type, "message/rfc822") != 0 &&
				   strcmp(part->type, "message/global") != 0))
		return;
	if (reading->parts >= MAIL_ALL_PARTS_MAX)
		return;
	octets = reading_decode(reading->mail, part, SIZE_MAX, &is_cut);
	if (octets.len == 0)
		return;
	reading->parts++;
	part->is_message = true;
	part->child = arena_alloc(&reading->mail->arena, sizeof(*part));
	part->child->parent = part;
	read_message(reading, part->child, octets, job->depth - 1);
}

static bool
is_leaf(const struct mail_part *part)
{
	return part->child == NULL && !part->is_multipart && part->type[0] != 0;
}

/* The leaves in their order. */
static void
list_leaves(struct mail *mail, size_t parts)
{
	struct mail_part *part = &mail->root;

	mail->leaves =
	    arena_array(&mail->arena, parts + 1, sizeof(*mail->leaves));
	while (part != NULL) {
		if (is_leaf(part))
			mail->leaves[mail->leaf_count++] = part;
		if (part->child != NULL) {
			part = part->child;
			continue;
		}
		while (part != NULL && part->next == NULL)
			part = part->parent;
		if (part != NULL)
			part = part->next;
	}
}

void
mail_read(struct mail *mail, struct span octets)
{
	struct reading reading = {.mail = mail, .last = &reading.first};
	const struct reading_state *state;
	struct reading_job *job;

	mail->flags =
	    read_message(&reading, &mail->root, octets, MAIL_DEPTH_MAX);
	for (job = reading.first; job != NULL; job = job->next) {
		if (strncmp(job->part->type, "multipart/", 10) == 0 &&
		    job->boundary.p != NULL && job->depth > 0) {
			job->part->shown = job->part->type;
			job->part->boundary = job->boundary;
			reading_multipart(&reading, job);
			continue;
		}
		read_leaf(&reading, job);
		read_inner(&reading, job);
	}
	for (state = reading.states; state != NULL; state = state->next)
		if (state->open != 0)
			mail->flags |= MAIL_NO_END;
	list_leaves(mail, reading.parts);
}
