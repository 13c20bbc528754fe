#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "spam/urilists.h"
#include "uri/uris.h"

#define TEXT_MAX 8192 /* octets of the names and filters of all lists */
#define POINTS_LEN_MAX 16
#define TEST_DOMAIN "invalid" /* is on no list */

/* One that is open or answered. */
struct question {
	struct urilists *lists;
	struct dns_question *open; /* NULL: it is answered */
	size_t list;
	size_t domain; /* index; domain_count: TEST_DOMAIN */
};

struct urilists {
	struct lists lists;
	double points[LISTS_ENTRIES_MAX];
	struct dns *dns;
	struct arena arena;
	struct map skip; /* domains in lower case */

	/* of the message that is asked for */
	struct span domains[URILISTS_DOMAINS_MAX];
	size_t domain_count;
	struct question questions[LISTS_MAX * (URILISTS_DOMAINS_MAX + 1)];
	size_t question_count;
	size_t left;                     /* that are open */
	size_t found[LISTS_ENTRIES_MAX]; /* index of a domain, and 1 */
	bool has_everything[LISTS_MAX];
};

/* --- options --- */

static bool
is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes "*POINTS" at the end of an entry. */
static bool
take_points(struct span *entry, double *points)
{
	const char *star = memchr(entry->p, '*', entry->len);
	char number[POINTS_LEN_MAX + 1], *end;
	struct span text;

	*points = 1;
	if (star == NULL)
		return true;
	text = span_from(*entry, (size_t)(star - entry->p) + 1);
	entry->len = (size_t)(star - entry->p);
	if (text.len == 0 || text.len > POINTS_LEN_MAX)
		return false;
	memcpy(number, text.p, text.len);
	number[text.len] = '\0';
	if (strspn(number, "-.0123456789") != text.len)
		return false;
	*points = strtod(number, &end);
	return *end == '\0' && *points <= URILISTS_POINTS_MAX &&
	       *points >= -URILISTS_POINTS_MAX;
}

/* Points have fractions here; all else is written as smtp-accept has it. */
static bool
parse(struct urilists *lists, struct span text, struct buf *why)
{
	struct buf names = BUF_INIT(TEXT_MAX);
	struct span entry;
	size_t count = 0;
	bool good = true;

	while (good && text.len > 0) {
		if (is_separator(text.p[0])) {
			text = span_from(text, 1);
			continue;
		}
		entry = (struct span){text.p, 0};
		while (
		    entry.len < text.len && !is_separator(entry.p[entry.len]))
			entry.len++;
		text = span_from(text, entry.len);
		good = count < LISTS_ENTRIES_MAX;
		if (!good)
			buf_adds(why, "too many entries");
		else if (!(good = take_points(&entry, &lists->points[count++])))
			buf_addf(why, "'%.*s': not points from -%d to %d",
			    SPAN_ARG(entry), URILISTS_POINTS_MAX,
			    URILISTS_POINTS_MAX);
		buf_addspan(&names, entry);
		buf_adds(&names, " ");
	}
	if (good && names.full)
		buf_adds(why, "too long");
	else if (good && lists_parse(&lists->lists, buf_str(&names)) < 0)
		buf_adds(why, lists->lists.reason);
	buf_free(&names);
	return why->len == 0;
}

struct urilists *
urilists_open(
    const char *text, const struct dns_config *config, struct buf *why)
{
	struct urilists *lists = calloc(1, sizeof(*lists));

	if (lists == NULL)
		fatal("out of memory");
	buf_reset(why);
	if (!parse(lists, span_of(text), why)) {
		urilists_close(lists);
		return NULL;
	}
	lists->dns = dns_open(config);
	if (lists->dns == NULL) {
		buf_adds(why, "no resolver");
		urilists_close(lists);
		return NULL;
	}
	return lists;
}

void
urilists_close(struct urilists *lists)
{
	if (lists == NULL)
		return;
	if (lists->dns != NULL)
		dns_free(lists->dns);
	arena_free(&lists->arena);
	free(lists);
}

void
urilists_skip(struct urilists *lists, struct span domains)
{
	struct span domain;

	while ((domain = span_word(&domains)).len > 0)
		*map_at(&lists->skip, &lists->arena,
		    tld_ascii(
			&lists->arena, arena_copy(&lists->arena, domain))) = 1;
}

/* --- questions --- */

