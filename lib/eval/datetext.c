#include "eval/datetext.h"

#include "base/ascii.h"

#define YEAR_MIN 1970
#define YEAR_MAX 2037
#define DIGITS_MAX 9 /* of a number; more are as large as it gets */
#define ZONE_MAX 4   /* letters of a zone's name */

/* What was found of a date.  month is 1 to 12, zone in minutes. */
struct date {
	int64_t year, month, day, hour, minute, second, zone;
	bool has_time;
};

/* Minutes east of UTC as hours and minutes: -230 is 2:30 west. */
static const struct {
	char name[ZONE_MAX + 1];
	int offset;
} zones[] = {
    {"ACDT", 1030},
    {"ACST", 930},
    {"ADT", -300},
    {"AEDT", 1100},
    {"AEST", 1000},
    {"AKDT", -800},
    {"AKST", -900},
    {"AST", -400},
    {"AWST", 800},
    {"BRST", -200},
    {"BRT", -300},
    {"BST", 100},
    {"CDT", -500},
    {"CEST", 200},
    {"CET", 100},
    {"CST", -600},
    {"EDT", -400},
    {"EEST", 300},
    {"EET", 200},
    {"EST", -500},
    {"GMT", 0},
    {"HADT", -900},
    {"HAST", -1000},
    {"HKT", 800},
    {"HST", -1000},
    {"IDT", 300},
    {"IST", 100},
    {"JST", 900},
    {"KST", 900},
    {"MDT", -600},
    {"MEST", 200},
    {"MESZ", 200},
    {"MET", 100},
    {"MEZ", 100},
    {"MSD", 400},
    {"MSK", 300},
    {"MST", -700},
    {"NDT", -230},
    {"NST", -330},
    {"NZDT", 1300},
    {"NZST", 1200},
    {"PDT", -700},
    {"PHT", 800},
    {"PST", -800},
    {"SGT", 800},
    {"UT", 0},
    {"UTC", 0},
    {"WEST", 100},
    {"WET", 0},
};

/* Takes digits off the front; false if there are none. */
static bool
take_number(struct span *text, int64_t *number)
{
	size_t i;

	*number = 0;
	for (i = 0; i < text->len && ascii_is_digit(text->p[i]); i++)
		if (i < DIGITS_MAX)
			*number = 10 * *number + (text->p[i] - '0');
	*text = span_from(*text, i);
	return i > 0;
}

static bool
is_number(struct span word, int64_t *number)
{
	return take_number(&word, number) && word.len == 0;
}

static bool
take_char(struct span *text, char c)
{
	if (text->len == 0 || text->p[0] != c)
		return false;
	*text = span_from(*text, 1);
	return true;
}

/* The next word: blanks and commas stand between them. */
static struct span
take_word(struct span *text)
{
	struct span word;
	size_t i = 0;

	while (i < text->len && (text->p[i] == ',' || text->p[i] == ' ' ||
				    (text->p[i] >= '\t' && text->p[i] <= '\r')))
		i++;
	word = *text = span_from(*text, i);
	for (i = 0; i < word.len && word.p[i] != ',' && word.p[i] != ' ' &&
		    (word.p[i] < '\t' || word.p[i] > '\r');
	     i++)
		;
	word.len = i;
	*text = span_from(*text, i);
	return word;
}

/* 1 to 12; 0 if it is none. */
static int
month_of(struct span word)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	int i;

	for (i = 0; word.len == 3 && i < 12; i++)
		if (strncasecmp(word.p, names + 3 * i, 3) == 0)
			return i + 1;
	return 0;
}

/* "12:34:56", or "12:34" if strict is not set; strict: any numbers. */
static bool
is_time(struct span word, bool strict, struct date *date)
{
	struct span rest = word;
	size_t hour, minute, second = 0;
	bool has_second;

	if (!take_number(&rest, &date->hour) || !take_char(&rest, ':'))
		return false;
	hour = word.len - rest.len - 1;
	minute = rest.len;
	if (!take_number(&rest, &date->minute))
		return false;
	minute -= rest.len;
	date->second = 0;
	has_second = take_char(&rest, ':');
	second = rest.len;
	if (has_second && !take_number(&rest, &date->second))
		return false;
	second -= rest.len;
	if (rest.len > 0)
		return false;
	if (strict)
		return has_second;
	return hour <= 2 && minute == 2 && (!has_second || second == 2);
}

/* "+0100"; false if it is none. */
static bool
is_offset(struct span word, int64_t *zone)
{
	struct span rest = span_from(word, 1);
	int64_t number;

	if (word.len != 5 || (word.p[0] != '+' && word.p[0] != '-') ||
	    !is_number(rest, &number))
		return false;
	*zone = 60 * (number / 100) + number % 100;
	if (word.p[0] == '-')
		*zone = -*zone;
	return true;
}

static int64_t
zone_of(struct span name)
{
	size_t i;
	int n;

	for (i = 0; i < nitems(zones); i++)
		if (span_is(name, zones[i].name)) {
			n = zones[i].offset;
			return n < 0 ? -(60 * (-n / 100) + -n % 100)
				     : 60 * (n / 100) + n % 100;
		}
	return 0;
}

