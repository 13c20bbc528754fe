/*
 * quantifier: "$?" and "^*" of Perl's patterns.
 */
#ifndef RULES_QUANTIFIER_H
#define RULES_QUANTIFIER_H

#include "base/buf.h"

/* Perl takes a quantifier behind "$" and "^", PCRE2 only behind a group: writes
 * the pattern with "(?:$)?" for "$?".  false if there is no such thing. */
bool quantifier_mend(struct span pattern, struct buf *mended);

#endif
