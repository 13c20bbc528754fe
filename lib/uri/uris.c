#include "base/ascii.h"
#include "base/map.h"
#include "html/html.h"
#include "uri/uripart.h"

struct finder {
	struct mail *mail;
	struct arena *arena;
	const struct tld *tld;
	struct uris *uris;
	struct map seen; /* what was found in the text already */
	struct map raws; /* index in uris->list, and 1 */
	struct map all;
	struct uri_readings readings;
	size_t memory; /* of the arena when it began */
};

/* Room is doubled when it is full, which it is at a power of 2. */
static void
text_add(struct arena *arena, struct text *text, struct span piece)
{
	struct span *lines;

	if ((text->count & (text->count - 1)) == 0) {
		lines = arena_array(arena,
		    text->count == 0 ? 1 : 2 * text->count, sizeof(*lines));
		if (text->count > 0)
			memcpy(
			    lines, text->lines, text->count * sizeof(*lines));
		text->lines = lines;
	}
	text->lines[text->count++] = piece;
}

static void
text_add_once(struct arena *arena, struct text *text, struct span piece)
{
	size_t i;

	for (i = 0; i < text->count; i++)
		if (span_eq(text->lines[i], piece))
			return;
	text_add(arena, text, piece);
}

/* --- the list --- */

/* Where it was seen, by all names of it. */
static void
add_types(
    struct finder *f, struct uri *uri, unsigned types, const char *element)
{
	static const char *const names[] = {"parsed", NULL, NULL, NULL, NULL,
	    NULL, "unlinked", "schemeless", "domainkeys"};
	size_t i;

	uri->types |= types;
	for (i = 0; i < nitems(names); i++)
		if ((types & 1u << i) != 0 && names[i] != NULL)
			text_add_once(
			    f->arena, &uri->elements, span_of(names[i]));
	if (element != NULL)
		text_add_once(f->arena, &uri->elements, span_of(element));
	/* so SpamAssassin tells rules how it did it */
	if ((types & URI_DKIM) != 0) {
		text_add_once(f->arena, &uri->elements, span_of("nocanon"));
		text_add_once(f->arena, &uri->elements, span_of("noclean"));
	}
}

static void
add_host(struct finder *f, struct uri *uri, struct span reading)
{
	struct span host, domain;

	domain = uri_domain(f->arena, f->tld, reading, &host);
	if (domain.p == NULL)
		return;
	text_add_once(f->arena, &uri->hosts, host);
	text_add_once(f->arena, &uri->domains, domain);
}

static void
add_readings(struct finder *f, struct uri *uri)
{
	const struct uri_readings *all = &f->readings;
	size_t i;

	uri_readings(f->arena, f->tld, uri->raw, &f->readings);
	f->uris->truncated |= all->is_cut;
	uri->cleaned.lines =
	    arena_array(f->arena, all->count, sizeof(*uri->cleaned.lines));
	for (i = 0; i < all->count; i++) {
		uri->cleaned.lines[uri->cleaned.count++] = all->list[i];
		add_host(f, uri, all->list[i]);
	}
}

/* Adds one that is new. */
static struct uri *
add_uri(struct finder *f, const struct uri *uri)
{
	struct uris *uris = f->uris;
	struct uri *list;
	uint32_t *index;
	size_t i;

	if ((uris->count & (uris->count - 1)) == 0) {
		list = arena_array(f->arena,
		    uris->count == 0 ? 1 : 2 * uris->count, sizeof(*list));
		if (uris->count > 0)
			memcpy(list, uris->list, uris->count * sizeof(*list));
		uris->list = list;
	}
	uris->list[uris->count++] = *uri;
	*map_at(&f->raws, f->arena, uri->raw) = (uint32_t)uris->count;
	for (i = 0; i < uri->cleaned.count; i++) {
		index = map_at(&f->all, f->arena, uri->cleaned.lines[i]);
		if ((*index)++ == 0)
			text_add(f->arena, &uris->all, uri->cleaned.lines[i]);
	}
	return &uris->list[uris->count - 1];
}

/* Adds it, as one that was seen there; NULL if it is none: one of the text must
 * have a host that could exist. */
static struct uri *
add(struct finder *f, struct span raw, unsigned types, const char *element)
{
	uint32_t known = map_get(&f->raws, raw);
	struct uri new = {.raw = raw}, *uri;

	if (known != 0)
		uri = &f->uris->list[known - 1];
	else if (f->uris->count == URIS_MAX ||
		 f->arena->total - f->memory > URIS_MEMORY_MAX) {
		f->uris->is_cut = true;
		return NULL;
	} else {
		if ((types & URI_DKIM) != 0)
			add_host(f, &new, raw);
		else
			add_readings(f, &new);
		if (new.hosts.count == 0 &&
		    (types & (URI_PARSED | URI_DKIM)) != 0 && element == NULL)
			return NULL;
		uri = add_uri(f, &new);
	}
	add_types(f, uri, types, element);
	return uri;
}

