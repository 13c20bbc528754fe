#include <stdbool.h>

#include "eval/stock.h"

#include "base/ascii.h"

/* How a label ends, of its letters; '?' is any letter or none. */
static const char *const endings[] = {
    "company",
    "companyname",
    "s?t?o?c?k",
    "s?y?m",
    "s?y?m?b?o?l",
    "target",
    "ticker",
    "openingp",
    "openingprice",
    "currentp",
    "currentprice",
    "projected",
    "position",
    "expectations",
    "weekhigh",
    "weekshigh",
    "marketperformance",
    "sector",
    "recommendation",
    "rating",
};

/* And these: one of the first with one of the second behind it. */
static const char *const periods[] = {"year", "week", "month", "day", "price"};
static const char *const aims[] = {"target", "estimate", "estimates"};

static bool
fits(struct span text, const char *pattern)
{
	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '?')
			return fits(text, pattern + 1) ||
			       (text.len > 0 &&
				   fits(span_from(text, 1), pattern + 1));
		if (text.len == 0 || *text.p != *pattern)
			return false;
		text = span_from(text, 1);
	}
	return text.len == 0;
}

static bool
is_ending(struct span text)
{
	size_t i, j;

	for (i = 0; i < nitems(endings); i++)
		if (*endings[i] == *text.p && fits(text, endings[i]))
			return true;
	for (i = 0; i < nitems(periods); i++)
		for (j = 0; span_starts(text, periods[i]) && j < nitems(aims);
		     j++)
			if (span_is(
				span_from(text, strlen(periods[i])), aims[j]))
				return true;
	return false;
}

/* The longest of its ends that says so; empty if there is none. */
static struct span
find_ending(struct span letters)
{
	if (span_is(letters, "tradedate") || span_is(letters, "tradingdate"))
		return letters;
	while (letters.len > 0 && !is_ending(letters))
		letters = span_from(letters, 1);
	return letters;
}

/* One that was found. */
struct label {
	char text[STOCK_LABEL_MAX];
	size_t len;
};

static size_t
note_label(struct span text, struct label *labels, size_t count)
{
	struct label label = {.len = 0};
	struct span ending;
	size_t i;
	char c;

	for (i = 0; i < text.len; i++) {
		c = text.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (c >= 'a' && c <= 'z')
			label.text[label.len++] = c;
	}
	ending = find_ending((struct span){label.text, label.len});
	for (i = 0; i < count; i++)
		if (span_eq(
			ending, (struct span){labels[i].text, labels[i].len}))
			return count;
	if (ending.len == 0 || count == STOCK_LABELS_MAX)
		return count;
	memcpy(labels[count].text, ending.p, ending.len);
	labels[count].len = ending.len;
	return count + 1;
}

static struct span
skip_space(struct span text)
{
	while (text.len > 0 && ascii_is_space(*text.p))
		text = span_from(text, 1);
	return text;
}

/* The colon may stand on a later line, and so may what follows it. */
size_t
stock_labels(struct span text)
{
	struct label labels[STOCK_LABELS_MAX];
	struct span label, rest;
	size_t count = 0;
	const char *end;

	for (;;) {
		text = skip_space(text);
		if (text.len == 0)
			return count;
		for (label = rest = text;
		     rest.len > 0 && *rest.p != ':' && *rest.p != '\n';
		     rest = span_from(rest, 1))
			;
		label.len = (size_t)(rest.p - label.p);
		label = span_trim(label);
		rest = skip_space(rest);
		if (rest.len > 0 && *rest.p == ':' &&
		    label.len >= STOCK_LABEL_MIN &&
		    label.len <= STOCK_LABEL_MAX &&
		    (rest = skip_space(span_from(rest, 1))).len > 0) {
			count = note_label(label, labels, count);
			text = rest;
		}
		end = memchr(text.p, '\n', text.len);
		if (end == NULL)
			return count;
		text = span_from(text, (size_t)(end + 1 - text.p));
	}
}
