/*
 * box: addresses as SpamAssassin reads them, for words_mailboxes() only.
 *
 * What looks like an address is one in brackets or by itself; the rest is a
 * name.  Comments cannot be nested.  What takes something takes it off the
 * front of rest, or returns false and leaves that.
 */
#ifndef TEXT_BOX_H
#define TEXT_BOX_H

#include "text/words.h"

bool box_is_blank(char c);
struct span box_skip(struct span rest);

/* What was in front of rest. */
struct span box_upto(struct span from, struct span rest);

/* Takes what stands between two characters, with them, in which a backslash
 * takes the next one out; the first one may not be in it. */
bool box_between(struct span *rest, char open, char close, struct span *inner);

/* Takes a run that has none of these, and no blanks unless they may be. */
bool box_while(struct span *rest, const char * not, bool blanks);

/* Takes user@domain; the user may be in quotes. */
bool box_address(struct span *rest);
bool box_is_address(struct span text);

/* Whether quotes are as they may be in an address. */
bool box_is_quoted_well(struct span address);

/* An address up to its second @. */
struct span box_first(struct span address);

struct span box_without_comments(struct arena *arena, struct span text);

/* A name without quotes, backslashes in these, and comments between. */
struct span box_phrase(struct arena *arena, struct span text);

/* Takes an address or a name with the comma behind it. */
bool box_item(struct arena *arena, struct span *rest, struct mailbox *box);

#endif
