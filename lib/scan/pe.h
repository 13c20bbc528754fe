/*
 * pe: where the sections of a Windows program are, as signatures of section
 * hashes count them.
 */
#ifndef SCAN_PE_H
#define SCAN_PE_H

#include <stddef.h>

#include "base/span.h"

/* libclamav's limit, one more than that of old Windows. */
#define PE_SECTIONS_MAX 97

/* Fills sections with the raw octets of each that is not empty.  Returns how
 * many; 0 if it is no PE program. */
size_t pe_sections(struct span octets, struct span sections[PE_SECTIONS_MAX]);

#endif
