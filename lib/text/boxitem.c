#include <ctype.h>

#include "text/box.h"

#define ELEMENTS_MAX 64 /* quoted strings, and what is between, of a name */
#define HOST_MAX 253
#define LABEL_MAX 63

/* What is found of one. */
struct item {
	struct span phrase;  /* with its quotes */
	struct span address; /* between the brackets, or by itself */
	struct span comment;
	bool in_brackets;
};

/* The end of an item: perhaps a comment, then a comma or the end of all. */
static bool
take_end(struct span *rest, struct span *comment)
{
	struct span try = box_skip(*rest);

	*comment = (struct span){NULL, 0};
	if (box_between(&try, '(', ')', comment))
		try = box_skip(try);
	if (try.len > 0 && try.p[0] != ',' && try.p[0] != ';')
		return false;
	*rest = span_from(try, 1);
	return true;
}

/* More addresses in brackets, which some programs add. */
static struct span
skip_brackets(struct span rest)
{
	struct span try, inner;

	for (;;) {
		try = box_skip(rest);
		if (!span_starts(try, "<"))
			return rest;
		try = box_skip(span_from(try, 1));
		box_between(&try, '"', '"', &inner);
		box_while(&try, ">", false);
		try = box_skip(try);
		if (!span_starts(try, ">"))
			return rest;
		rest = span_from(try, 1);
	}
}

/* The item ends behind a bracket at that place of the text. */
static bool
ends_at(struct span text, size_t at, struct span *rest, struct item *item)
{
	struct span try = span_from(text, at + 1), more = skip_brackets(try);

	if (!take_end(&more, &item->comment)) {
		more = try;
		if (!take_end(&more, &item->comment))
			return false;
	}
	*rest = more;
	item->in_brackets = true;
	item->address = span_trim((struct span){text.p, at});
	return true;
}

/* <address>.  It reaches up to the last closing bracket of its last word behind
 * which there is an end. */
static bool
take_brackets(struct span *rest, struct item *item)
{
	struct span text = box_skip(span_from(*rest, 1)), tail;
	size_t first = 0, end, i;

	if (!span_starts(*rest, "<"))
		return false;
	while (first < text.len && text.p[first] != '>' && text.p[first] != '@')
		first++;
	if (first == text.len)
		return false;
	for (end = first; end < text.len && !box_is_blank(text.p[end]);)
		end++;
	tail = box_skip(span_from(text, end));
	if (span_starts(tail, ">") &&
	    ends_at(text, text.len - tail.len, rest, item))
		return true;
	for (i = end; i-- > first;)
		if (text.p[i] == '>' && ends_at(text, i, rest, item))
			return true;
	return false;
}

/* A name: quoted strings, and what is between.  ends: where each of them
 * ended. */
static size_t
take_phrase(struct span *rest, struct span ends[ELEMENTS_MAX])
{
	struct span inner;
	size_t count = 0;

	while (count < ELEMENTS_MAX && (box_between(rest, '"', '"', &inner) ||
					   box_while(rest, "\",;<", true)))
		ends[count++] = *rest;
	return count;
}

/* A name with no address behind it, which may be one itself; what stood in
 * brackets at its end may be a comment. */
static bool
take_alone(struct span *rest, struct item *item)
{
	struct span ends[ELEMENTS_MAX], begin = *rest, try = *rest;
	size_t count;

	if (box_address(&try)) {
		item->address = box_upto(begin, try);
		if (take_end(&try, &item->comment)) {
			*rest = try;
			return true;
		}
		item->address = (struct span){NULL, 0};
	}
	try = *rest;
	for (count = take_phrase(&try, ends); count > 0; count--) {
		try = ends[count - 1];
		item->phrase = box_upto(begin, try);
		if (take_end(&try, &item->comment)) {
			*rest = try;
			return true;
		}
	}
	return false;
}

static bool
take_item(struct span *rest, struct item *item)
{
	struct span ends[ELEMENTS_MAX], begin = box_skip(*rest), try;

	*item = (struct item){.in_brackets = false};
	try = begin;
	if (take_phrase(&try, ends) > 0)
		item->phrase = box_upto(begin, try);
	if (take_brackets(&try, item)) {
		*rest = try;
		return true;
	}
	*item = (struct item){.in_brackets = false};
	try = begin;
	if (!take_alone(&try, item)) {
		/* blanks alone are a name as well */
		if (begin.len == rest->len)
			return false;
		item->phrase = (struct span){begin.p - 1, 1};
		try = begin;
		if (!take_end(&try, &item->comment))
			return false;
	}
	*rest = try;
	return true;
}

/* Whether a name of a host could be in the DNS: two labels or more. */
static bool
is_host(struct span host)
{
	size_t i, begin = 0, labels = 0;
	char c;

	while (span_ends(host, "."))
		host.len--;
	if (host.len == 0 || host.len > HOST_MAX)
		return false;
	for (i = 0; i <= host.len; i++) {
		c = i < host.len ? host.p[i] : '.';
		if (c != '.') {
			if (!isalnum((unsigned char)c) && c != '_' &&
			    (c & 0x80) == 0 &&
			    (c != '-' || i == begin || i + 1 == host.len ||
				host.p[i + 1] == '.'))
				return false;
			continue;
		}
		if (i == begin || i - begin > LABEL_MAX)
			return false;
		begin = i + 1;
		labels++;
	}
	return labels > 1;
}

/* A name that is an address by itself. */
static bool
is_bare_address(struct span text)
{
	const char *at;

	if (!box_is_address(text) || !box_is_quoted_well(text))
		return false;
	text = box_first(text);
	at = memchr(text.p, '@', text.len);
	return is_host(span_from(text, (size_t)(at - text.p) + 1));
}

static struct mailbox
make(struct arena *arena, const struct item *item)
{
	struct mailbox box = {item->address, item->phrase};

	if (item->in_brackets) {
		box.address = box_without_comments(arena, box.address);
		if (!box_is_address(box.address))
			box.address.p = NULL;
	}
	if (box.address.p != NULL && !box_is_quoted_well(box.address))
		box.address.p = NULL;
	if (box.phrase.p != NULL) {
		box.phrase = box_phrase(arena, box.phrase);
		if (box.address.p == NULL && is_bare_address(box.phrase)) {
			box.address = box.phrase;
			box.phrase.p = NULL;
		} else if (box.phrase.len == 0 ||
			   (box.address.p != NULL &&
			       span_eq(box.phrase, box.address))) {
			box.phrase.p = NULL;
		}
	}
	if (box.phrase.p == NULL)
		box.phrase = item->comment;
	if (box.address.p == NULL)
		box.address.len = 0;
	else
		box.address = box_first(box.address);
	return box;
}

bool
box_item(struct arena *arena, struct span *rest, struct mailbox *box)
{
	struct item item;

	if (!take_item(rest, &item))
		return false;
	*box = make(arena, &item);
	return true;
}
