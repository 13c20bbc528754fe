/*
 * runscan: many runs (rules/runs.h) looked for at once.
 *
 * Each step of a run is a bit, and a line is passed over octet by octet: a bit
 * is set while what stands before it has just been seen.  This is the extended
 * Shift-And of Navarro and Raffinot ("Flexible Pattern Matching in Strings",
 * 4.2.2), with many runs in a word and many words.
 */
#ifndef RULES_RUNSCAN_H
#define RULES_RUNSCAN_H

#include "rules/runs.h"

struct runscan;

struct runscan *runscan_new(void);
void runscan_free(struct runscan *scan);

/* Adds a run, which begins and ends with a step that is not optional. */
void runscan_add(struct runscan *scan, struct run run, uint32_t id);

/* After the last one. */
void runscan_finish(struct runscan *scan);

/* Calls back for each place of the line, which is in lower case, where a run
 * ends: before the octet number end. */
void runscan_line(struct runscan *scan, struct span line,
    void (*found)(void *arg, uint32_t id, size_t end), void *arg);

#endif
