#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/scan.h"
#include "peer/seentable.h"

#define CAP_MIN 64 /* entries */

static const char *const state_names[] = {"begun", "done", "undone"};
static const unsigned char no_once[SEENTABLE_ONCE];

void
seentable_init(struct seentable *table, size_t max)
{
	memset(table, 0, sizeof(*table));
	table->max = max;
	if (getrandom(&table->factor, sizeof(table->factor), 0) !=
	    (ssize_t)sizeof(table->factor))
		fatal("cannot get random octets");
	table->factor |= 1;
}

void
seentable_free(struct seentable *table)
{
	free(table->entries);
	free(table->ids);
	free(table->onces);
	table->entries = NULL;
	table->ids = table->onces = NULL;
	table->cap = 0;
	seentable_reset(table);
}

static bool
parse_state(struct span text, enum seenstate *state)
{
	size_t i;

	for (i = 0; i < nitems(state_names); i++)
		if (span_is(text, state_names[i])) {
			*state = (enum seenstate)i;
			return true;
		}
	return false;
}

bool
seentable_parse(struct span line, struct seenentry *entry)
{
	struct span id, once;
	struct scan scan;

	memset(entry, 0, sizeof(*entry));
	scan_init(&scan, line);
	id = scan_until(&scan, ' ');
	entry->time = (int64_t)scan_number(&scan, INT64_MAX);
	scan_char(&scan, ' ');
	if (scan.bad || !hex_take(id, entry->id, SEENTABLE_ID) ||
	    !parse_state(scan_while(&scan, ascii_is_word), &entry->state))
		return false;
	if (entry->state == SEEN_DONE) {
		scan_char(&scan, ' ');
		once = scan_rest(&scan);
		return scan_ok(&scan) &&
		       (span_is(once, "-") ||
			   hex_take(once, entry->once, SEENTABLE_ONCE));
	}
	return scan_ok(&scan);
}

static bool
has_once(const struct seenentry *entry)
{
	return memcmp(entry->once, no_once, SEENTABLE_ONCE) != 0;
}

size_t
seentable_line(const struct seenentry *entry, char line[SEENTABLE_LINE])
{
	size_t len;

	len = hex_put(line, entry->id, SEENTABLE_ID);
	len += (size_t)snprintf(line + len, SEENTABLE_LINE - len,
	    " %" PRId64 " %s", entry->time, state_names[entry->state]);
	if (entry->state == SEEN_DONE) {
		line[len++] = ' ';
		if (has_once(entry))
			len += hex_put(line + len, entry->once, SEENTABLE_ONCE);
		else
			line[len++] = '-';
	}
	line[len++] = '\n';
	return len;
}

/* Where to begin to look for those octets (at least eight) in a hash table. */
static size_t
start(const struct seentable *table, const unsigned char *octets)
{
	uint64_t number;

	memcpy(&number, octets, sizeof(number));
	return (size_t)((number * table->factor) >> 32) % (2 * table->cap);
}

/* The place of an entry with that id or that "once", or the free one where it
 * goes.  There are twice as many places as entries. */
static uint32_t *
id_place(const struct seentable *table, const unsigned char *id)
{
	size_t at = start(table, id);

	while (
	    table->ids[at] != 0 && memcmp(table->entries[table->ids[at] - 1].id,
				       id, SEENTABLE_ID) != 0)
		at = (at + 1) % (2 * table->cap);
	return &table->ids[at];
}

static uint32_t *
once_place(const struct seentable *table, const unsigned char *once)
{
	size_t at = start(table, once);

	while (table->onces[at] != 0 &&
	       memcmp(table->entries[table->onces[at] - 1].once, once,
		   SEENTABLE_ONCE) != 0)
		at = (at + 1) % (2 * table->cap);
	return &table->onces[at];
}

const struct seenentry *
seentable_find(const struct seentable *table, struct span id)
{
	unsigned char octets[SEENTABLE_ID];
	uint32_t number;

	if (table->cap == 0 || !hex_take(id, octets, SEENTABLE_ID))
		return NULL;
	number = *id_place(table, octets);
	return number != 0 ? &table->entries[number - 1] : NULL;
}

