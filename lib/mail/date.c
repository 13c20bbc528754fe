#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "mail/date.h"

static const char days[7][4] = {
    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void
date_format(char date[DATE_SIZE], time_t when)
{
	struct tm tm;
	long zone;

	localtime_r(&when, &tm);
	zone = labs(tm.tm_gmtoff) / 60;
	snprintf(date, DATE_SIZE, "%s, %d %s %d %02d:%02d:%02d %c%02d%02d",
	    days[tm.tm_wday % 7], tm.tm_mday, months[tm.tm_mon % 12],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    tm.tm_gmtoff < 0 ? '-' : '+', (int)(zone / 60 % 24),
	    (int)(zone % 60));
}
