/*
 * line: what may stand in the lines of a frame; see frame(5).
 */
#ifndef MAIL_LINE_H
#define MAIL_LINE_H

#include <stdbool.h>

#include "base/span.h"
#include "mail/frame.h"

/* Octets of a field's name (a-z, 0-9, '-') and of its value (no control
 * character; 8-bit is left alone). */
bool line_is_name(int c);
bool line_is_value(int c);

/* Whether is() holds for every octet. */
bool line_all(struct span span, bool (*is)(int c));

/* Whether the value is good for that field, if it is one that every stage
 * relies on; "size" never is, since it is no field of its own. */
bool line_field_ok(struct span name, struct span value);

/* Takes "mailbox address" apart; false if it is not. */
bool line_recipient(struct span value, struct frame_recipient *recipient);

/* Whether it is a reply "D50 D.7.1 text" with that digit for D: a code of RFC
 * 5321 4.2 and an enhanced one of RFC 2034 4 of the same class. */
bool line_reply_ok(struct span reply, char digit);

#endif
