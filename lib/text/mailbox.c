/* Addresses as SpamAssassin reads them: what looks like one in brackets, or by
 * itself; the rest is a name.  Comments may not be nested. */
#include <ctype.h>

#include "text/words.h"

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

/* All these take something off the front, or return false and leave it. */

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span
skip_blanks(struct span rest)
{
	while (rest.len > 0 && is_blank(rest.p[0]))
		rest = span_from(rest, 1);
	return rest;
}

static struct span
upto(struct span from, struct span rest)
{
	from.len -= rest.len;
	return from;
}

/* What stands between two characters, in which a backslash takes the next one
 * out; none of them may be between. */
static bool
take_between(struct span *rest, char open, char close, struct span *inner)
{
	size_t i = 1;

	if (rest->len == 0 || rest->p[0] != open)
		return false;
	while (i < rest->len && rest->p[i] != close) {
		if (rest->p[i] == open)
			return false;
		i += rest->p[i] == '\\' ? 2 : 1;
	}
	if (i >= rest->len)
		return false;
	*inner = (struct span){rest->p + 1, i - 1};
	*rest = span_from(*rest, i + 1);
	return true;
}

static bool
take_while(struct span *rest, const char * not, bool blanks)
{
	size_t i = 0;

	while (i < rest->len &&
	       (rest->p[i] == '\0' || strchr(not, rest->p[i]) == NULL) &&
	       (blanks || !is_blank(rest->p[i])))
		i++;
	*rest = span_from(*rest, i);
	return i > 0;
}

static bool
take_domain(struct span *rest)
{
	size_t i = 1;

	if (take_while(rest, "\"<>()[],:;", false))
		return true;
	if (rest->len == 0 || rest->p[0] != '[')
		return false;
	while (i < rest->len && (isdigit((unsigned char)rest->p[i]) ||
				    rest->p[i] == ':' || rest->p[i] == '.'))
		i++;
	if (i == 1 || i == rest->len || rest->p[i] != ']')
		return false;
	*rest = span_from(*rest, i + 1);
	return true;
}

/* user@domain, the user may be in quotes. */
static bool
take_address(struct span *rest)
{
	struct span try = *rest, inner;

	if (!take_between(&try, '"', '"', &inner) || try.len == 0 ||
	    try.p[0] != '@') {
		try = *rest;
		if (!take_while(&try, "@<>()[],:;", false) || try.len == 0 ||
		    try.p[0] != '@')
			return false;
	}
	try = span_from(try, 1);
	if (!take_domain(&try))
		return false;
	*rest = try;
	return true;
}

static bool
is_address(struct span text)
{
	return take_address(&text) && text.len == 0;
}

