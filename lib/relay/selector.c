#include "relay/selector.h"

#include "relay/relay.h"
#include "relay/selectorhost.h"
#include "relay/selectorpiece.h"
#include "text/words.h"

#define MAILBOXES_MAX 5000 /* of one selector */

static const struct {
	const char *name;
	unsigned flags;
} modifiers[] = {
    {"raw", SELECT_RAW},
    {"addr", SELECT_ADDR},
    {"name", SELECT_NAME},
    {"host", SELECT_HOST},
    {"domain", SELECT_HOST | SELECT_DOMAIN},
    {"ip", SELECT_IP},
    {"revip", SELECT_IP | SELECT_REVIP},
    {"first", SELECT_FIRST},
    {"last", SELECT_LAST},
};

void
selector_parse(struct span text, struct selector *selector)
{
	const char *colon = memchr(text.p, ':', text.len);
	struct span rest, word;
	size_t i;

	*selector = (struct selector){text, 0};
	if (colon == NULL)
		return;
	selector->name.len = (size_t)(colon - text.p);
	rest = span_from(text, selector->name.len);
	while (rest.len > 0) {
		rest = span_from(rest, 1);
		colon = memchr(rest.p, ':', rest.len);
		word = rest;
		if (colon != NULL)
			word.len = (size_t)(colon - rest.p);
		for (i = 0; i < nitems(modifiers); i++)
			if (span_is(word, modifiers[i].name))
				selector->flags |= modifiers[i].flags;
		rest = span_from(rest, word.len);
	}
}

/* As it was written, but in one line: not even decoded. */
static struct span
unfolded(struct arena *arena, struct span raw)
{
	char *p = arena_alloc(arena, raw.len + 1);
	size_t i, len = 0;

	for (i = 0; i < raw.len; i++) {
		if (raw.p[i] != '\n' || i + 1 == raw.len ||
		    (raw.p[i + 1] != ' ' && raw.p[i + 1] != '\t')) {
			p[len++] = raw.p[i];
			continue;
		}
		while (i + 1 < raw.len &&
		       (raw.p[i + 1] == ' ' ||
			   (raw.p[i + 1] >= '\t' && raw.p[i + 1] <= '\r')))
			i++;
		p[len++] = ' ';
	}
	return (struct span){p, len};
}

static void
add_fields(struct pieces *pieces, const struct mail_header *header,
    struct span name, unsigned flags, bool unfold)
{
	struct span none = {"", 0};
	const struct mail_field *field;
	size_t i;

	for (i = 0; i < header->count; i++) {
		field = &header->fields[i];
		if (!span_ieq(field->name, name))
			continue;
		if (unfold)
			pieces_add(pieces, unfolded(pieces->arena, field->raw));
		else if (flags & (SELECT_RAW | SELECT_ADDR | SELECT_NAME))
			pieces_add(pieces, field->raw);
		else
			pieces_add(pieces,
			    pieces_line(pieces->arena, none, field->value));
	}
}

static bool
add_relays(struct pieces *pieces, const struct relays *relays, struct span name)
{
	const struct {
		const char *name;
		struct span text;
	} texts[] = {
	    {"Untrusted", relays->untrusted_text},
	    {"Trusted", relays->trusted_text},
	    {"External", relays->external_text},
	    {"Internal", relays->internal_text},
	};
	size_t i;

	if (span_iis(name, "EnvelopeFrom")) {
		if (relays->envelope_from.p != NULL)
			pieces_add(pieces, relays->envelope_from);
		return true;
	}
	if (!span_istarts(name, "X-Spam-Relays-"))
		return false;
	name = span_from(name, sizeof("X-Spam-Relays-") - 1);
	for (i = 0; i < nitems(texts); i++)
		if (span_iis(name, texts[i].name)) {
			pieces_add(pieces, texts[i].text);
			return true;
		}
	return false;
}

/* Names that stand for several fields. */
static bool
add_several(struct pieces *pieces, const struct mail_header *header,
    const struct selector *selector)
{
	static const char *const ids[] = {"X-Message-Id", "Resent-Message-Id",
	    "X-Original-Message-ID", "Message-Id", NULL};
	static const char *const people[] = {"To", "Cc", NULL};
	const char *const *names;
	bool raw = (selector->flags & SELECT_RAW) != 0;

	if (span_is(selector->name, "MESSAGEID"))
		names = ids;
	else if (span_iis(selector->name, "ToCc"))
		names = people;
	else
		return false;
	for (; *names != NULL; names++)
		add_fields(pieces, header, span_of(*names), 0, raw);
	return true;
}

/* A name as it is shown: decoded, blanks joined, without quotes. */
static struct span
shown_name(struct arena *arena, struct span phrase)
{
	struct span name = words_decode(arena, span_of("From"), phrase);
	size_t i, len = 0;
	char *p;

	if (span_trim(name).len == 0)
		return name;
	name = span_trim(name);
	p = arena_alloc(arena, name.len);
	for (i = 0; i < name.len; i++) {
		if (name.p[i] != ' ' &&
		    !(name.p[i] >= '\t' && name.p[i] <= '\r'))
			p[len++] = name.p[i];
		else if (p[len - 1] != ' ')
			p[len++] = ' ';
	}
	if (len >= 2 && p[0] == '\'' && p[len - 1] == '\'')
		return (struct span){p + 1, len - 2};
	return (struct span){p, len};
}

