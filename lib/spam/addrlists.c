#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "spam/addrfile.h"
#include "spam/senders.h"
#include "spam/tally.h"
#include "spam/vouch.h"

#define KIND "addresses"
#define LABELS_MAX 128 /* of a domain */
#define HITS_MAX UINT32_MAX
#define DAY_SIZE 11 /* "2026-12-31" */

struct addrlists {
	char *path;
	char *counts; /* NULL: none */
	struct stat status;
	struct addrfile file;
	struct tally *tally;
	bool count;
};

/* What is looked up. */
struct addrlists_who {
	struct span addresses[ADDRLISTS_FROM_MAX + 1];
	size_t count;
	struct network client;
	bool has_client;
};

static void
open_counts(struct addrlists *lists)
{
	struct buf why = BUF_INIT(ERR_LINE_MAX);
	struct stat status;

	if (!lists->count && stat(lists->counts, &status) < 0 &&
	    errno == ENOENT)
		return;
	lists->tally = tally_open(
	    lists->counts, KIND, ADDRLISTS_COUNTS_SIZE, lists->count, &why);
	if (lists->tally == NULL)
		warning("'%s': hits are not counted: %s", lists->counts,
		    buf_str(&why));
	buf_free(&why);
}

/* 0, or -1 with errno; then all stays as it was. */
static int
read_file(struct addrlists *lists)
{
	struct buf text = BUF_INIT(ADDRLISTS_FILE_MAX);
	struct stat status;
	int result = -1, saved;

	if (stat(lists->path, &status) == 0 &&
	    file_read(lists->path, &text) == 0) {
		addrfile_free(&lists->file);
		addrfile_read(&lists->file, lists->path, buf_span(&text));
		lists->status = status;
		result = 0;
	}
	saved = errno;
	buf_free(&text);
	errno = saved;
	return result;
}

