#include "text/box.h"

/* The boxes that are found. */
struct found {
	struct arena *arena;
	struct span whole; /* the value */
	struct mailbox *list;
	size_t count;
	size_t max;
};

static void
add(struct found *found, struct mailbox box)
{
	if (found->count < found->max)
		found->list[found->count++] = box;
}

/* The value without escaped backslashes. */
static struct span
without_backslashes(struct arena *arena, struct span raw)
{
	char *p = arena_alloc(arena, raw.len + 1);
	size_t i, len = 0;

	for (i = 0; i < raw.len; i++)
		if (span_starts(span_from(raw, i), "\\\\"))
			i++;
		else
			p[len++] = raw.p[i];
	return (struct span){p, len};
}

/* What follows the name of a group (RFC 5322, 3.4), if there is one. */
static struct span
without_group(struct span value)
{
	struct span rest = value;
	size_t i;

	while (value.len > 0 && box_is_blank(value.p[value.len - 1]))
		value.len--;
	box_while(&rest, "\"()<>", true);
	for (i = value.len - (rest.len < value.len ? rest.len : value.len);
	     i > 1 && value.p[i - 1] != ':';)
		i--;
	if (i <= 1)
		return value;
	value = box_skip(span_from(value, i));
	return span_starts(value, ";") ? span_from(value, value.len) : value;
}

/* What could not be read may still have addresses in brackets. */
static void
add_bracketed(struct found *found, struct span rest)
{
	const char *open;
	struct span address;

	while ((open = memchr(rest.p, '<', rest.len)) != NULL) {
		rest = span_from(rest, (size_t)(open - rest.p) + 1);
		address = rest;
		if (!box_address(&rest) || !span_starts(rest, ">"))
			continue;
		address = box_upto(address, rest);
		if (box_is_quoted_well(address))
			add(found,
			    (struct mailbox){box_first(address), {NULL, 0}});
	}
}

static void
find_loosely(struct found *found, struct span value)
{
	struct mailbox box;

	while (
	    found->count < found->max && box_item(found->arena, &value, &box))
		add(found, box);
	add_bracketed(found, value);
}

/* Takes an element of the list up to the comma behind it (RFC 5322, 3.4); a
 * quote or comment that does not end takes all. */
static struct span
take_element(struct span *rest)
{
	struct span begin = *rest, inner;

	while (rest->len > 0 && rest->p[0] != ',')
		if (!box_between(rest, '"', '"', &inner) &&
		    !box_between(rest, '(', ')', &inner))
			*rest = span_from(*rest,
			    rest->p[0] == '"' || rest->p[0] == '(' ? rest->len
								   : 1);
	begin = box_upto(begin, *rest);
	*rest = span_from(*rest, 1);
	return begin;
}

static bool
is_words(struct span text)
{
	return !box_while(&text, "()<>[]:;@\\,.\"", true) || text.len == 0;
}

/* The address at the front of a text, which may have blanks behind its @; what
 * follows does not matter.  p NULL if there is none. */
static struct span
front_address(struct arena *arena, struct span text)
{
	struct span rest, joined;
	const char *at;
	size_t len;
	char *p;

	text = rest = box_skip(text);
	if (box_address(&rest))
		return box_upto(text, rest);
	at = memchr(text.p, '@', text.len);
	if (at == NULL)
		return (struct span){NULL, 0};
	len = (size_t)(at - text.p) + 1;
	rest = box_skip(span_from(text, len));
	p = arena_alloc(arena, len + rest.len);
	memcpy(p, text.p, len);
	memcpy(p + len, rest.p, rest.len);
	joined = rest = (struct span){p, len + rest.len};
	return box_address(&rest) ? box_upto(joined, rest)
				  : (struct span){NULL, 0};
}

/* An element by the book; what is no address is named by all of the value. */
static struct mailbox
read_element(struct found *found, struct span element, bool is_last)
{
	struct arena *arena = found->arena;
	const char *open = memchr(element.p, '<', element.len);
	struct mailbox box = {{NULL, 0}, {NULL, 0}};
	struct span rest;

	box.address = front_address(arena, element);
	if (box.address.p == NULL && open != NULL) {
		rest = span_from(element, (size_t)(open - element.p));
		box.phrase =
		    span_trim(box_phrase(arena, box_upto(element, rest)));
		box.address = front_address(arena, span_from(rest, 1));
	} else if (box.address.p == NULL && is_last && is_words(element)) {
		box.phrase = element;
	}
	if (box.phrase.len == 0)
		box.phrase.p = NULL;
	if (box.address.p == NULL && box.phrase.p == NULL)
		box.phrase = found->whole;
	return box;
}

static void
find_strictly(struct found *found, struct span value)
{
	struct span element;

	while (value.len > 0 && found->count < found->max) {
		element =
		    box_without_comments(found->arena, take_element(&value));
		add(found,
		    read_element(found, span_trim(element), value.len == 0));
	}
}

static size_t
count_commas(struct span text)
{
	size_t i, count = 0;

	for (i = 0; i < text.len; i++)
		count += text.p[i] == ',';
	return count;
}

/* Reads a value; whole is that with the name of a group. */
static struct found
find(struct arena *arena, struct span whole, struct span value, size_t max,
    void (*how)(struct found *found, struct span value))
{
	struct found found = {.arena = arena, .whole = whole, .max = max};

	/* each takes an octet and a comma at least */
	if (found.max > value.len / 2 + 2)
		found.max = value.len / 2 + 2;
	found.list = arena_array(arena, found.max, sizeof(*found.list));
	how(&found, value);
	return found;
}

size_t
words_mailboxes(
    struct arena *arena, struct span raw, size_t max, struct mailbox **list)
{
	struct span whole = without_backslashes(arena, raw);
	struct span value = without_group(whole);
	struct found found, strict;
	size_t group;

	*list = NULL;
	if (value.len == 0)
		return 0;
	found = find(arena, whole, value, max, find_loosely);
	if (found.count < max && found.count < count_commas(raw) + 1) {
		/* what has commas in it is no group's name */
		group = (size_t)(value.p - whole.p);
		if (memchr(whole.p, ',', group) != NULL)
			value = whole;
		strict = find(arena, whole, value, max, find_strictly);
		if (strict.count > found.count)
			found = strict;
	}
	*list = found.list;
	return found.count;
}
