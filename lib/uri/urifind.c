/*
 * urifind: addresses in text, as programs that show mail make links of them.
 *
 * What counts as one is a mixture of what Thunderbird and Outlook Express do: a
 * scheme or "www." and all until the next blank or bracket; anything around an
 * "@"; a host's name whose last label exists.  All of them lie within a word,
 * so words without '.', ':' and '@' are passed over, and in the others each
 * octet is looked at a few times at most.
 */
#include "uri/uripart.h"

#define PATH_MAX_LEN 2048 /* octets of an address behind its scheme */
#define MAIL_MAX_LEN 251  /* octets before and behind "@" */
#define HOST_MAX_LEN 252  /* octets of a host before its last label */
#define PORT_DIGITS_MAX 5

enum {
	WORD_END = 1,     /* ends an address */
	MAIL_END = 2,     /* ends one of mail, as does WORD_END */
	WORD_BEGIN = 4,   /* one may begin behind it */
	HOST_BEGIN = 8,   /* a host's name may begin behind it */
	HOST = 16,        /* may be in a host's name */
	LETTER = 32,      /* letter, digit or "_" */
	HOST_FIRST = 64,  /* letter or digit */
	INTERESTING = 128 /* without one of these there is no address */
};

static unsigned char classes[256];

static void
classify(const char *octets, unsigned char class)
{
	for (; *octets != '\0'; octets++)
		classes[(unsigned char)*octets] |= class;
}

static void
make_classes(void)
{
	int c;

	if (classes['@'] != 0)
		return;
	/* 0xa0: a blank in ISO-8859-1; ESC begins a shift in ISO-2022 */
	classify("><\"`}]{[| \t\n\r\f\v\x1b\xa0", WORD_END | MAIL_END);
	classify(",('", MAIL_END);
	for (c = 0x80; c < 0x100; c++)
		classes[c] |= MAIL_END;
	classify("><\"'`,{[(| \t\n\r\f\v\x1b\xa0", WORD_BEGIN);
	classify(
	    "!\"#$&'()*+,/:;<=>?@[\\]^`{|}~ \t\n\r\f\v\x1b\xa0", HOST_BEGIN);
	classify("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		 "0123456789",
	    HOST | LETTER | HOST_FIRST);
	classify("_", HOST | LETTER);
	classify(".-", HOST);
	classify(".:@", INTERESTING);
}

static bool
is(const struct uri_search *s, size_t at, unsigned class)
{
	return (classes[(unsigned char)s->line.p[at]] & class) != 0;
}

/* Goes to the next word that could hold one. */
static bool
next_word(struct uri_search *s)
{
	bool interesting = false;

	while (!interesting) {
		for (s->at = s->end; s->at < s->line.len; s->at++)
			if (!is(s, s->at, WORD_END))
				break;
		if (s->at == s->line.len)
			return false;
		for (s->end = s->at; s->end < s->line.len; s->end++) {
			if (is(s, s->end, WORD_END))
				break;
			interesting |= is(s, s->end, INTERESTING);
		}
	}
	s->mail_at = s->mail_end = s->host_end = s->at;
	return true;
}

/* Whether one may begin here: where letters begin or end, or behind certain
 * octets, or behind a shift of ISO-2022. */
static bool
may_begin(const struct uri_search *s)
{
	size_t at = s->at;

	if (at == 0)
		return is(s, at, LETTER);
	return is(s, at, LETTER) != is(s, at - 1, LETTER) ||
	       is(s, at - 1, WORD_BEGIN) ||
	       (at >= 3 && s->line.p[at - 3] == '\x1b' &&
		   s->line.p[at - 2] == '(');
}

