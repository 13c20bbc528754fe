#include "text/reading.h"
#include "text/words.h"

#define BAD_LINES_MAX 3 /* lines in a header that are no fields */

bool
reading_is_field(struct span line, bool blanks)
{
	size_t i = 0;

	while (i < line.len && line.p[i] > ' ' && line.p[i] < 0x7f &&
	       line.p[i] != ':')
		i++;
	if (i == 0)
		return false;
	while (
	    blanks && i < line.len && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	return i < line.len && line.p[i] == ':';
}

/* Each fold is one blank, and none is left at the ends. */
static struct span
unfold(struct arena *arena, struct span raw)
{
	struct span value = span_trim(raw);
	size_t i, len = 0;
	char *p;

	if (value.len == 0 || memchr(value.p, '\n', value.len) == NULL)
		return value;
	p = arena_alloc(arena, value.len);
	for (i = 0; i < value.len;) {
		if (value.p[i] != '\n' || i + 1 == value.len ||
		    (value.p[i + 1] != ' ' && value.p[i + 1] != '\t')) {
			p[len++] = value.p[i++];
			continue;
		}
		p[len++] = ' ';
		for (i++; value.p[i] == ' ' || value.p[i] == '\t';)
			i++;
	}
	return (struct span){p, len};
}

void
reading_add_field(struct mail *mail, struct reading_fields *fields,
    struct span name, struct span raw)
{
	struct mail_field *list;

	if (fields->count == MAIL_FIELDS_MAX) {
		mail->is_cut = true;
		return;
	}
	if (fields->count == fields->room) {
		fields->room = fields->room == 0 ? 16 : 2 * fields->room;
		list = arena_array(&mail->arena, fields->room, sizeof(*list));
		if (fields->count > 0)
			memcpy(
			    list, fields->list, fields->count * sizeof(*list));
		fields->list = list;
	}
	fields->list[fields->count++] = (struct mail_field){name, raw,
	    words_decode(&mail->arena, name, unfold(&mail->arena, raw))};
}

/* A field of a message as it stands there; without a colon it is none. */
static unsigned
add_whole(struct mail *mail, struct reading_fields *fields, struct span field)
{
	const char *colon = memchr(field.p, ':', field.len);
	struct span name, raw;
	unsigned flags = 0;

	if (colon == NULL)
		return 0;
	name = (struct span){field.p, (size_t)(colon - field.p)};
	raw = span_from(field, name.len + 1);
	while (name.len > 0 &&
	       (name.p[name.len - 1] == ' ' || name.p[name.len - 1] == '\t'))
		name.len--;
	if (name.len > MAIL_NAME_MAX) {
		name.len = MAIL_NAME_MAX;
		flags = MAIL_HEADER_CUT;
	}
	if (raw.len > MAIL_VALUE_MAX) {
		raw.len = MAIL_VALUE_MAX;
		flags = MAIL_HEADER_CUT;
	}
	reading_add_field(mail, fields, name, raw);
	return flags;
}

/* All of a header together may be too much as well. */
static unsigned
header_size(const struct mail_header *header)
{
	size_t i, sum = 0;

	for (i = 0; i < header->count; i++)
		sum += header->fields[i].name.len +
		       header->fields[i].value.len + strlen(": \n");
	return sum > MAIL_ALL_VALUES_MAX ? MAIL_HEADER_CUT : 0;
}

unsigned
reading_header(struct mail *mail, struct span *text, struct mail_header *header)
{
	struct reading_fields fields = {NULL, 0, 0};
	struct span line, rest = *text;
	struct span field = {NULL, 0};
	unsigned flags = 0, bad = 0;

	for (;;) {
		*text = rest;
		if (rest.len == 0) {
			flags |= MAIL_NO_BLANK_LINE;
			break;
		}
		line = span_line(&rest);
		if (line.p[0] == ' ' || line.p[0] == '\t') {
			if (field.p == NULL)
				field.p = line.p;
			field.len += line.len;
			continue;
		}
		if (line.len == 1 && line.p[0] == '\n') {
			*text = rest;
			break;
		}
		if (span_starts(line, "--") ||
		    (!reading_is_field(line, true) && ++bad > BAD_LINES_MAX)) {
			flags |= MAIL_NO_BLANK_LINE;
			break;
		}
		if (field.p != NULL)
			flags |= add_whole(mail, &fields, field);
		field = line;
	}
	if (field.p != NULL)
		flags |= add_whole(mail, &fields, field);
	*header = (struct mail_header){fields.list, fields.count};
	return flags | header_size(header);
}