static void
on_answer(void *arg, const struct dns_answer *answer)
{
	struct question *question = arg;
	struct urilists *lists = question->lists;
	const uint8_t *address;
	size_t i, k;

	question->open = NULL;
	lists->left--;
	for (i = 0; answer->state == DNS_FOUND && i < answer->count; i++) {
		if (answer->records[i].len != 4)
			continue;
		address = (const uint8_t *)answer->records[i].p;
		if (question->domain == lists->domain_count) {
			if (address[0] == 127 && !lists_is_refusal(address))
				lists->has_everything[question->list] = true;
			continue;
		}
		for (k = 0; k < lists->lists.entry_count; k++)
			if (lists->lists.entries[k].list == question->list &&
			    lists_match(&lists->lists.entries[k], address) &&
			    (lists->found[k] == 0 ||
				lists->found[k] > question->domain + 1))
				lists->found[k] = question->domain + 1;
	}
}

static void
add_question(struct urilists *lists, size_t list, size_t domain)
{
	struct question *question = &lists->questions[lists->question_count];
	struct span name = domain < lists->domain_count ? lists->domains[domain]
							: span_of(TEST_DOMAIN);
	char text[DNS_NAME_MAX + 1];
	int len;

	len = snprintf(text, sizeof(text), "%.*s.%s", SPAN_ARG(name),
	    lists->lists.name[list]);
	if (len < 0 || (size_t)len >= sizeof(text))
		return;
	*question =
	    (struct question){.lists = lists, .list = list, .domain = domain};
	question->open = dns_ask(lists->dns, text, DNS_A, on_answer, question);
	if (question->open == NULL)
		return;
	lists->question_count++;
	lists->left++;
}

static bool
is_number(struct span domain)
{
	char c = domain.len > 0 ? domain.p[domain.len - 1] : '0';

	return (c >= '0' && c <= '9') ||
	       memchr(domain.p, ':', domain.len) != NULL;
}

/* The domains that are worth a question: first those of links. */
static void
choose(struct urilists *lists, const struct uris *uris, bool of_links)
{
	const unsigned links = URI_A | URI_FORM | URI_PARSED;
	const struct text *domains;
	size_t i, k, n;

	for (i = 0; i < uris->count; i++) {
		domains = &uris->list[i].domains;
		if (((uris->list[i].types & links) != 0) != of_links)
			continue;
		for (k = 0; k < domains->count; k++) {
			if (lists->domain_count == URILISTS_DOMAINS_MAX)
				return;
			if (is_number(domains->lines[k]) ||
			    map_get(&lists->skip, domains->lines[k]) != 0)
				continue;
			for (n = 0; n < lists->domain_count; n++)
				if (span_eq(
					lists->domains[n], domains->lines[k]))
					break;
			if (n == lists->domain_count)
				lists->domains[lists->domain_count++] =
				    domains->lines[k];
		}
	}
}

static void
wait_for_answers(struct urilists *lists, int64_t deadline)
{
	struct pollfd poll_fd = {.fd = dns_fd(lists->dns), .events = POLLIN};
	int64_t next;
	size_t i;

	while (lists->left > 0 && clock_left(deadline) != 0) {
		next = dns_next(lists->dns);
		if (next > deadline)
			next = deadline;
		if (poll(&poll_fd, 1, clock_left(next)) < 0 && errno != EINTR)
			break;
		dns_take(lists->dns);
	}
	for (i = 0; i < lists->question_count; i++)
		if (lists->questions[i].open != NULL)
			dns_cancel(lists->questions[i].open);
}

static void
tell(const struct urilists *lists, struct urilists_result *result)
{
	struct urilists_hit *hit;
	size_t i, list;

	for (i = 0; i < lists->lists.entry_count; i++) {
		list = lists->lists.entries[i].list;
		if (lists->found[i] == 0 || lists->has_everything[list])
			continue;
		hit = &result->hits[result->count++];
		hit->list = lists->lists.name[list];
		hit->domain = lists->domains[lists->found[i] - 1];
		hit->points = lists->points[i];
		result->points += hit->points;
	}
	result->asked = lists->question_count;
	result->missing = lists->left;
}

void
urilists_ask(struct urilists *lists, const struct mail *mail, int64_t deadline,
    struct urilists_result *result)
{
	size_t list, domain;

	memset(result, 0, sizeof(*result));
	memset(lists->found, 0, sizeof(lists->found));
	memset(lists->has_everything, 0, sizeof(lists->has_everything));
	lists->domain_count = lists->question_count = lists->left = 0;
	if (mail->uris != NULL) {
		choose(lists, mail->uris, true);
		choose(lists, mail->uris, false);
	}
	if (lists->domain_count == 0)
		return;
	for (list = 0; list < lists->lists.count; list++)
		for (domain = 0; domain <= lists->domain_count; domain++)
			add_question(lists, list, domain);
	wait_for_answers(lists, deadline);
	tell(lists, result);
}