static void
add_found(struct finder *f, struct uri_found *found)
{
	unsigned types = URI_PARSED;
	struct span uri;

	found->raw = uri_trim(found->raw);
	if (found->raw.len == 0 ||
	    (*map_at(&f->seen, f->arena, found->raw))++ > 0)
		return;
	uri = uri_complete(f->arena, f->tld, found, &types);
	if (uri.p != NULL)
		add(f, uri, types, NULL);
}

static void
read_text(struct finder *f)
{
	const struct text *body = &f->mail->body;
	struct uri_found found;
	size_t i;

	for (i = 0; i < body->count; i++) {
		struct uri_search search = {
		    .line = body->lines[i], .tld = f->tld};

		while (uri_next(&search, &found) && !f->uris->is_cut)
			add_found(f, &found);
	}
}

/* --- HTML --- */

static unsigned
element_type(const char *element)
{
	static const struct {
		const char *name;
		unsigned type;
	} types[] = {{"a", URI_A}, {"img", URI_IMG}, {"form", URI_FORM},
	    {"link", URI_LINK}};
	size_t i;

	for (i = 0; i < nitems(types); i++)
		if (strcmp(element, types[i].name) == 0)
			return types[i].type;
	return URI_OTHER;
}

static void
read_html_uri(struct finder *f, const struct html_uri *html)
{
	struct text once = {NULL, 0};
	struct uri *uri;
	size_t i;

	if (html->element != NULL)
		uri = add(
		    f, html->uri, element_type(html->element), html->element);
	else /* a link's text without its address has no other name there */
		uri = add(f, html->uri, URI_PARSED, "parsed");
	if (uri == NULL)
		return;
	for (i = 0; i < html->anchors.count && i < URI_ANCHORS_MAX; i++)
		text_add_once(f->arena, &once, html->anchors.lines[i]);
	for (i = 0; i < once.count && uri->anchors.count < URI_ANCHORS_MAX; i++)
		text_add(f->arena, &uri->anchors, once.lines[i]);
}

static void
read_html(struct finder *f)
{
	const struct html *html;
	size_t i, k;

	for (i = 0; i < f->mail->leaf_count; i++) {
		html = f->mail->leaves[i]->html;
		for (k = 0; html != NULL && k < html->uri_count; k++)
			read_html_uri(f, &html->uris[k]);
		if (html != NULL && html_fact(html, "uri_truncated") != NULL)
			f->uris->truncated = true;
	}
}

/* --- signatures --- */

/* What "d=" is in a signature (RFC 6376, 3.5), from *rest on, without blanks.
 */
static struct span
next_domain(struct arena *arena, struct span value, size_t *at)
{
	struct buf domain = BUF_INIT(URI_LEN_MAX);
	struct span found = {NULL, 0}, rest;
	size_t i;

	for (; *at < value.len && found.p == NULL; ++*at) {
		if (value.p[*at] != 'd' ||
		    (*at > 0 && ascii_is_word(value.p[*at - 1])))
			continue;
		rest = span_trim(span_from(value, *at + 1));
		if (!span_starts(rest, "="))
			continue;
		rest = span_from(rest, 1);
		buf_adds(&domain, "domainkeys:");
		for (i = 0; i < rest.len && rest.p[i] != ';'; i++)
			if (strchr(" \t\r\n\f\v", rest.p[i]) == NULL ||
			    rest.p[i] == '\0')
				buf_add(&domain, rest.p + i, 1);
		if (i > 0)
			found = arena_copy(arena, buf_span(&domain));
		*at = (size_t)(rest.p + i - value.p);
	}
	buf_free(&domain);
	return found;
}

static void
read_signatures(struct finder *f)
{
	static const char *const names[] = {
	    "DomainKey-Signature", "DKIM-Signature"};
	const struct mail_field *field;
	struct span domain;
	size_t i, at, pos;

	for (i = 0; i < nitems(names); i++) {
		at = 0;
		while ((field = mail_next(
			    &f->mail->root.header, names[i], &at)) != NULL) {
			pos = 0;
			while (
			    (domain = next_domain(f->arena, field->value, &pos))
				.p != NULL)
				add(f, domain, URI_DKIM, NULL);
		}
	}
}

void
uris_find(struct mail *mail, const struct tld *tld)
{
	struct finder f = {.mail = mail,
	    .arena = &mail->arena,
	    .tld = tld,
	    .memory = mail->arena.total};

	f.uris = arena_alloc(&mail->arena, sizeof(*f.uris));
	read_text(&f);
	read_html(&f);
	read_signatures(&f);
	mail->uris = f.uris;
}
