/*
 * settings: which settings of SpamAssassin there are, and what they are to us.
 */
#ifndef RULES_SETTINGS_H
#define RULES_SETTINGS_H

#include "base/buf.h"

enum settings_use {
	SETTINGS_KEPT,    /* somebody here uses it */
	SETTINGS_IGNORED, /* of no use here */
	SETTINGS_UNKNOWN
};

enum settings_use settings_use(const char *name);

/* Sets newer to the newer name of a setting (welcomelist_from of
 * whitelist_from); false if it has only one. */
bool settings_newer(struct span name, struct buf *newer);

/* Whether its value is a number. */
bool settings_is_number(const char *name);

/* The i-th of the settings that a "clear_..." empties, from 0 on; NULL if there
 * is none. */
const char *settings_cleared(const char *clear, size_t i);

#endif
