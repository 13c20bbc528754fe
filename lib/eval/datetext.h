/*
 * datetext: dates as mail has them, which is seldom as RFC 5322 3.3 wants.
 */
#ifndef EVAL_DATETEXT_H
#define EVAL_DATETEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define DATETEXT_WORDS_MAX 8192 /* of a text that are looked at */

/* Finds a date anywhere in a text: "3 Nov 2026", or as ctime(3) writes it, or
 * with a short year; then a time of day, else 0:00, and a zone, else UTC.  What
 * is out of range is moved into it: 24:70 is 23:59, the 31st of June the 1st of
 * July, years are 1970 to 2037.  Returns seconds since 1970; false if there is
 * no date. */
bool datetext_read(struct span text, int64_t *when);

#endif
