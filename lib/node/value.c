#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "node/limits.h"
#include "node/value.h"

static bool
is_scheme(int c)
{
	return (c >= 'a' && c <= 'z') || ascii_is_digit(c);
}

static bool
is_word(int c)
{
	return is_scheme(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
	       c == '-';
}

bool
value_is_name(const char *text)
{
	struct scan scan;

	scan_init(&scan, span_of(text));
	return scan_while(&scan, is_word).len > 0 && scan_ok(&scan) &&
	       strlen(text) <= NODE_NAME_MAX && *text != '.' && *text != '-';
}

bool
value_is_fingerprint(const char *text)
{
	size_t len = strlen(text);

	return (len == 40 || len == 64) &&
	       strspn(text, "0123456789abcdefABCDEF") == len;
}

const char *
value_spaced(const char *fingerprint, char text[VALUE_SPACED_SIZE])
{
	size_t i, n = 0;

	for (i = 0; fingerprint[i] != '\0' && n + 2 <= VALUE_SPACED_SIZE; i++) {
		if (i > 0 && i % 4 == 0)
			text[n++] = ' ';
		text[n++] = fingerprint[i];
	}
	text[n] = '\0';
	return text;
}

/* A user or a host. */
static void
take_word(struct scan *scan)
{
	struct span word;

	word = scan_while(scan, is_word);
	if (word.len == 0 || *word.p == '-')
		scan_fail(scan);
}

bool
value_is_reach(const char *text)
{
	struct scan scan;

	scan_init(&scan, span_of(text));
	if (scan_while(&scan, is_scheme).len == 0)
		return false;
	scan_text(&scan, "://");
	take_word(&scan);
	if (scan_maybe(&scan, '@'))
		take_word(&scan);
	if (scan_maybe(&scan, ':') && scan_number(&scan, 65535) == 0)
		return false;
	return scan_ok(&scan) && strlen(text) <= NODE_REACH_MAX;
}

int
value_address(const char *text)
{
	struct in6_addr six;
	struct in_addr four;
	uint32_t number;

	if (inet_pton(AF_INET6, text, &six) == 1)
		return IN6_IS_ADDR_UNSPECIFIED(&six) ||
			       IN6_IS_ADDR_MULTICAST(&six)
			   ? 0
			   : AF_INET6;
	if (inet_pton(AF_INET, text, &four) != 1)
		return 0;
	number = ntohl(four.s_addr);
	/* RFC 1122 3.2.1.3: "this" network, and from 224.0.0.0 on no host */
	return number >> 24 == 0 || number >= 0xe0000000 ? 0 : AF_INET;
}

/* A number of just so many digits. */
static int64_t
take_digits(struct scan *scan, int count)
{
	int64_t n = 0;

	for (; count > 0; count--) {
		if (!ascii_is_digit(scan_peek(scan))) {
			scan_fail(scan);
			return 0;
		}
		n = n * 10 + *scan->p++ - '0';
	}
	return n;
}

/* Leap days in the years 1 to year. */
static int64_t
leap_days(int64_t year)
{
	return year / 4 - year / 100 + year / 400;
}

int
value_day(const char *text, time_t *end)
{
	static const int before[] = {
	    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	int64_t year, month, day, days;
	struct scan scan;
	bool leap;

	scan_init(&scan, span_of(text));
	year = take_digits(&scan, 4);
	scan_char(&scan, '-');
	month = take_digits(&scan, 2);
	scan_char(&scan, '-');
	day = take_digits(&scan, 2);
	if (!scan_ok(&scan) || year < 1970 || month < 1 || month > 12)
		return -1;
	leap = leap_days(year) > leap_days(year - 1);
	if (day < 1 ||
	    day > before[month] - before[month - 1] + (month == 2 && leap))
		return -1;
	days = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) +
	       before[month - 1] + (month > 2 && leap) + day;
	*end = (time_t)(days * 86400);
	return 0;
}
