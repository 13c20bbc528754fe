#include "learn/features.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/err.h"
#include "html/html.h"
#include "learn/siphash.h"
#include "text/mail.h"

#define SEEN_SIZE (2 * FEATURES_MAX) /* a power of two */
#define KEY 0x70696d61696c3031       /* known to all; anything would do */

/* What a text is; goes into its number. */
enum kind {
	KIND_NAME = 1, /* of a field */
	KIND_WORD,
	KIND_PAIR,
	KIND_HIDDEN,
	KIND_HOST,
	KIND_ELEMENT,
	KIND_TYPE,
	KIND_OCTETS,
	KIND_FIELD /* and more: a word of a field, by the field's name */
};

bool
features_is_noise(struct span name)
{
	static const char *const names[] = {"Status", "X-Status", "X-Keywords",
	    "X-UID", "X-UIDL", "X-IMAP", "X-IMAPbase", "Return-Path",
	    "Delivered-To", "X-Bogosity", "X-Mozilla-Status",
	    "X-Mozilla-Status2", "X-Mozilla-Keys"};

	if (span_istarts(name, "X-Spam-") || span_istarts(name, "X-Virus-"))
		return true;
	for (size_t i = 0; i < nitems(names); i++)
		if (span_iis(name, names[i]))
			return true;
	return false;
}

/* Adds a feature unless it is there. */
static void
add(struct features *features, uint64_t value)
{
	size_t at = value * features->mix >> 49; /* below SEEN_SIZE */

	if (features->count == FEATURES_MAX)
		return;
	value |= value == 0; /* 0 is an empty place */
	while (features->seen[at] != 0) {
		if (features->seen[at] == value)
			return;
		at = (at + 1) & (SEEN_SIZE - 1);
	}
	features->seen[at] = value;
	features->list[features->count++] = value;
}

static void
add_text(struct features *features, uint64_t kind, struct span text)
{
	add(features, siphash_of(KEY, kind, text));
}

static void
end_group(struct features *features, enum feature_group group)
{
	features->ends[group] = features->count;
}

/* Every four octets in a row. */
static void
add_octets(
    struct features *features, enum feature_group group, struct span text)
{
	uint32_t four = 0;

	for (size_t i = 0; i < text.len; i++) {
		four = four << 8 | (unsigned char)text.p[i];
		if (i >= 3)
			add(features,
			    (uint64_t)(KIND_OCTETS * FEATURES_GROUPS + group)
				    << 32 |
				four);
	}
}

/* Letters and digits of all languages, and what stands inside of prices,
 * addresses, names of hosts. */
static bool
is_wordy(unsigned char c)
{
	return c >= 128 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '$' || c == '\'' || c == '-' ||
	       c == '!' || c == '.' || c == '@';
}

/* Takes the next word off rest, in lower case and cut to FEATURES_WORD_MAX;
 * empty at the end. */
static struct span
take_word(struct span *rest, char word[FEATURES_WORD_MAX])
{
	struct span found = {word, 0};
	const char *p = rest->p, *end = rest->p + rest->len;
	char c;

	while (p < end && found.len == 0) {
		while (p < end && !is_wordy((unsigned char)*p))
			p++;
		for (; p < end && is_wordy((unsigned char)*p); p++)
			if (found.len < FEATURES_WORD_MAX)
				word[found.len++] = *p >= 'A' && *p <= 'Z'
							? (char)(*p + 32)
							: *p;
		while (found.len > 0 && (c = word[found.len - 1]) != '\0' &&
		       (c == '.' || c == '-' || c == '\''))
			found.len--;
	}
	*rest = (struct span){p, (size_t)(end - p)};
	return found;
}

/* Words, at most *left of them, which goes down; with pairs if pair_kind is
 * not 0. */
static void
add_words(struct features *features, uint64_t kind, uint64_t pair_kind,
    struct span text, size_t *left)
{
	char pair[2 * FEATURES_WORD_MAX + 1];
	char word[FEATURES_WORD_MAX];
	size_t before = 0; /* octets of the word before, which is in pair */
	struct span found;

	for (; *left > 0; --*left) {
		found = take_word(&text, word);
		if (found.len == 0)
			return;
		add_text(features, kind, found);
		if (pair_kind == 0)
			continue;
		if (before > 0) {
			pair[before++] = ' ';
			memcpy(pair + before, word, found.len);
			add_text(features, pair_kind,
			    (struct span){pair, before + found.len});
		}
		memcpy(pair, word, found.len);
		before = found.len;
	}
}

static void
add_fields(struct features *features, const struct mail_header *header)
{
	size_t all = FEATURES_FIELDS_MAX, left;
	char name[FEATURES_WORD_MAX];
	const struct mail_field *field;
	struct span text, lower;
	uint64_t kind;

	for (size_t i = 0; i < header->count; i++) {
		field = &header->fields[i];
		if (features_is_noise(field->name) || all == 0)
			continue;
		text = field->name;
		lower = take_word(&text, name);
		kind = siphash_of(KEY, KIND_NAME, lower);
		add(features, kind);
		all--;
		left = all < FEATURES_FIELD_MAX ? all : FEATURES_FIELD_MAX;
		all -= left;
		add_words(features, kind + KIND_FIELD, 0, field->value, &left);
		all += left;
	}
}