const struct seenentry *
seentable_find_once(const struct seentable *table, struct span once)
{
	unsigned char octets[SEENTABLE_ONCE];
	uint32_t number;

	if (table->cap == 0 || !hex_take(once, octets, SEENTABLE_ONCE))
		return NULL;
	number = *once_place(table, octets);
	return number != 0 ? &table->entries[number - 1] : NULL;
}

static void
count_state(struct seentable *table, enum seenstate state, size_t change)
{
	if (state == SEEN_BEGUN)
		table->doubts += change;
	else if (state == SEEN_UNDONE)
		table->undone += change;
}

/* Puts an entry into the hash tables and counts it. */
static void
enter(struct seentable *table, size_t number)
{
	const struct seenentry *entry = &table->entries[number];
	uint32_t *place;

	*id_place(table, entry->id) = (uint32_t)number + 1;
	if (entry->state == SEEN_DONE && has_once(entry)) {
		place = once_place(table, entry->once);
		if (*place == 0)
			*place = (uint32_t)number + 1;
	}
	count_state(table, entry->state, 1);
}

/* Makes the hash tables anew. */
static void
enter_all(struct seentable *table)
{
	size_t i;

	table->doubts = table->undone = 0;
	if (table->cap == 0)
		return;
	memset(table->ids, 0, 2 * table->cap * sizeof(*table->ids));
	memset(table->onces, 0, 2 * table->cap * sizeof(*table->onces));
	for (i = 0; i < table->count; i++)
		enter(table, i);
}

void
seentable_reset(struct seentable *table)
{
	table->count = 0;
	enter_all(table);
}

static void *
grown(void *p, size_t count, size_t size)
{
	p = realloc(p, count * size);
	if (p == NULL)
		fatal("out of memory");
	return p;
}

/* Drops a quarter.  What is the same mail as another goes first: a peer can
 * wrap it anew as often as it likes, and shall not get others forgotten by
 * that. */
static void
drop_some(struct seentable *table)
{
	size_t room = table->max - table->max / 4, drop, i;
	struct seenentry *entry;

	for (i = 0; i < table->count; i++) {
		entry = &table->entries[i];
		if (entry->state == SEEN_DONE && has_once(entry) &&
		    *once_place(table, entry->once) != i + 1)
			entry->state = SEEN_UNDONE;
	}
	seentable_prune(table, SIZE_MAX, 0);
	if (table->count <= room)
		return;
	drop = table->count - room;
	table->count = room;
	memmove(table->entries, table->entries + drop,
	    table->count * sizeof(*table->entries));
	enter_all(table);
}

/* Makes room for one more entry. */
static void
make_room(struct seentable *table)
{
	size_t cap = table->cap == 0 ? CAP_MIN : 2 * table->cap;

	if (table->cap > 0 && table->count >= table->max)
		drop_some(table);
	if (table->count < table->cap)
		return;
	table->entries = grown(table->entries, cap, sizeof(*table->entries));
	table->ids = grown(table->ids, 2 * cap, sizeof(*table->ids));
	table->onces = grown(table->onces, 2 * cap, sizeof(*table->onces));
	table->cap = cap;
	enter_all(table);
}

void
seentable_note(struct seentable *table, const struct seenentry *entry)
{
	struct seenentry *known;
	uint32_t number;

	make_room(table);
	number = *id_place(table, entry->id);
	if (number == 0) {
		table->entries[table->count++] = *entry;
		enter(table, table->count - 1);
		return;
	}
	known = &table->entries[number - 1];
	if (known->state == SEEN_DONE)
		return; /* and stays so, whatever comes behind */
	count_state(table, known->state, (size_t)-1);
	*known = *entry;
	enter(table, number - 1);
}

void
seentable_prune(struct seentable *table, size_t keep, int64_t before)
{
	size_t i, kept = 0, left = table->count;

	for (i = 0; i < table->count; i++) {
		const struct seenentry *entry = &table->entries[i];

		if (entry->state == SEEN_UNDONE ||
		    (left > keep && entry->time < before)) {
			left--;
			continue;
		}
		table->entries[kept++] = *entry;
	}
	table->count = kept;
	enter_all(table);
}
