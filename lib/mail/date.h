/*
 * date: date-time of RFC 5322 3.3.
 */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <stddef.h>
#include <time.h>

#define DATE_SIZE 40

/* "Sat, 21 Nov 2026 10:10:00 +0100", in local time. */
void date_format(char date[DATE_SIZE], time_t when);

#endif
