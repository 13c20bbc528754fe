/*
 * header: the fields of a message's header, by their names, as octets.
 *
 * The header ends at the first empty line.  A line that begins with a blank
 * belongs to the field before it, also one of nothing but blanks (RFC 5322
 * 4.2).  Lines end in LF or CRLF; nothing else ends one.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "mail/message.h"

#define HEADER_NAME_MAX 64 /* octets of a name to look for */

/* Removes every field of that name, in any case, with the lines that continue
 * it; a name that ends in '*' stands for all that begin so ("X-Virus-*").
 * Blanks before the colon do not hide one (RFC 5322 4.5.8).  All other octets
 * stay as they are; without such a field the message is not copied.  How deep
 * in the header it stands does not matter.  0; -1 with errno (of the message's
 * file), and the message is as it was. */
int header_remove(struct message *message, const char *name);

/* How the first line of the message ends: "\r\n" or "\n". */
const char *header_line_end(const struct message *message);

#endif