static char *
copy(const char *text)
{
	char *p = strdup(text);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

struct addrlists *
addrlists_open(
    const char *path, const char *counts, bool count, struct buf *why)
{
	struct addrlists *lists = calloc(1, sizeof(*lists));

	if (lists == NULL)
		fatal("out of memory");
	lists->path = copy(path);
	if (read_file(lists) < 0) {
		buf_addf(why, "'%s': %s", path, strerror(errno));
		addrlists_close(lists);
		return NULL;
	}
	lists->count = count;
	if (counts != NULL) {
		lists->counts = copy(counts);
		open_counts(lists);
	}
	return lists;
}

void
addrlists_close(struct addrlists *lists)
{
	if (lists == NULL)
		return;
	tally_close(lists->tally);
	addrfile_free(&lists->file);
	free(lists->counts);
	free(lists->path);
	free(lists);
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool
addrlists_is_stale(const struct addrlists *lists)
{
	struct stat status;

	return stat(lists->path, &status) < 0 ||
	       !is_same(&status, &lists->status) ||
	       (lists->tally != NULL && !tally_is_good(lists->tally));
}

void
addrlists_refresh(struct addrlists *lists)
{
	if (read_file(lists) < 0)
		warning("'%s': the old entries stay: %s", lists->path,
		    strerror(errno));
	if (lists->tally != NULL && !tally_is_good(lists->tally)) {
		tally_close(lists->tally);
		lists->tally = NULL;
		open_counts(lists);
	}
}

static void
find_who(struct mail *mail, struct addrlists_who *who)
{
	struct span sender = senders_envelope(mail);

	who->count = senders_from(mail, who->addresses, ADDRLISTS_FROM_MAX);
	if (sender.p != NULL)
		who->addresses[who->count++] = sender;
	who->has_client = senders_client(mail, &who->client);
}

/* By the address, its domain, or one of the domains above with a dot. */
static const struct addrfile_entry *
find_address(const struct addrfile *file, struct arena *arena,
    struct span address, bool deny, int64_t now)
{
	struct span domain = senders_domain(address), dotted;
	const struct addrfile_entry *entry;
	char *p;
	int i;

	entry = addrfile_find(file, address, deny, now);
	if (entry != NULL || domain.len == 0)
		return entry;
	entry = addrfile_find(file, domain, deny, now);
	if (entry != NULL)
		return entry;
	p = arena_alloc(arena, domain.len + 1);
	*p = '.';
	memcpy(p + 1, domain.p, domain.len);
	dotted = (struct span){p, domain.len + 1};
	for (i = 0; i < LABELS_MAX && dotted.len > 0; i++) {
		entry = addrfile_find(file, dotted, deny, now);
		if (entry != NULL)
			return entry;
		dotted = span_from(dotted, 1);
		while (dotted.len > 0 && *dotted.p != '.')
			dotted = span_from(dotted, 1);
	}
	return NULL;
}

static bool
is_in(const struct network *network, const struct network *client)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (network->family != client->family ||
	    memcmp(network->octets, client->octets, whole) != 0)
		return false;
	return rest == 0 ||
	       (network->octets[whole] ^ client->octets[whole]) >> (8 - rest) ==
		   0;
}

static const struct addrfile_entry *
find_network(const struct addrfile *file, const struct addrlists_who *who,
    bool deny, int64_t now)
{
	const struct addrfile_entry *entry;
	size_t i;

	for (i = 0; who->has_client && i < file->network_count; i++) {
		entry = &file->entries[file->networks[i].entry];
		if (entry->deny == deny && now < entry->until &&
		    is_in(&file->networks[i].network, &who->client))
			return entry;
	}
	return NULL;
}

static const struct addrfile_entry *
find_denied(const struct addrfile *file, struct arena *arena,
    const struct addrlists_who *who, int64_t now)
{
	const struct addrfile_entry *entry;
	size_t i;

	entry = find_network(file, who, true, now);
	for (i = 0; entry == NULL && i < who->count; i++)
		entry = find_address(file, arena, who->addresses[i], true, now);
	return entry;
}

/* Sets what an entry that nobody vouches for means, too. */
static const struct addrfile_entry *
find_allowed(const struct addrfile *file, struct mail *mail,
    const struct tld *tld, const struct addrlists_who *who, int64_t now,
    struct addrlists_result *result)
{
	const struct addrfile_entry *entry;
	struct vouch vouch;
	size_t i;

	entry = find_network(file, who, false, now);
	if (entry != NULL)
		return entry;
	vouch_read(&vouch, mail->envelope.auth);
	for (i = 0; i < who->count; i++) {
		entry = find_address(
		    file, &mail->arena, who->addresses[i], false, now);
		if (entry == NULL)
			continue;
		if (vouch_for(&vouch, senders_domain(who->addresses[i]), tld))
			return entry;
		result->verdict = ADDRLISTS_UNVOUCHED;
		result->entry = entry->text;
	}
	return NULL;
}

/* A value of the tally: hits, then the second of the last one. */
static uint64_t
hit(uint64_t value, const void *data)
{
	const int64_t *now = data;
	uint64_t hits = value >> 32;

	return (hits < HITS_MAX ? hits + 1 : hits) << 32 | (uint32_t)*now;
}

static double
last_hit(uint64_t value, const void *data)
{
	(void)data;
	return (double)(uint32_t)value;
}

static uint64_t
key_of(const struct tally *tally, const struct addrfile_entry *entry)
{
	return tally_key(
	    tally, span_of(entry->deny ? "deny" : "allow"), entry->text);
}

static void
count_hit(
    struct addrlists *lists, const struct addrfile_entry *entry, int64_t now)
{
	struct tally_change change = {hit, last_hit, &now};

	if (lists->count && lists->tally != NULL &&
	    tally_put(lists->tally, key_of(lists->tally, entry), &change) < 0)
		warning("'%s': a hit is not counted: %s", lists->counts,
		    strerror(errno));
}

void
addrlists_ask(struct addrlists *lists, struct mail *mail, const struct tld *tld,
    int64_t now, struct addrlists_result *result)
{
	const struct addrfile_entry *entry;
	struct addrlists_who who;

	*result = (struct addrlists_result){.verdict = ADDRLISTS_NONE};
	find_who(mail, &who);
	entry = find_denied(&lists->file, &mail->arena, &who, now);
	if (entry == NULL)
		entry =
		    find_allowed(&lists->file, mail, tld, &who, now, result);
	if (entry == NULL)
		return;
	result->verdict = entry->deny ? ADDRLISTS_DENY : ADDRLISTS_ALLOW;
	result->entry = entry->text;
	count_hit(lists, entry, now);
}

/* In UTC; "-" for no time at all. */
static void
day_of(int64_t seconds, char day[DAY_SIZE])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&when, &tm) == NULL ||
	    strftime(day, DAY_SIZE, "%Y-%m-%d", &tm) == 0)
		memcpy(day, "-", 2);
}

bool
addrlists_print(const struct addrlists *lists, int64_t now, struct buf *text)
{
	const struct addrfile_entry *entry;
	char last[DAY_SIZE], until[DAY_SIZE];
	uint64_t value;
	size_t i;

	for (i = 0; i < lists->file.count; i++) {
		entry = &lists->file.entries[i];
		value = 0;
		if (lists->tally != NULL)
			value = tally_get(
			    lists->tally, key_of(lists->tally, entry));
		day_of((int64_t)(uint32_t)value, last);
		day_of(entry->until == ADDRFILE_NEVER ? 0 : entry->until - 1,
		    until);
		buf_addf(text, "%10" PRIu64 " %-10s %-10s %s %.*s%s\n",
		    value >> 32, last, until, entry->deny ? "deny" : "allow",
		    SPAN_ARG(entry->text),
		    now < entry->until ? "" : " # expired");
	}
	return !text->full;
}
