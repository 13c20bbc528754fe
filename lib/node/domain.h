/*
 * domain: the one spelling of a domain that is compared.
 */
#ifndef NODE_DOMAIN_H
#define NODE_DOMAIN_H

#include "mail/address.h"

struct domain {
	char name[ADDRESS_DOMAIN_MAX + 1]; /* as domain_normal() has it */
	unsigned line;
};

/* Writes the normal form of a domain: ASCII in lower case, U-labels as
 * A-labels (IDNA 2008 by the mapping of UTS 46), an address literal as
 * inet_ntop() has it.  0, or -1 if it is not a domain.  Allocates nothing
 * unless there are U-labels. */
int domain_normal(char normal[ADDRESS_DOMAIN_MAX + 1], const char *text);

#endif