/* Octets of a scheme or of "www." at the front; 0 if there is none. */
static size_t
scheme_len(struct span text)
{
	static const char *const schemes[] = {
	    "http://", "https://", "ftp://", "ftp."};
	size_t i;

	for (i = 0; i < nitems(schemes); i++)
		if (span_istarts(text, schemes[i]))
			return strlen(schemes[i]);
	if (!span_istarts(text, "www"))
		return 0;
	for (i = 3; i < 5 && i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			break;
	return i < text.len && text.p[i] == '.' ? i + 1 : 0;
}

/* The three kinds: where one ends that begins here, or 0. */
static size_t
scheme_end(const struct uri_search *s)
{
	struct span text = {s->line.p + s->at, s->end - s->at};
	size_t len;

	if (strchr("hHfFwW", text.p[0]) == NULL)
		return 0;
	len = scheme_len(text);
	if (len == 0 || text.len == len || text.len - len > PATH_MAX_LEN)
		return 0;
	return s->end;
}

/* Where a part of at most max octets that begins there ends; 0 if it has none,
 * or more.  What was found from farther on still holds: nothing that ends a
 * part stands between the two places. */
static size_t
part_end(struct uri_search *s, size_t from, size_t max)
{
	if (s->mail_end < from)
		s->mail_end = from;
	while (s->mail_end < s->end && !is(s, s->mail_end, MAIL_END))
		s->mail_end++;
	return s->mail_end > from && s->mail_end - from <= max ? s->mail_end
							       : 0;
}

static size_t
mail_end(struct uri_search *s)
{
	struct span text = {s->line.p + s->at, s->end - s->at};
	const size_t scheme = strlen("mailto:");
	size_t end = 0;

	if (span_istarts(text, "mailto:"))
		end = part_end(s, s->at + scheme, PATH_MAX_LEN);
	if (end != 0)
		return end;
	if (s->mail_at < s->at)
		s->mail_at = s->at;
	while (s->mail_at < s->end && !is(s, s->mail_at, MAIL_END) &&
	       s->line.p[s->mail_at] != '@')
		s->mail_at++;
	if (s->mail_at == s->end || s->line.p[s->mail_at] != '@' ||
	    s->mail_at == s->at || s->mail_at - s->at > MAIL_MAX_LEN)
		return 0;
	return part_end(s, s->mail_at + 1, MAIL_MAX_LEN);
}

/* Behind a host: a port and a path, up to the end of the word. */
static bool
is_tail(const struct uri_search *s, size_t at)
{
	size_t digits = 0;

	if (at < s->end && s->line.p[at] == ':') {
		for (at++; at < s->end; at++, digits++)
			if (s->line.p[at] < '0' || s->line.p[at] > '9')
				break;
		if (digits == 0 || digits > PORT_DIGITS_MAX)
			return false;
	}
	if (at == s->end)
		return true;
	return s->line.p[at] == '/' && s->end - at > 1 &&
	       s->end - at - 1 <= PATH_MAX_LEN;
}

static size_t
host_end(struct uri_search *s, struct span *host)
{
	size_t at = s->at, end, last;

	if (!is(s, at, HOST_FIRST) || (at > 0 && !is(s, at - 1, HOST_BEGIN)))
		return 0;
	if (s->host_end < at)
		s->host_end = at;
	while (s->host_end < s->end && is(s, s->host_end, HOST))
		s->host_end++;
	if (!is_tail(s, s->host_end))
		return 0;
	end = s->host_end;
	if (s->line.p[end - 1] == '.')
		end--;
	for (last = end; last > at && s->line.p[last - 1] != '.'; last--)
		;
	if (last < at + 2 || last - 1 - at > HOST_MAX_LEN ||
	    !tld_is_last(s->tld, (struct span){s->line.p + last, end - last}))
		return 0;
	*host = (struct span){s->line.p + at, end - at};
	return s->end;
}

bool
uri_next(struct uri_search *s, struct uri_found *found)
{
	size_t end;

	make_classes();
	for (;; s->at++) {
		if (s->at >= s->end && !next_word(s))
			return false;
		if (!may_begin(s))
			continue;
		found->host = (struct span){NULL, 0};
		if ((end = scheme_end(s)) != 0)
			found->kind = URI_KIND_SCHEME;
		else if ((end = mail_end(s)) != 0)
			found->kind = URI_KIND_MAIL;
		else if ((end = host_end(s, &found->host)) != 0)
			found->kind = URI_KIND_HOST;
		else
			continue;
		found->raw = (struct span){s->line.p + s->at, end - s->at};
		s->at = end;
		return true;
	}
}
