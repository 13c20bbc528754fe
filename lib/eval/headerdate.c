/*
 * headerdate: whether a message's date fits the times at which it was handed
 * over.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/regex.h"
#include "eval/datetext.h"
#include "eval/families.h"
#include "eval/people.h"

#define MONTH_SECONDS (31556952.0 / 12) /* of a mean year */

/* What the fields of a message say. */
struct dates {
	bool has_sent;
	int64_t sent; /* Date, or Resent-Date */
	int64_t *received;
	size_t received_count;
	bool has_fetched;
	int64_t fetched; /* when fetchmail(1) took it, if it did */
	bool taken;      /* the rest of this was filled in */
	int64_t diff;    /* how much later than received it was sent */
	int64_t date;    /* the most likely time of the message; 0: none */
};

struct headerdate {
	struct dates *dates; /* of this message */
};

/* "Sat, 21 Nov 2026 10:10:00 +0100" in a Received field, from its blank on */
static struct regex_fixed stamp = {
    "\\s.?\\d+ \\S{3} \\d+ \\d+:\\d+:\\d+ \\S+", 0, NULL};

static bool
read_stamp(struct span line, int64_t *when)
{
	struct regex_match match;

	if (!regex_take(&stamp, line, 0, &match))
		return false;
	return datetext_read(
	    (struct span){line.p + match.start, match.end - match.start}, when);
}

static bool
take_sent(
    struct dates *dates, const struct mail_header *header, const char *name)
{
	const struct mail_field *field;
	size_t at = 0;

	while ((field = mail_next(header, name, &at)) != NULL)
		if (datetext_read(field->value, &dates->sent))
			return true;
	return false;
}

/* How many of the first fields are of fetching mail, not of its way here: one
 * by fetchmail(1), with one in front from this host to itself. */
static size_t
count_local(const struct text *received)
{
	static struct regex_fixed from_self = {
	    "\\bfrom (?:localhost\\s|(?:\\S+ ){1,2}\\S*\\b127\\.0\\.0\\.1\\b)|"
	    "qmail \\d+ invoked by uid \\d",
	    0, NULL};
	static struct regex_fixed fetch = {
	    "\\bby localhost with \\w+ \\(fetchmail-[\\d.]", 0, NULL};
	size_t count = regex_has(&from_self, received->lines[0]) ? 1 : 0;

	if (count < received->count &&
	    regex_has(&fetch, received->lines[count]))
		return count + 1;
	return 0;
}

static void
take_received(struct dates *dates, struct mail *mail, const struct tld *tld)
{
	struct text text;
	size_t i, local;
	int64_t when;

	people_list(mail, tld, "Received", &text);
	if (text.count == 0)
		return;
	dates->received =
	    arena_array(&mail->arena, text.count, sizeof(*dates->received));
	local = count_local(&text);
	for (i = 0; i < local; i++)
		if (read_stamp(text.lines[i], &when) && when <= mail->now &&
		    (!dates->has_fetched || when > dates->fetched)) {
			dates->has_fetched = true;
			dates->fetched = when;
		}
	for (; i < text.count; i++)
		if (read_stamp(text.lines[i], &when))
			dates->received[dates->received_count++] = when;
}

/* The smallest distance to any of the times; the oldest one does not count if
 * it is none, for that can be made up with the date. */
static int64_t
smallest_diff(const struct dates *dates)
{
	size_t i, count = dates->received_count;
	int64_t diff, best = 0;

	if (!dates->has_sent || count == 0)
		return 0;
	if (count > 1 && dates->received[count - 1] == dates->sent)
		count--;
	for (i = 0; i < count; i++) {
		diff = dates->sent - dates->received[i];
		if (i == 0 || llabs(diff) < llabs(best))
			best = diff;
	}
	return best;
}

