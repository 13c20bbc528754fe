/*
 * uppercase: how much of a text shouts.
 */
#ifndef EVAL_UPPERCASE_H
#define EVAL_UPPERCASE_H

#include "text/mail.h"

/* How many percents of the letters and digits are capitals (of ASCII).  Digits
 * count as small letters.  Lines of one word do not count, nor what looks like
 * base64; a short text is 0. */
double uppercase_percents(const struct text *text);

#endif
