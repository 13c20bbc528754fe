/*
 * What a line tells no matter who wrote it, and its date.
 */
#include "base/ascii.h"
#include "relay/relayread.h"

static bool
is_helo(char c)
{
	return ascii_is_word(c) || (c != '\0' && strchr("-.^+&:=?!@%*$\\/", c));
}

static struct span
last_word(struct span *text)
{
	size_t at = text->len;
	struct span word;

	while (at > 0 && text->p[at - 1] != ' ' && text->p[at - 1] != ';')
		at--;
	word = span_from(*text, at);
	text->len = at;
	return word;
}

static bool
is_number(struct span text)
{
	size_t i;

	for (i = 0; i < text.len && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		;
	return i > 0 && i == text.len;
}

/* Where in a list of names of three letters; false if it is none. */
static bool
is_one_of(struct span text, const char *names)
{
	for (; text.len == 3 && *names != '\0'; names += 3)
		if (memcmp(text.p, names, 3) == 0)
			return true;
	return false;
}

static void
strip_stops(struct span *text)
{
	while (text->len > 0 &&
	       (text->p[text->len - 1] == ' ' || text->p[text->len - 1] == ';'))
		text->len--;
}

/* Without the date at its end, if that is the usual form of one. */
struct span
relay_without_date(struct span line)
{
	struct span rest = line, word, before;
	int i;

	last_word(&rest); /* zone */
	strip_stops(&rest);
	word = last_word(&rest);
	if (word.len < 3 || memchr(word.p, ':', word.len) == NULL)
		return line;
	for (i = 0; i < 3; i++) {
		if (rest.len == 0 || rest.p[rest.len - 1] != ' ')
			return line;
		rest.len--;
		word = last_word(&rest);
		if (i == 1 ? !is_one_of(word, "JanFebMarAprMayJunJulAugSepOct"
					      "NovDec")
			   : !is_number(word))
			return line;
	}
	before = rest;
	if (before.len == 0)
		return line;
	if (before.p[before.len - 1] == ' ') {
		before.len--;
		word = last_word(&before);
		if (word.len == 4 && word.p[3] == ',') {
			word.len = 3;
			if (before.len > 0 &&
			    is_one_of(word, "MonTueWedThuFriSatSun"))
				rest = before;
		}
	}
	strip_stops(&rest);
	return rest;
}

/* The name that stands behind a mark, of letters that names have. */
static bool
take_helo(struct span line, const char *mark, struct span *helo)
{
	struct span rest = line, text;
	const char *p;

	while ((p = span_find(rest, span_of(mark))) != NULL) {
		rest = span_from(line, (size_t)(p - line.p) + strlen(mark));
		text = (struct span){rest.p, 0};
		while (text.len < rest.len && is_helo(rest.p[text.len]))
			text.len++;
		if (text.len > 0 && (p == line.p || !ascii_is_word(p[-1]))) {
			*helo = text;
			return true;
		}
	}
	return false;
}

static struct span
take_id(struct span line)
{
	struct span rest = line, id;
	const char *p;

	while ((p = span_find(rest, span_of(" id "))) != NULL) {
		rest = span_from(line, (size_t)(p - line.p) + 4);
		id = rest;
		if (id.len > 0 && id.p[0] == '<')
			id = span_from(id, 1);
		rest.p--; /* its blank may begin the next one */
		rest.len++;
		id.len =
		    (size_t)(memchr(id.p, ' ', id.len) != NULL
				 ? (const char *)memchr(id.p, ' ', id.len) -
				       id.p
				 : (ptrdiff_t)id.len);
		for (size_t i = 0; i < id.len; i++)
			if (id.p[i] == '<' || id.p[i] == '>' || id.p[i] == ';')
				id.len = i;
		if (id.len >= 3)
			return id;
	}
	return relay_nothing;
}

/* The sender of the envelope, where a server has noted it. */
struct span
relay_take_sender(struct span line)
{
	static const char *const marks[] = {"return-path: ", "return-path ",
	    "envelope-sender ", "envelope-sender=", "envelope-from ",
	    "envelope-from="};
	struct span best = {NULL, 0}, rest;
	const char *p;
	size_t i;

	for (i = 0; i < nitems(marks); i++) {
		p = span_ifind(line, span_of(marks[i]));
		if (p == NULL || (best.p != NULL && p > best.p))
			continue;
		rest = span_from(line, (size_t)(p - line.p) + strlen(marks[i]));
		p = memchr(rest.p, ' ', rest.len);
		if (p != NULL)
			rest.len = (size_t)(p - rest.p);
		rest = relay_strip_signs(rest);
		if (rest.len > 0)
			best = rest;
	}
	return best;
}

/* What can be told without knowing whose line it is. */
void
relay_take_clues(struct span line, struct relay *relay)
{
	const char *p = span_find(line, span_of(" by "));

	relay->id = take_id(line);
	if (!take_helo(line, "helo=", &relay->helo) &&
	    !take_helo(line, "HELO ", &relay->helo))
		take_helo(line, "EHLO ", &relay->helo);
	if (p != NULL) {
		relay->by = span_from(line, (size_t)(p - line.p) + 4);
		p = memchr(relay->by.p, ' ', relay->by.len);
		if (p != NULL)
			relay->by.len = (size_t)(p - relay->by.p);
	}
}
