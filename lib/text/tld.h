/*
 * tld: where a domain's registered part begins.
 *
 * By the lists of the rules (util_rb_tld, util_rb_2tld, util_rb_3tld) if they
 * have some, else by libpsl's.
 */
#ifndef TEXT_TLD_H
#define TEXT_TLD_H

#include <stdbool.h>

#include "base/span.h"

struct tld;

struct tld *tld_new(void);
void tld_free(struct tld *tld);

/* Adds names of that many labels (1 to 3), with blanks between; "*" labels as
 * they are. */
void tld_add(struct tld *tld, unsigned labels, struct span names);

/* Whether the last label of a host is one that exists. */
bool tld_is_valid(const struct tld *tld, struct span host);

/* The registered domain of a host: example.co.uk of www.example.co.uk.  Points
 * into host; the whole host if there is nothing to take off.  p NULL if it
 * ends in no label that exists, or is not a name at all. */
struct span tld_domain(const struct tld *tld, struct span host);

#endif
