/*
 * inspect: libclamav's look at one object after the other, and ours beside it.
 *
 * libclamav calls us for every object that it unpacks.  There its digests are
 * looked up in the table, its kind is noted for the policy, and what it is is
 * remembered, so that nothing is scanned twice.
 */
#ifndef SCAN_INSPECT_H
#define SCAN_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "scan/engine.h"

#define INSPECT_SEEN_MAX (1 << 20) /* octets of digests: 32768 objects */

#define INSPECT_LIMIT "Heuristics.Limits.Exceeded"

/* All that is done for one message or file. */
struct inspection {
	struct engine *engine;
	struct report *report;
	const char *name; /* of the outermost object, or NULL */
	bool again;       /* the outermost object is not the first: not noted */
	bool as_mail;     /* libclamav took the outermost for a message */
	bool inside;      /* it met an object in an object */
	struct buf seen;  /* SHA-256 of every object that was scanned */
	uint64_t objects;
	uint64_t scanned; /* octets */
	int64_t deadline;
	char hit[HASHES_NAME_MAX + 1]; /* what the table found last */
};

/* report is to have a result already; name may be NULL. */
void inspect_init(struct inspection *inspection, struct engine *engine,
    const char *name, struct report *report);
void inspect_free(struct inspection *inspection);

/* Has libclamav call us. */
void inspect_hook(struct cl_engine *clam);

/* Scans an object and all in it.  What was scanned before, as a part of
 * another one, is scanned again. */
void inspect_octets(struct inspection *inspection, struct span octets);

/* The same for a part that somebody else than libclamav has decoded, unless
 * libclamav has met it, and no limit. */
void inspect_part(
    struct inspection *inspection, struct span octets, const char *name);

#endif