/* The end of an item: perhaps a comment, then a comma or the end of all. */
static bool
take_end(struct span *rest, struct span *comment)
{
	struct span try = skip_blanks(*rest);

	*comment = (struct span){NULL, 0};
	if (take_between(&try, '(', ')', comment))
		try = skip_blanks(try);
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
		try = skip_blanks(rest);
		if (!span_starts(try, "<"))
			return rest;
		try = skip_blanks(span_from(try, 1));
		take_between(&try, '"', '"', &inner);
		take_while(&try, ">", false);
		try = skip_blanks(try);
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
	struct span text = skip_blanks(span_from(*rest, 1)), tail;
	size_t first = 0, end, i;

	if (!span_starts(*rest, "<"))
		return false;
	while (first < text.len && text.p[first] != '>' && text.p[first] != '@')
		first++;
	if (first == text.len)
		return false;
	for (end = first; end < text.len && !is_blank(text.p[end]);)
		end++;
	tail = skip_blanks(span_from(text, end));
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

	while (count < ELEMENTS_MAX && (take_between(rest, '"', '"', &inner) ||
					   take_while(rest, "\",;<", true)))
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

	if (take_address(&try)) {
		item->address = upto(begin, try);
		if (take_end(&try, &item->comment)) {
			*rest = try;
			return true;
		}
		item->address = (struct span){NULL, 0};
	}
	try = *rest;
	for (count = take_phrase(&try, ends); count > 0; count--) {
		try = ends[count - 1];
		item->phrase = upto(begin, try);
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
	struct span ends[ELEMENTS_MAX], begin = skip_blanks(*rest), try;

	*item = (struct item){.in_brackets = false};
	try = begin;
	if (take_phrase(&try, ends) > 0)
		item->phrase = upto(begin, try);
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

/* The same without comments. */
static struct span
without_comments(struct arena *arena, struct span text)
{
	struct span inner;
	size_t len = 0;
	char *p;

	if (text.len == 0 || memchr(text.p, '(', text.len) == NULL)
		return text;
	p = arena_alloc(arena, text.len + 1);
	while (text.len > 0) {
		if (take_between(&text, '(', ')', &inner))
			continue;
		p[len++] = text.p[0];
		text = span_from(text, 1);
	}
	return (struct span){p, len};
}

/* A name without quotes, backslashes in them, and comments between. */
static struct span
plain_phrase(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	struct span inner, begin;
	size_t i, len = 0;

	while (text.len > 0) {
		begin = text;
		if (take_between(&text, '"', '"', &inner)) {
			for (i = 0; i < inner.len; i++)
				if (inner.p[i] != '\\')
					p[len++] = inner.p[i];
			continue;
		}
		if (!take_while(&text, "\"", true))
			text = span_from(text, 1);
		inner = without_comments(arena, upto(begin, text));
		memcpy(p + len, inner.p, inner.len);
		len += inner.len;
	}
	return (struct span){p, len};
}

/* Whether quotes are as they may be in an address. */
static bool
has_good_quotes(struct span address)
{
	size_t i, count = 0;

	for (i = 0; i < address.len; i++)
		count += address.p[i] == '"';
	return count != 1 && !span_starts(address, "\"\"@");
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

/* Up to the second @. */
static struct span
first_address(struct span address)
{
	const char *at = memchr(address.p, '@', address.len);
	struct span rest;

	if (at == NULL)
		return address;
	rest = span_from(address, (size_t)(at - address.p) + 1);
	at = memchr(rest.p, '@', rest.len);
	return at == NULL
		   ? address
		   : upto(address, span_from(rest, (size_t)(at - rest.p)));
}

/* A name that is an address by itself. */
static bool
is_bare_address(struct span text)
{
	const char *at;

	if (!is_address(text) || !has_good_quotes(text))
		return false;
	text = first_address(text);
	at = memchr(text.p, '@', text.len);
	return is_host(span_from(text, (size_t)(at - text.p) + 1));
}

static struct mailbox
make(struct arena *arena, const struct item *item)
{
	struct mailbox box = {item->address, item->phrase};

	if (item->in_brackets) {
		box.address = without_comments(arena, box.address);
		if (!is_address(box.address))
			box.address.p = NULL;
	}
	if (box.address.p != NULL && !has_good_quotes(box.address))
		box.address.p = NULL;
	if (box.phrase.p != NULL) {
		box.phrase = plain_phrase(arena, box.phrase);
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
		box.address = first_address(box.address);
	return box;
}

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

	while (value.len > 0 && is_blank(value.p[value.len - 1]))
		value.len--;
	take_while(&rest, "\"()<>", true);
	for (i = value.len - (rest.len < value.len ? rest.len : value.len);
	     i > 1 && value.p[i - 1] != ':';)
		i--;
	if (i <= 1)
		return value;
	value = skip_blanks(span_from(value, i));
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
		if (!take_address(&rest) || !span_starts(rest, ">"))
			continue;
		address = upto(address, rest);
		if (has_good_quotes(address))
			add(found, (struct mailbox){
				       first_address(address), {NULL, 0}});
	}
}

static void
find_loosely(struct found *found, struct span value)
{
	struct item item;

	while (found->count < found->max && take_item(&value, &item))
		add(found, make(found->arena, &item));
	add_bracketed(found, value);
}

/* Takes an element of the list up to the comma behind it (RFC 5322, 3.4); a
 * quote or comment that does not end takes all. */
static struct span
take_element(struct span *rest)
{
	struct span begin = *rest, inner;

	while (rest->len > 0 && rest->p[0] != ',')
		if (!take_between(rest, '"', '"', &inner) &&
		    !take_between(rest, '(', ')', &inner))
			*rest = span_from(*rest,
			    rest->p[0] == '"' || rest->p[0] == '(' ? rest->len
								   : 1);
	begin = upto(begin, *rest);
	*rest = span_from(*rest, 1);
	return begin;
}

static bool
is_words(struct span text)
{
	return !take_while(&text, "()<>[]:;@\\,.\"", true) || text.len == 0;
}

/* An element by the book; what is no address is named by all of the value. */
static struct mailbox
read_element(struct found *found, struct span element, bool is_last)
{
	const char *open = memchr(element.p, '<', element.len);
	struct mailbox box = {{NULL, 0}, {NULL, 0}};

	if (open == NULL && span_ends(element, ">") &&
	    is_address(upto(element, span_from(element, element.len - 1))))
		element.len--;
	if (is_address(element)) {
		box.address = element;
	} else if (open != NULL) {
		box.address = span_from(element, (size_t)(open - element.p));
		box.phrase =
		    plain_phrase(found->arena, upto(element, box.address));
		box.phrase = span_trim(box.phrase);
		box.address = span_from(box.address, 1);
		box.address.len -= span_ends(box.address, ">");
		if (!is_address(box.address))
			box.address = (struct span){NULL, 0};
	} else if (is_last && is_words(element)) {
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
		element = without_comments(found->arena, take_element(&value));
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