/* Appends text, all blanks in a row one, as far as there is room. */
static void
squeeze(struct buf *buf, struct span text)
{
	const char *p = text.p, *end = text.p + text.len;
	char c;

	for (; p < end && buf->len < buf->max; p++) {
		c = (unsigned char)*p <= ' ' ? ' ' : *p;
		if (c != ' ' || (buf->len > 0 && buf->p[buf->len - 1] != ' '))
			buf_add(buf, &c, 1);
	}
}

static void
add_header(struct features *features, const struct mail_header *header)
{
	struct buf text = BUF_INIT(FEATURES_OCTETS_MAX);
	const struct mail_field *field;

	for (size_t i = 0; i < header->count && text.len < text.max; i++) {
		field = &header->fields[i];
		if (features_is_noise(field->name))
			continue;
		squeeze(&text, field->name);
		squeeze(&text, span_of(":"));
		squeeze(&text, field->raw);
	}
	add_octets(features, FEATURES_HEADER, buf_span(&text));
	buf_free(&text);
}

static void
add_shown(struct features *features, const struct mail *mail)
{
	size_t words = FEATURES_WORDS_MAX, hidden = FEATURES_HIDDEN_MAX;

	for (size_t i = 0; i < mail->visible.count && words > 0; i++)
		add_words(features, KIND_WORD, KIND_PAIR,
		    mail->visible.lines[i], &words);
	for (size_t i = 0; i < mail->invisible.count && hidden > 0; i++)
		add_words(features, KIND_HIDDEN, 0, mail->invisible.lines[i],
		    &hidden);
}

static void
add_beginning(struct features *features, const struct mail *mail)
{
	struct buf text = BUF_INIT(FEATURES_OCTETS_MAX);

	for (size_t i = 0; i < mail->visible.count && text.len < text.max;
	     i++) {
		squeeze(&text, mail->visible.lines[i]);
		squeeze(&text, span_of(" "));
	}
	add_octets(features, FEATURES_TEXT, buf_span(&text));
	buf_free(&text);
}

static bool
is_host(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* A host, and the domains that it is in. */
static void
add_host(struct features *features, struct span host)
{
	char word[FEATURES_WORD_MAX];
	struct span rest = {host.p, host.len}, lower;

	if (rest.len > FEATURES_WORD_MAX)
		rest = span_from(rest, rest.len - FEATURES_WORD_MAX);
	lower = take_word(&rest, word);
	while (lower.len > 0) {
		add_text(features, KIND_HOST, lower);
		while (lower.len > 0 && lower.p[0] != '.')
			lower = span_from(lower, 1);
		lower = span_from(lower, 1);
	}
}

/* The hosts of what looks like "http://host/", at most *left. */
static void
add_links(struct features *features, struct span text, size_t *left)
{
	const char *end, *colon;

	for (; *left > 0 && text.len > 0; --*left) {
		colon = span_find(text, span_of("://"));
		if (colon == NULL)
			return;
		text = span_from(text, (size_t)(colon - text.p) + 3);
		end = text.p;
		while (end < text.p + text.len && is_host(*end))
			end++;
		add_host(
		    features, (struct span){text.p, (size_t)(end - text.p)});
	}
}

static void
add_structure(struct features *features, const struct mail *mail)
{
	size_t left = FEATURES_LINKS_MAX;
	const struct mail_part *part;
	const struct html *html;

	for (size_t i = 0; i < mail->visible.count; i++)
		add_links(features, mail->visible.lines[i], &left);
	for (size_t i = 0; i < mail->leaf_count; i++) {
		part = mail->leaves[i];
		html = part->html;
		add_text(features, KIND_TYPE, span_of(part->type));
		if (html == NULL)
			continue;
		for (size_t k = 0; k < html->uri_count; k++)
			add_links(features, html->uris[k].uri, &left);
		for (size_t k = 0; k < html->tag_count; k++)
			add_text(features, KIND_ELEMENT, html->tags[k].name);
	}
}

void
features_of(struct features *features, struct mail *mail)
{
	if (features->list == NULL) {
		features->list = malloc(FEATURES_MAX * sizeof(uint64_t));
		features->seen = malloc(SEEN_SIZE * sizeof(uint64_t));
		if (features->list == NULL || features->seen == NULL)
			fatal("out of memory");
		/* so that nobody can fill one corner of the set */
		if (getrandom(&features->mix, sizeof(features->mix), 0) < 0)
			features->mix = 0x9e3779b97f4a7c15;
		features->mix |= 1;
	}
	memset(features->seen, 0, SEEN_SIZE * sizeof(uint64_t));
	features->count = 0;
	add_fields(features, &mail->root.header);
	end_group(features, FEATURES_FIELDS);
	add_header(features, &mail->root.header);
	end_group(features, FEATURES_HEADER);
	add_shown(features, mail);
	end_group(features, FEATURES_WORDS);
	add_beginning(features, mail);
	end_group(features, FEATURES_TEXT);
	add_structure(features, mail);
	end_group(features, FEATURES_LINKS);
}

void
features_free(struct features *features)
{
	free(features->list);
	free(features->seen);
	memset(features, 0, sizeof(*features));
}
