/*
 * tld: where a domain's registered part begins.
 *
 * By the lists of the rules (util_rb_tld, util_rb_2tld, util_rb_3tld) if they
 * have some, else by libpsl's.
 */
#ifndef URI_TLD_H
#define URI_TLD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"

#define TLD_NAME_MAX 253   /* octets of a host's name (RFC 1035) */
#define TLD_LABEL_MAX 63   /* octets between two of its dots */
#define TLD_ASCII_MAX 1024 /* octets of a name that IDNA looks at */

struct tld;

struct tld *tld_new(void);
void tld_free(struct tld *tld);

/* Adds names of that many labels (1 to 3), with blanks between; "*" labels as
 * they are. */
void tld_add(struct tld *tld, unsigned labels, struct span names);

/* Whether the last label of a host is one that exists, and it has more than
 * that. */
bool tld_is_valid(const struct tld *tld, struct span host);

/* Whether it is one of these last labels: "com". */
bool tld_is_last(const struct tld *tld, struct span label);

/* The registered domain of a host: example.co.uk of www.example.co.uk.  Points
 * into host; the whole host if there is nothing to take off.  p NULL if it
 * ends in no label that exists, or is not a name at all. */
struct span tld_domain(const struct tld *tld, struct span host);

/* A name of a host as DNS has it: in lower case, with labels of other scripts
 * by IDNA.  What cannot be converted stays.  The name itself or in the arena.
 */
struct span tld_ascii(struct arena *arena, struct span host);

/* Whether it has the form of a host's name: two labels or more of letters,
 * digits, "-" and, but for the last two, "_"; it may end in dots. */
bool tld_is_name(struct span host);

#endif
