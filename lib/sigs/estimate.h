/*
 * estimate: how much memory libclamav wants for a database, from the number of
 * its signatures.
 */
#ifndef SIGS_ESTIMATE_H
#define SIGS_ESTIMATE_H

#include <stdint.h>

#include "sigs/sigline.h"
#include "sigs/snapshot.h"

/* Signatures that libclamav loads; of bodies by their target. */
struct estimate_counts {
	uint64_t hashes;
	uint64_t bodies[SIGLINE_TARGET_MAX + 1];
	uint64_t logicals[SIGLINE_TARGET_MAX + 1];
	uint64_t others; /* lines of all other files */
};

struct estimate {
	uint64_t now;  /* octets: as it is */
	uint64_t full; /* prepared with profile=full */
	uint64_t mail; /* prepared with profile=mail */
};

/* Counts a signature of a file of that format. */
void estimate_count(struct estimate_counts *counts, enum sigline_format format,
    unsigned target);

void estimate_memory(
    const struct estimate_counts *counts, struct estimate *estimate);

/* Counts the signatures in the files of a database.  What is in a container is
 * estimated by the number in its header.  0, or -1 with errno. */
int estimate_snapshot(
    const struct snapshot *snapshot, struct estimate *estimate);
int estimate_directory(const char *directory, struct estimate *estimate);

#endif