static void
to_mailboxes(struct pieces *pieces, unsigned flags)
{
	struct pieces found = {.arena = pieces->arena};
	struct mailbox *list;
	size_t i, j, count;

	for (i = 0; i < pieces->text.count; i++) {
		count = words_mailboxes(
		    pieces->arena, pieces->text.lines[i], MAILBOXES_MAX, &list);
		for (j = 0; j < count && found.text.count < MAILBOXES_MAX;
		     j++) {
			if (flags & SELECT_ADDR) {
				if (list[j].address.p != NULL)
					pieces_add(&found, list[j].address);
			} else if (list[j].phrase.p != NULL) {
				pieces_add(
				    &found, flags & SELECT_RAW
						? list[j].phrase
						: shown_name(pieces->arena,
						      list[j].phrase));
			}
		}
	}
	*pieces = found;
}

static struct span
lower_case(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	size_t i;

	for (i = 0; i < text.len; i++)
		p[i] = text.p[i] >= 'A' && text.p[i] <= 'Z'
			   ? (char)(text.p[i] + ('a' - 'A'))
			   : text.p[i];
	return (struct span){p, text.len};
}

/* Its registered domain; of what is none the last two labels. */
static struct span
domain_of(struct arena *arena, struct span host, const struct tld *tld)
{
	struct span domain = tld_domain(tld, host);
	size_t i, dots = 0;

	if (domain.p != NULL)
		return lower_case(arena, domain);
	for (i = host.len; i > 0; i--)
		if (host.p[i - 1] == '.' && ++dots == 2)
			break;
	return lower_case(arena, span_from(host, i));
}

static void
to_hosts(struct pieces *pieces, unsigned flags, const struct tld *tld)
{
	struct pieces found = {.arena = pieces->arena};
	struct span line, host;
	size_t i;

	for (i = 0; i < pieces->text.count; i++) {
		line = pieces->text.lines[i];
		if (!(flags & SELECT_HOST))
			host = selector_ip(
			    found.arena, line, (flags & SELECT_REVIP) != 0);
		else if (flags & SELECT_ADDR)
			host = selector_host_of_address(line);
		else
			host = selector_host(found.arena, line, tld);
		if (host.len == 0)
			continue;
		if (flags & SELECT_DOMAIN)
			host = domain_of(found.arena, host, tld);
		pieces_add(&found, host);
	}
	*pieces = found;
}

void
selector_get(struct mail *mail, const struct selector *selector,
    const struct tld *tld, struct text *text)
{
	const struct mail_header *header = &mail->root.header;
	struct pieces pieces = {.arena = &mail->arena};
	unsigned flags = selector->flags;

	if (pieces_add_header(&pieces, mail, selector)) {
		*text = pieces.text;
		return;
	}
	if (!add_several(&pieces, header, selector) &&
	    (mail->relays == NULL ||
		!add_relays(&pieces, mail->relays, selector->name)))
		add_fields(&pieces, header, selector->name, flags, false);
	if (pieces.text.count > 1 && flags & SELECT_FIRST)
		pieces.text.count = 1;
	if (pieces.text.count > 1 && flags & SELECT_LAST) {
		pieces.text.lines += pieces.text.count - 1;
		pieces.text.count = 1;
	}
	if (pieces.text.count > 0 && flags & (SELECT_ADDR | SELECT_NAME))
		to_mailboxes(&pieces, flags);
	if (pieces.text.count > 0 && flags & (SELECT_HOST | SELECT_IP))
		to_hosts(&pieces, flags, tld);
	*text = pieces.text;
}

static struct span
join(struct arena *arena, const struct text *text)
{
	size_t i, len = 0;
	char *p;

	for (i = 0; i < text->count; i++)
		len += text->lines[i].len;
	p = arena_alloc(arena, len + 1);
	for (i = 0, len = 0; i < text->count; i++) {
		if (text->lines[i].len > 0)
			memcpy(p + len, text->lines[i].p, text->lines[i].len);
		len += text->lines[i].len;
	}
	return (struct span){p, len};
}

struct span
selector_text(struct mail *mail, const char *selector, const struct tld *tld)
{
	struct span piece = {NULL, 0};
	struct selector parsed;
	struct text text;

	selector_parse(span_of(selector), &parsed);
	selector_get(mail, &parsed, tld, &text);
	if (text.count == 0)
		return piece;
	piece = text.lines[0];
	if (!(parsed.flags &
		(SELECT_ADDR | SELECT_NAME | SELECT_HOST | SELECT_IP)) &&
	    !span_is(parsed.name, "EnvelopeFrom"))
		return text.count == 1 ? piece : join(&mail->arena, &text);
	if (span_ends(piece, "\n"))
		piece.len--;
	return piece;
}
