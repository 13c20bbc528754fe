/*
 * locales: which character sets people write in who use certain languages.
 */
#ifndef EVAL_LOCALES_H
#define EVAL_LOCALES_H

#include "base/span.h"

/* Whether text in that character set is what speakers of these languages may
 * get: names as in ok_locales, "ja ko", or "all".  Sets of Latin letters and of
 * Unicode always are. */
bool locales_allow(struct span locales, struct span charset);

/* Whether it is all languages. */
bool locales_are_all(struct span locales);

/* Whether text in that character set may have many octets that look like
 * capital letters and are none. */
bool locales_look_upper(struct span charset);

#endif