static int
later_first(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* The median of all that is known. */
static int64_t
likely_date(const struct dates *dates)
{
	int64_t times[4];
	size_t count = 0;

	if (dates->has_sent)
		times[count++] = dates->sent;
	if (dates->received_count > 0)
		times[count++] = dates->received[0];
	if (dates->has_fetched)
		times[count++] = dates->fetched;
	if (dates->has_sent && dates->received_count > 0)
		times[count++] = dates->sent - dates->diff;
	if (count == 0)
		return 0;
	qsort(times, count, sizeof(times[0]), later_first);
	return times[(count - 1) / 2];
}

static const struct dates *
dates_of(const struct eval_call *call)
{
	const struct headerdate *data = call->data;
	struct dates *dates = data->dates;
	const struct mail_header *header = &call->mail->root.header;

	if (dates->taken)
		return dates;
	dates->taken = true;
	dates->has_sent = take_sent(dates, header, "Resent-Date") ||
			  take_sent(dates, header, "Date");
	take_received(dates, call->mail, call->tld);
	dates->diff = smallest_diff(dates);
	dates->date = likely_date(dates);
	return dates;
}

/* Whether it is at least the first argument and below the second, in those
 * units; "undef" is no limit. */
static bool
is_between(const struct eval_call *call, double value, double unit)
{
	const struct span from = eval_text(call, 0), to = eval_text(call, 1);

	return (from.len == 0 || span_is(from, "undef") ||
		   value >= unit * eval_number(call, 0)) &&
	       (to.len == 0 || span_is(to, "undef") ||
		   value < unit * eval_number(call, 1));
}

static bool
check_for_shifted_date(const struct eval_call *call)
{
	return is_between(call, (double)dates_of(call)->diff, 3600);
}

static bool
received_within_months(const struct eval_call *call)
{
	return is_between(call,
	    (double)(call->mail->now - dates_of(call)->date), MONTH_SECONDS);
}

/* Takes count hexadecimal digits off the front, at most 8. */
static bool
take_hex(struct span *text, size_t count, uint32_t *number)
{
	size_t i;
	char c;

	if (text->len < count)
		return false;
	*number = 0;
	for (i = 0; i < count; i++) {
		c = text->p[i];
		if (c >= '0' && c <= '9')
			*number = *number << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*number = *number << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*text = span_from(*text, count);
	return true;
}

/* "<4 digits, 8 digits of the time $8 digits $8 digits@" */
static bool
outlook_ticks(struct span id, uint32_t *ticks)
{
	uint32_t other;
	int i;

	if (!span_starts(id, "<"))
		return false;
	id = span_from(id, 1);
	if (!take_hex(&id, 4, &other) || !take_hex(&id, 8, ticks))
		return false;
	for (i = 0; i < 2; i++) {
		if (!span_starts(id, "$"))
			return false;
		id = span_from(id, 1);
		if (!take_hex(&id, 8, &other))
			return false;
	}
	return span_starts(id, "@");
}

/* Whether the middle of Outlook's ids is of another time than the date is. It
 * is the upper half of a FILETIME (100 ns since 1601), so it counts units of
 * 429.5 s; SpamAssassin's constants. */
static bool
is_far(uint32_t ticks, struct span text)
{
	const double per_second = 0.0023283064365387, epoch = 27111902.8329849;
	int64_t when;

	if (!datetext_read(text, &when))
		when = 0;
	return llabs((int64_t)ticks -
		     (int64_t)((double)when * per_second + epoch)) >= 250;
}

static bool
check_outlook_message_id(const struct eval_call *call)
{
	uint32_t ticks;

	return outlook_ticks(people_get(call, "MESSAGEID"), &ticks) &&
	       is_far(ticks, people_get(call, "Date")) &&
	       is_far(ticks, people_get(call, "Received"));
}

static void *
prepare(struct ruleset *set)
{
	struct headerdate *data = calloc(1, sizeof(*data));

	(void)set;
	if (data == NULL)
		fatal("out of memory");
	return data;
}

static void
begin(void *family, struct mail *mail, const struct tld *tld)
{
	struct headerdate *data = family;

	(void)tld;
	data->dates = arena_alloc(&mail->arena, sizeof(*data->dates));
}

static const struct eval evals[] = {
    {"check_for_shifted_date", check_for_shifted_date, eval_two},
    {"received_within_months", received_within_months, eval_two},
    {"check_outlook_message_id", check_outlook_message_id, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_headerdate = {.name = "headerdate",
    .evals = evals,
    .prepare = prepare,
    .release = free,
    .begin = begin};
