#include "relay/selectorpiece.h"

#include "relay/relay.h"

void
pieces_add(struct pieces *pieces, struct span piece)
{
	struct text *text = &pieces->text;
	struct span *more;

	if (text->count == pieces->room) {
		pieces->room = pieces->room == 0 ? 4 : 2 * pieces->room;
		more = arena_array(pieces->arena, pieces->room, sizeof(*more));
		if (text->count > 0)
			memcpy(more, text->lines, text->count * sizeof(*more));
		text->lines = more;
	}
	text->lines[text->count++] = piece;
}

struct span
pieces_line(struct arena *arena, struct span name, struct span value)
{
	char *p = arena_alloc(arena, name.len + value.len + 4), *to = p;

	if (name.len > 0) {
		memcpy(to, name.p, name.len);
		to += name.len;
		*to++ = ':';
		*to++ = ' ';
	}
	if (value.len > 0)
		memcpy(to, value.p, value.len);
	to += value.len;
	*to++ = '\n';
	return (struct span){p, (size_t)(to - p)};
}

/* A field with all its lines off the front of a header as it came. */
static struct span
take_whole(struct span *rest)
{
	struct span whole = *rest;
	size_t at = 0;
	const char *end;

	do {
		end = memchr(rest->p + at, '\n', rest->len - at);
		at = end == NULL ? rest->len : (size_t)(end - rest->p) + 1;
	} while (at < rest->len && (rest->p[at] == ' ' || rest->p[at] == '\t'));
	whole.len = at;
	*rest = span_from(*rest, at);
	return whole;
}

/* Every field, decoded or as it came. */
static void
add_all(struct pieces *pieces, const struct mail *mail, unsigned flags)
{
	const struct mail_header *header = &mail->root.header;
	struct span rest = mail->header, whole;
	size_t i;

	if (flags & SELECT_RAW) {
		while (rest.len > 0) {
			whole = take_whole(&rest);
			if (!span_is(whole, "\n"))
				pieces_add(pieces, whole);
		}
		return;
	}
	for (i = 0; i < header->count; i++)
		pieces_add(
		    pieces, pieces_line(pieces->arena, header->fields[i].name,
				header->fields[i].value));
}

/* How many fields Received are on top, up to the one with that index. */
static size_t
received_until(const struct mail *mail, size_t field)
{
	const struct mail_header *header = &mail->root.header;
	size_t i, count = 0;

	if (field == SIZE_MAX)
		return 0;
	for (i = 0; i < header->count && i <= field; i++)
		count += span_iis(header->fields[i].name, "Received");
	return count;
}

/* The fields above (or else below) the Received field with that number, which
 * counts from 0; it is on both sides. */
static void
keep_side(struct pieces *pieces, size_t number, bool above)
{
	struct text *text = &pieces->text;
	size_t i, received = 0;

	for (i = 0; i < text->count; i++)
		if (span_istarts(text->lines[i], "Received:") &&
		    received++ == number)
			break;
	if (above) {
		if (i < text->count)
			text->count = i + 1;
		return;
	}
	if (i > 0)
		text->lines += i;
	text->count -= i;
}

bool
pieces_add_header(struct pieces *pieces, const struct mail *mail,
    const struct selector *selector)
{
	struct span side = span_from(selector->name, 3);
	size_t last_trusted = SIZE_MAX, last_internal = SIZE_MAX;

	if (!span_starts(selector->name, "ALL"))
		return false;
	if (side.len > 0 && !span_is(side, "-TRUSTED") &&
	    !span_is(side, "-UNTRUSTED") && !span_is(side, "-INTERNAL") &&
	    !span_is(side, "-EXTERNAL"))
		return false;
	add_all(pieces, mail, selector->flags);
	if (side.len == 0)
		return true;
	if (mail->relays != NULL) {
		last_trusted = mail->relays->last_trusted_field;
		last_internal = mail->relays->last_internal_field;
	}
	if (span_ends(side, "TRUSTED"))
		keep_side(pieces, received_until(mail, last_trusted),
		    span_is(side, "-TRUSTED"));
	else
		keep_side(pieces, received_until(mail, last_internal),
		    span_is(side, "-INTERNAL"));
	return true;
}
