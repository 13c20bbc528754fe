#include "eval/people.h"

#include "base/ascii.h"
#include "base/map.h"
#include "eval/globs.h"

#define RECEIVED_TRIED 3 /* Received fields that may name a recipient */
#define HOST_MAX 253     /* RFC 1035 */
#define LABEL_MAX 63

static const char *const from_fields[] = {"From:addr", "Envelope-Sender:addr",
    "Resent-Sender:addr", "X-Envelope-From:addr", "EnvelopeFrom:addr", NULL};

static const char *const to_fields[] = {"To:addr", "Apparently-To:addr",
    "Delivered-To:addr", "Envelope-Recipients:addr",
    "Apparently-Resent-To:addr", "X-Envelope-To:addr", "Envelope-To:addr",
    "X-Delivered-To:addr", "X-Original-To:addr", "X-Rcpt-To:addr",
    "X-Real-To:addr", "Cc:addr", NULL};

/* A list that takes each address once. */
struct crowd {
	struct arena *arena;
	struct map seen;
	struct text *people;
};

static void
begin(struct crowd *crowd, struct arena *arena, struct text *people)
{
	memset(crowd, 0, sizeof(*crowd));
	crowd->arena = arena;
	crowd->people = people;
	people->lines = arena_array(arena, PEOPLE_MAX, sizeof(*people->lines));
	people->count = 0;
}

static void
add(struct crowd *crowd, struct span address)
{
	uint32_t *seen;

	if (address.len == 0 || crowd->people->count == PEOPLE_MAX)
		return;
	seen = map_at(&crowd->seen, crowd->arena, address);
	if (*seen != 0)
		return;
	*seen = 1;
	crowd->people->lines[crowd->people->count++] = address;
}

void
people_list(struct mail *mail, const struct tld *tld, const char *selector,
    struct text *text)
{
	struct selector parsed;

	selector_parse(span_of(selector), &parsed);
	selector_get(mail, &parsed, tld, text);
}

/* "joe@example..com" is one that is written wrong. */
static struct span
one_dot(struct arena *arena, struct span address)
{
	char *p;
	size_t i, len = 0;

	if (span_find(address, span_of("..")) == NULL)
		return address;
	p = arena_alloc(arena, address.len);
	for (i = 0; i < address.len; i++)
		if (address.p[i] != '.' || len == 0 || p[len - 1] != '.')
			p[len++] = address.p[i];
	return (struct span){p, len};
}

static void
add_field(struct crowd *crowd, struct mail *mail, const struct tld *tld,
    const char *selector, bool squeeze)
{
	struct text text;
	size_t i;

	people_list(mail, tld, selector, &text);
	for (i = 0; i < text.count; i++)
		add(crowd, squeeze ? one_dot(&mail->arena, text.lines[i])
				   : text.lines[i]);
}

void
people_from(struct mail *mail, const struct tld *tld, struct text *people)
{
	struct crowd crowd;
	size_t i;

	begin(&crowd, &mail->arena, people);
	add_field(&crowd, mail, tld, "Resent-From:first:addr", false);
	if (people->count > 0)
		return;
	for (i = 0; from_fields[i] != NULL; i++)
		add_field(&crowd, mail, tld, from_fields[i], true);
}

static bool
is_label(struct span label, bool is_upper_level)
{
	size_t i;

	if (label.len < 1 || label.len > LABEL_MAX || label.p[0] == '-' ||
	    label.p[label.len - 1] == '-')
		return false;
	for (i = 0; i < label.len; i++)
		if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-' &&
		    (label.p[i] != '_' || is_upper_level))
			return false;
	return true;
}

bool
people_is_host(struct arena *arena, struct span host)
{
	size_t at, labels;

	host = tld_ascii(arena, host);
	while (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	if (host.len > HOST_MAX)
		return false;
	for (labels = 0;; labels++) {
		for (at = host.len; at > 0 && host.p[at - 1] != '.'; at--)
			;
		if (!is_label(span_from(host, at), labels < 2))
			return false;
		if (at == 0)
			return labels > 0;
		host.len = at - 1;
	}
}

/* "for <joe@example.com>;" of a Received field; empty if there is none. */
static struct span
received_for(struct arena *arena, struct span line)
{
	const struct span mark = span_of(" for ");
	struct span address;
	const char *p, *at;
	size_t len;

	while ((p = span_find(line, mark)) != NULL) {
		line = span_from(line, (size_t)(p - line.p) + mark.len);
		address = line;
		if (span_starts(address, "<"))
			address = span_from(address, 1);
		for (len = 0;
		     len < address.len && !ascii_is_space(address.p[len]) &&
		     address.p[len] != ';';
		     len++)
			;
		if (len == address.len || address.p[len] != ';')
			continue;
		address.len = len;
		if (span_ends(address, ">"))
			address.len--;
		at = address.len > 0 ? memchr(address.p, '@', address.len)
				     : NULL;
		if (at != NULL && at > address.p &&
		    people_is_host(arena,
			span_from(address, (size_t)(at - address.p) + 1)))
			return address;
		return (struct span){NULL, 0};
	}
	return (struct span){NULL, 0};
}

void
people_to(struct mail *mail, const struct tld *tld, struct text *people)
{
	struct crowd crowd;
	struct text received;
	size_t i;

	begin(&crowd, &mail->arena, people);
	add_field(&crowd, mail, tld, "Resent-To:first:addr", false);
	add_field(&crowd, mail, tld, "Resent-Cc:first:addr", false);
	if (people->count > 0)
		return;
	people_list(mail, tld, "Received", &received);
	for (i = 0; i < received.count && i < RECEIVED_TRIED; i++)
		add(&crowd, received_for(&mail->arena, received.lines[i]));
	for (i = 0; to_fields[i] != NULL; i++)
		add_field(&crowd, mail, tld, to_fields[i], false);
}

void
people_lower(struct arena *arena, struct text *people)
{
	size_t i;

	for (i = 0; i < people->count; i++)
		people->lines[i] = glob_lower(arena, people->lines[i]);
}
