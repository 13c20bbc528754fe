/*
 * value: what may stand behind the keys of a manifest.
 */
#ifndef NODE_VALUE_H
#define NODE_VALUE_H

#include <stdbool.h>
#include <time.h>

/* Whether a text may name a node or a mailbox: [0-9A-Za-z._-]{1,64}, not
 * beginning with '.' or '-', so that it is a file name and no option. */
bool value_is_name(const char *text);

/* Whether it is a full OpenPGP fingerprint: 40 or 64 hex digits. */
bool value_is_fingerprint(const char *text);

/* One with a space behind each four digits, as people read it to each other. */
#define VALUE_SPACED_SIZE 80
const char *value_spaced(const char *fingerprint, char text[VALUE_SPACED_SIZE]);

/* Whether it is scheme://[user@]host[:port].  Parts of it become arguments of
 * ssh, so none may look like an option or like something for a shell. */
bool value_is_reach(const char *text);

/* Which family an address is of, AF_INET or AF_INET6; 0 if it is neither, or
 * one that no host has (unspecified, broadcast, multicast). */
int value_address(const char *text);

/* Parses YYYY-MM-DD, from 1970 on, and sets *end to the first second after
 * that day, UTC.  0, or -1 if it is not a day. */
int value_day(const char *text, time_t *end);

#endif
