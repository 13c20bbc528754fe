/*
 * written: a regular expression as rules write it, "/pattern/i" or
 * "m{pattern}i".
 */
#ifndef EVAL_WRITTEN_H
#define EVAL_WRITTEN_H

#include "base/regex.h"

/* Takes one off the front of a text: it ends where a delimiter and letters
 * stand before a blank or the end.  NULL if there is none, or it is wrong; why
 * says so. */
struct regex *written_regex(struct span *rest, struct buf *why);

#endif
