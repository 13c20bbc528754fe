/*
 * relayread: readers for the forms in which servers write who a client is; what
 * they share.
 */
#ifndef RELAY_RELAYREAD_H
#define RELAY_RELAYREAD_H

#include "relay/relayparse.h"

/* "" */
extern const struct span relay_nothing;

/* The form of the i-th piece in front of "by".  One that sticks to the piece
 * before has none. */
enum piece_form relay_form(const struct trace *t, size_t i);

/* One word in front of all else, whatever it is. */
bool relay_is_host(const struct trace *t);

/* "by" follows so many pieces. */
bool relay_is_by(const struct trace *t, size_t count);

/* Notes what was found, and who wrote it. */
void relay_tell(
    struct trace *t, struct span rdns, struct span helo, struct span ip);

/* Takes "name=value" out of a text; the value ends at a blank. */
bool relay_take_value(struct span text, const char *name, struct span *value);

/* Up to the last letter of it. */
struct span relay_strip_signs(struct span text);

/* What a line tells no matter who wrote it: id, name in HELO, "by". */
void relay_take_clues(struct span line, struct relay *relay);

/* The sender of the envelope, where a server has noted it; p NULL if not. */
struct span relay_take_sender(struct span line);

/* Without the date at its end, if that is the usual form of one. */
struct span relay_without_date(struct span line);

/* The readers by mark: true if it is read.  The first three are asked before
 * all others, relay_read_smap() after them. */
bool relay_read_web(struct trace *t);
bool relay_read_microsoft(struct trace *t);
bool relay_read_exim(struct trace *t);
bool relay_read_smap(struct trace *t);

/* Exim's "helo=x ident=y" in a comment. */
void relay_take_exim_values(struct trace *t, struct span text);

/* What stands from there on up to "by", without the last parenthesis. */
struct span relay_inside(const struct trace *t, const char *from);

/* The readers of the kind of qmail; the late ones for what was not fetched from
 * a mailbox. */
bool relay_is_qmail(const struct trace *t, size_t i);
void relay_tell_qmail(struct trace *t, struct span helo, const struct piece *c);
bool relay_read_ident(struct trace *t);
bool relay_read_late_ident(struct trace *t);
bool relay_read_helo(struct trace *t);
bool relay_read_late_helo(struct trace *t);

#endif