/* Whether there is something like a zone's name in a word, "(PDT)". */
static bool
has_zone(struct span word, int64_t *zone)
{
	struct span name;
	size_t i = 0, capitals;

	while (i < word.len) {
		name = span_from(word, i);
		capitals = 0;
		for (name.len = 0; i < word.len && (ascii_is_alnum(word.p[i]) ||
						       word.p[i] == '_');
		     i++, name.len++)
			capitals += word.p[i] >= 'A' && word.p[i] <= 'Z';
		if (capitals == name.len && name.len >= 2 &&
		    name.len <= ZONE_MAX) {
			/* "EST-DST" is none that anybody knows */
			*zone = span_istarts(span_from(word, i), "-DST")
				    ? 0
				    : zone_of(name);
			return true;
		}
		i++;
	}
	return false;
}

/* Three ways to write a date; each is looked for in the whole text before the
 * next one is. */
enum form { FORM_LONG, FORM_CTIME, FORM_SHORT, FORMS };

/* Whether these words are a date of that form. */
static bool
is_date(enum form form, const struct span words[4], struct date *date)
{
	struct date time;

	if (form == FORM_CTIME) {
		date->month = month_of(words[0]);
		return date->month > 0 && is_number(words[1], &date->day) &&
		       is_time(words[2], true, &time) && words[3].len == 4 &&
		       is_number(words[3], &date->year);
	}
	date->month = month_of(words[1]);
	if (date->month == 0 || !is_number(words[0], &date->day) ||
	    !is_number(words[2], &date->year))
		return false;
	if (form == FORM_LONG)
		return words[2].len == 4;
	if (words[2].len == 2 && date->year < 50)
		date->year += 2000;
	else if (words[2].len == 2 || words[2].len == 3)
		date->year += 1900;
	else
		return false;
	return true;
}

/* Finds a date; begin and end are the octets that it takes up. */
static bool
find_date(enum form form, struct span text, struct date *date,
    const char **begin, const char **end)
{
	struct span rest = text,
		    words[4] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
	size_t i, last = form == FORM_CTIME ? 3 : 2, count = 0;

	for (i = 0; i <= last; i++)
		words[i] = take_word(&rest);
	while (words[last].len > 0 && count++ < DATETEXT_WORDS_MAX) {
		if (is_date(form, words, date)) {
			*begin = words[0].p;
			*end = words[last].p + words[last].len;
			return true;
		}
		for (i = 0; i < last; i++)
			words[i] = words[i + 1];
		words[last] = take_word(&rest);
	}
	return false;
}

/* Looks for time and zone in the words before or behind the date. */
static void
find_time(struct span text, struct date *date, bool *has_offset, bool *has_name,
    int64_t *name)
{
	struct date time = *date;
	struct span word;
	size_t count = 0;

	while (
	    (word = take_word(&text)).len > 0 && count++ < DATETEXT_WORDS_MAX) {
		if (!date->has_time && is_time(word, false, &time)) {
			date->hour = time.hour;
			date->minute = time.minute;
			date->second = time.second;
			date->has_time = true;
		} else if (!*has_offset && is_offset(word, &date->zone)) {
			*has_offset = true;
		} else if (!*has_name && has_zone(word, name)) {
			*has_name = true;
		}
	}
}

static int64_t
days_of(int64_t year, int64_t month)
{
	static const char days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* Moves it into the range; false for a day that is none even so. */
static bool
make_valid(struct date *date)
{
	if (date->second > 59)
		date->second = 59;
	if (date->minute > 59)
		date->minute = 59;
	if (date->hour > 23)
		date->hour = 23;
	if (date->day > days_of(date->year, date->month)) {
		date->day = 1;
		if (++date->month > 12) {
			date->month = 1;
			date->year++;
		}
	}
	if (date->year > YEAR_MAX)
		date->year = YEAR_MAX;
	if (date->year < YEAR_MIN)
		date->year = YEAR_MIN;
	return date->day > 0 && date->day <= days_of(date->year, date->month);
}

static int64_t
seconds_of(const struct date *date)
{
	int64_t y, m, days = date->day - 1;

	for (y = YEAR_MIN; y < date->year; y++)
		days += days_of(y, 2) == 29 ? 366 : 365;
	for (m = 1; m < date->month; m++)
		days += days_of(date->year, m);
	return ((days * 24 + date->hour) * 60 + date->minute) * 60 +
	       date->second;
}

bool
datetext_read(struct span text, int64_t *when)
{
	struct date date = {0};
	const char *begin = NULL, *end = NULL;
	bool has_offset = false, has_name = false;
	int64_t name = 0;
	enum form form = FORM_LONG;

	while (form < FORMS && !find_date(form, text, &date, &begin, &end))
		form++;
	if (form == FORMS)
		return false;
	find_time((struct span){text.p, (size_t)(begin - text.p)}, &date,
	    &has_offset, &has_name, &name);
	find_time(span_from(text, (size_t)(end - text.p)), &date, &has_offset,
	    &has_name, &name);
	if (!has_offset)
		date.zone = name;
	if (!make_valid(&date))
		return false;
	*when = seconds_of(&date) - 60 * date.zone;
	if (*when < 0)
		*when = 0;
	return true;
}
