#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "net/lists.h"

#define LABEL_MAX 63 /* octets, RFC 1035, section 2.3.4 */
#define LOOPBACK 127 /* first octet of an answer, RFC 5782, section 2.1 */

static bool
is_separator(int c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_entry(int c)
{
	return !is_separator(c);
}

static bool
is_name(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

static bool
is_domain(struct span name)
{
	size_t i, label = 0;

	if (name.len > LISTS_NAME_MAX)
		return false;
	for (i = 0; i < name.len; i++) {
		if (name.p[i] == '.' && label == 0)
			return false;
		label = name.p[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

static void
set_range(uint32_t octets[8], uint64_t low, uint64_t high)
{
	for (; low <= high; low++)
		octets[low / 32] |= (uint32_t)1 << low % 32;
}

static bool
has_octet(const uint32_t octets[8], uint8_t octet)
{
	return octets[octet / 32] >> octet % 32 & 1;
}

/* "7" or "[7;9..11]". */
static void
parse_part(struct scan *scan, uint32_t octets[8])
{
	uint64_t low, high;

	if (!scan_maybe(scan, '[')) {
		low = scan_number(scan, UINT8_MAX);
		set_range(octets, low, low);
		return;
	}
	do {
		high = low = scan_number(scan, UINT8_MAX);
		if (scan_maybe(scan, '.')) {
			scan_char(scan, '.');
			high = scan_number(scan, UINT8_MAX);
		}
		if (high < low)
			scan_fail(scan);
		set_range(octets, low, high);
	} while (scan_maybe(scan, ';'));
	scan_char(scan, ']');
}

static void
parse_filter(struct scan *scan, struct lists_entry *entry)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (i > 0)
			scan_char(scan, '.');
		parse_part(scan, entry->octets[i]);
	}
}

static void
parse_weight(struct scan *scan, struct lists_entry *entry)
{
	bool negative = scan_maybe(scan, '-');

	entry->weight = (int)scan_number(scan, LISTS_WEIGHT_MAX);
	if (negative)
		entry->weight = -entry->weight;
}

/* The list of that name, which may be a new one; LISTS_MAX if there is no room
 * for it. */
static size_t
find_list(struct lists *lists, struct span name)
{
	size_t i, k;

	for (i = 0; i < lists->count; i++)
		if (span_ieq(span_of(lists->name[i]), name))
			return i;
	if (i == LISTS_MAX)
		return i;
	for (k = 0; k < name.len; k++)
		lists->name[i][k] = (char)tolower((unsigned char)name.p[k]);
	lists->count++;
	return i;
}

/* Returns NULL, or what is wrong. */
static const char *
parse_entry(struct lists *lists, struct span text)
{
	struct lists_entry *entry = &lists->entries[lists->entry_count];
	struct span name;
	struct scan scan;

	if (lists->entry_count == LISTS_ENTRIES_MAX)
		return "too many entries";
	scan_init(&scan, text);
	name = scan_while(&scan, is_name);
	if (!is_domain(name))
		return "not the name of a list";
	memset(entry, 0, sizeof(*entry));
	if (scan_maybe(&scan, '='))
		parse_filter(&scan, entry);
	else
		memset(entry->octets, 0xff, sizeof(entry->octets));
	if (scan.bad || (scan_peek(&scan) >= 0 && scan_peek(&scan) != '*'))
		return "not of the form NAME[=FILTER][*WEIGHT]";
	if (!has_octet(entry->octets[0], LOOPBACK))
		return "only an answer of 127.x.x.x can count";
	entry->weight = 1;
	if (scan_maybe(&scan, '*'))
		parse_weight(&scan, entry);
	if (!scan_ok(&scan))
		return "not a weight from -100 to 100";
	entry->list = find_list(lists, name);
	if (entry->list == LISTS_MAX)
		return "too many lists";
	lists->entry_count++;
	return NULL;
}

int
lists_parse(struct lists *lists, const char *text)
{
	const char *wrong;
	struct span entry;
	struct scan scan;

	memset(lists, 0, sizeof(*lists));
	scan_init(&scan, span_of(text));
	for (;;) {
		scan_while(&scan, is_separator);
		entry = scan_while(&scan, is_entry);
		if (entry.len == 0)
			return 0;
		wrong = parse_entry(lists, entry);
		if (wrong == NULL)
			continue;
		snprintf(lists->reason, sizeof(lists->reason), "'%.*s': %s",
		    (int)(entry.len < 128 ? entry.len : 128), entry.p, wrong);
		return -1;
	}
}

bool
lists_match(const struct lists_entry *entry, const uint8_t address[4])
{
	int i;

	if (address[0] != LOOPBACK || lists_is_refusal(address))
		return false;
	for (i = 0; i < 4; i++)
		if (!has_octet(entry->octets[i], address[i]))
			return false;
	return true;
}

bool
lists_is_refusal(const uint8_t address[4])
{
	return address[0] == LOOPBACK && address[1] == 255 && address[2] == 255;
}
