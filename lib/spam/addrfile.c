#include <ctype.h>

#include "base/err.h"
#include "base/scan.h"
#include "mail/address.h"
#include "spam/addrfile.h"

#define DAY 86400

void
addrfile_free(struct addrfile *file)
{
	arena_free(&file->arena);
	*file = (struct addrfile){.count = 0};
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, counted in years
 * that begin with March, so that the odd day is the last one. */
static int64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	int64_t y = month > 2 ? year : (int64_t)year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	       719469;
}

static bool
is_day(unsigned year, unsigned month, unsigned day)
{
	static const unsigned char lengths[] = {
	    31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= lengths[month - 1] && (month != 2 || day < 29 || leap);
}

static unsigned
take_digits(struct scan *scan, int count)
{
	unsigned number = 0;
	int c;

	for (; count > 0; count--) {
		c = scan_peek(scan);
		if (c < '0' || c > '9') {
			scan_fail(scan);
			return 0;
		}
		scan_char(scan, (char)c);
		number = 10 * number + (unsigned)(c - '0');
	}
	return number;
}

/* "YYYY-MM-DD" as the second in which that day is over. */
static bool
read_day(struct span text, int64_t *until)
{
	unsigned year, month, day;
	struct scan scan;

	scan_init(&scan, text);
	year = take_digits(&scan, 4);
	scan_char(&scan, '-');
	month = take_digits(&scan, 2);
	scan_char(&scan, '-');
	day = take_digits(&scan, 2);
	if (!scan_ok(&scan) || !is_day(year, month, day))
		return false;
	*until = (days_of(year, month, day) + 1) * DAY;
	return true;
}

/* An address, a domain of two labels or more, or ".domain"; patterns are none.
 */
static bool
is_name(struct span text)
{
	struct address address;
	size_t at;

	for (at = text.len; at > 0 && text.p[at - 1] != '@'; at--)
		;
	if (at > 0)
		return address_parse(&address, text) == 0 && !address.literal &&
		       memchr(text.p, '*', at) == NULL;
	if (memchr(text.p, '.', text.len) == NULL)
		return false;
	if (span_starts(text, "."))
		text = span_from(text, 1);
	return address_is_domain(text) && !span_starts(text, "[");
}

/* The reason why a line is wrong; NULL if it is not.  An empty entry has no
 * text. */
static const char *
read_line(struct span line, struct addrfile_entry *entry)
{
	struct span verb = span_word(&line), word;

	*entry = (struct addrfile_entry){.until = ADDRFILE_NEVER};
	if (verb.len == 0 || *verb.p == '#')
		return NULL;
	entry->deny = span_is(verb, "deny");
	if (!entry->deny && !span_is(verb, "allow"))
		return "it is neither allow nor deny";
	entry->text = span_word(&line);
	if (entry->text.len == 0 || *entry->text.p == '#')
		return "an address is missing";
	word = span_word(&line);
	if (span_is(word, "until")) {
		if (!read_day(span_word(&line), &entry->until))
			return "until needs a day as YYYY-MM-DD";
		word = span_word(&line);
	}
	if (word.len > 0 && *word.p != '#')
		return "there is more than belongs there";
	return NULL;
}

static const char *
add_entry(struct addrfile *file, struct addrfile_entry *entry)
{
	struct network network;
	bool is_network = network_parse(&network, entry->text) == 0;
	uint32_t *first;
	char *p;
	size_t i;

	if (!is_network && !is_name(entry->text))
		return "that is no address, domain or network";
	if (is_network && file->network_count == ADDRLISTS_NETWORKS_MAX)
		return "there are too many networks";
	if (file->count == ADDRLISTS_MAX)
		return "there are too many entries";
	p = arena_alloc(&file->arena, entry->text.len);
	for (i = 0; i < entry->text.len; i++)
		p[i] = (char)tolower((unsigned char)entry->text.p[i]);
	entry->text.p = p;
	if (is_network) {
		file->networks[file->network_count++] =
		    (struct addrfile_network){network, (uint32_t)file->count};
	} else {
		first = map_at(&file->names, &file->arena, entry->text);
		entry->next = *first;
		*first = (uint32_t)file->count + 1;
	}
	file->entries[file->count++] = *entry;
	return NULL;
}

static struct span
take_line(struct span *text)
{
	const char *end = memchr(text->p, '\n', text->len);
	struct span line = *text;

	if (end != NULL)
		line.len = (size_t)(end - line.p);
	*text = span_from(*text, line.len + 1);
	return line;
}

/* Room for as many as there can be. */
static void
make_room(struct addrfile *file, struct span text)
{
	size_t lines = 1, networks;
	struct span rest;

	for (rest = text; rest.len > 0; take_line(&rest))
		lines++;
	if (lines > ADDRLISTS_MAX)
		lines = ADDRLISTS_MAX;
	networks =
	    lines < ADDRLISTS_NETWORKS_MAX ? lines : ADDRLISTS_NETWORKS_MAX;
	file->entries =
	    arena_array(&file->arena, lines, sizeof(*file->entries));
	file->networks =
	    arena_array(&file->arena, networks, sizeof(*file->networks));
}

void
addrfile_read(struct addrfile *file, const char *path, struct span text)
{
	struct addrfile_entry entry;
	unsigned number = 1;
	const char *fault;
	struct span line;

	make_room(file, text);
	for (; text.len > 0; number++) {
		line = take_line(&text);
		entry.text.len = 0;
		fault = "it is too long";
		if (line.len <= ADDRLISTS_LINE_MAX)
			fault = read_line(line, &entry);
		if (fault == NULL && entry.text.len > 0)
			fault = add_entry(file, &entry);
		if (fault != NULL)
			warning("%s:%u: %s", path, number, fault);
	}
}

const struct addrfile_entry *
addrfile_find(
    const struct addrfile *file, struct span text, bool deny, int64_t now)
{
	const struct addrfile_entry *entry;
	uint32_t at;

	for (at = map_get(&file->names, text); at > 0; at = entry->next) {
		entry = &file->entries[at - 1];
		if (entry->deny == deny && now < entry->until)
			return entry;
	}
	return NULL;
}
